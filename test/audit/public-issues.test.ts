/**
 * Defects that people met in production, as their public issues tell them, each rebuilt from real wheels: the audit names each, and has no error once it is
 * cured. The wheels are small and downloaded once; what needs large ones runs with `npm run long -- audit-corpus`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bytesOf, checkReal, fetchWheels, type RealCheck } from '../kit/real-package.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { toolsPython } from '../kit/packaging-oracle.ts'

interface Defect {
  /** `OWNER/REPOSITORY#NUMBER` on GitHub. */
  readonly issue: string
  /** What happened there, and of what it is rebuilt. */
  readonly story: string
  readonly code: string
  readonly broken: RealCheck
  /** The same, made right: no error, and not this finding. */
  readonly cured: RealCheck
}

const app = (imported: string) => ({ 'app.py': `${imported}\n\ndef main(event, context):\n    return 1\n` })
const main = { handler: 'app.main' }
const arm64 = { target: { runtime: 'python3.11', architecture: 'arm64' } } as const
const python39 = { target: { runtime: 'python3.9', architecture: 'x86_64' } } as const
const python310 = { target: { runtime: 'python3.10', architecture: 'x86_64' } } as const
const python313 = { target: { runtime: 'python3.13', architecture: 'x86_64' } } as const
const requests = ['requests==2.32.5', 'urllib3==2.5.0', 'idna==3.11', 'certifi==2025.11.12', 'charset-normalizer==3.4.4'] // prettier-ignore
const usingRequests = { ...main, wheels: requests, files: app('import requests') }
const rust = app('from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey')
const cryptography = { ...main, wheels: ['cryptography==38.0.0', 'cffi==1.16.0', 'pycparser==2.22'], files: rust }
const mac = { platforms: ['macosx_11_0_arm64', 'macosx_10_12_universal2', 'macosx_10_12_x86_64', 'macosx_10_9_universal2'] } // prettier-ignore
const bcrypt = { ...main, wheels: ['bcrypt==4.1.3'], files: app('import bcrypt') }
const orjson = { ...main, wheels: ['orjson==3.11.4'], files: app('import orjson') }

const sympy = { ...main, wheels: ['sympy==1.14.0'], files: app('import json') }

const jsonschema = { ...main, wheels: ['jsonschema==3.2.0', 'attrs==23.1.0', 'pyrsistent==0.19.3'], files: app('from jsonschema import validate') } // prettier-ignore

const defects: readonly Defect[] = [
  {
    issue: 'python-jsonschema/jsonschema#584',
    story: 'the module looks up its own version when it is imported, and a slimming tool took its metadata away',
    code: 'ZY1409',
    broken: { ...jsonschema, change: (entry) => (entry.path.includes('.dist-info/') ? undefined : entry) },
    cured: jsonschema,
  },
  {
    issue: 'zappa/Zappa#1130',
    story: 'the manylinux_2_28 wheel of cryptography went to a runtime with glibc 2.26: GLIBC_2.28 not found',
    code: 'ZY1302',
    broken: { ...cryptography, from: { platforms: ['manylinux_2_28_x86_64', 'manylinux2014_x86_64'] } },
    cured: { ...cryptography, from: { platforms: ['manylinux2014_x86_64'] } },
  },
  {
    issue: 'ASFHyP3/hyp3#1190',
    story: 'an upgrade to cryptography 38 took the API down with the same sentence, on python3.9',
    code: 'ZY1302',
    broken: { ...cryptography, ...python39, from: { platforms: ['manylinux_2_28_x86_64', 'manylinux2014_x86_64'] } },
    cured: { ...cryptography, from: { platforms: ['manylinux2014_x86_64'] } },
  },
  {
    issue: 'pyca/cryptography#6391',
    story: 'pip 20.3 began to choose wheels that Lambda cannot load; here in a layer',
    code: 'ZY1302',
    broken: { ...main, files: rust, layers: [inLayer({ wheels: ['cryptography==38.0.0'], from: { platforms: ['manylinux_2_28_x86_64'] } }), inLayer({ wheels: ['cffi==1.16.0', 'pycparser==2.22'] })] }, // prettier-ignore
    cured: { ...main, files: rust, layers: [inLayer({ wheels: cryptography.wheels, from: { platforms: ['manylinux2014_x86_64'] } })] }, // prettier-ignore
  },
  {
    issue: 'aws/aws-sam-cli#3343',
    story: 'wrapt for arm64 was not to be had and came for x86_64; it has a fallback, so the function limps on',
    code: 'ZY1308',
    broken: { ...main, ...arm64, wheels: ['wrapt==1.16.0'], files: app('import wrapt'), from: { architecture: 'x86_64' } }, // prettier-ignore
    cured: { ...main, ...arm64, wheels: ['wrapt==1.16.0'], files: app('import wrapt') },
  },
  {
    issue: 'aws/aws-lambda-builders#302',
    story: 'a build on x86_64 for an arm64 function packed the wheels of the build machine; here cffi',
    code: 'ZY1301',
    broken: { ...main, ...arm64, wheels: ['cffi==1.16.0', 'pycparser==2.22'], files: app('import _cffi_backend'), from: { architecture: 'x86_64' } }, // prettier-ignore
    cured: { ...main, ...arm64, wheels: ['cffi==1.16.0', 'pycparser==2.22'], files: app('import _cffi_backend') },
  },
  {
    issue: 'astral-sh/uv#16019',
    story: 'an extension module for Darwin stood in a package for Linux, since it was compiled on a Mac; here orjson',
    code: 'ZY1306',
    broken: { ...orjson, from: mac },
    cured: orjson,
  },
  {
    issue: 'astral-sh/uv#12727',
    story:
      'no wheel was chosen and the host built one, for its own Python; here orjson for 3.11 in a python3.13 function',
    code: 'ZY1305',
    broken: { ...orjson, ...python313, from: { runtime: 'python3.11' } },
    cured: { ...orjson, ...python313 },
  },
  {
    issue: 'pypa/pip#6117',
    story: 'markers were judged for the Python of the host: anyio came without exceptiongroup, which Python 3.10 needs',
    code: 'ZY1406',
    broken: { ...main, ...python310, wheels: ['anyio==4.11.0', 'idna==3.11', 'sniffio==1.3.1', 'typing-extensions==4.15.0'], files: app('import anyio') }, // prettier-ignore
    cured: { ...main, ...python310, wheels: ['anyio==4.11.0', 'idna==3.11', 'sniffio==1.3.1', 'typing-extensions==4.15.0', 'exceptiongroup==1.3.0'], files: app('import anyio') }, // prettier-ignore
  },
  {
    issue: 'pypa/pip#10050',
    story: 'the same in `pip download --python-version`: Markdown without importlib-metadata for python3.9',
    code: 'ZY1406',
    broken: { ...main, ...python39, wheels: ['Markdown==3.4.4'], files: app('import markdown') },
    cured: { ...main, ...python310, wheels: ['Markdown==3.4.4'], files: app('import markdown') },
  },
  {
    issue: 'pantsbuild/pants#12182',
    story:
      'requirements for another platform than that of the build were left out: aiosignal without typing-extensions',
    code: 'ZY1406',
    broken: { ...main, wheels: ['aiosignal==1.4.0', 'frozenlist==1.8.0'], files: app('import aiosignal') },
    cured: { ...main, wheels: ['aiosignal==1.4.0', 'frozenlist==1.8.0', 'typing-extensions==4.15.0'], files: app('import aiosignal') }, // prettier-ignore
  },
  {
    issue: 'aws/chalice#232',
    story: '`invalid ELF header`: the library of a Mac under a name that Linux loads too; here bcrypt',
    code: 'ZY1306',
    broken: { ...bcrypt, from: mac },
    cured: bcrypt,
  },
  {
    issue: 'serverless/serverless-python-requirements#345',
    story: '`strip` moved what the loader maps: ELF load command address/offset not properly aligned',
    code: 'ZY1307',
    broken: { ...bcrypt, change: (entry) => (entry.path.endsWith('.so') ? { ...entry, source: { bytes: misaligned(bytesOf(entry)) } } : entry) }, // prettier-ignore
    cured: bcrypt,
  },
  {
    issue: 'serverless/serverless-python-requirements#326',
    story: 'another stripped library, cut off before its dynamic section ends',
    code: 'ZY1307',
    broken: { ...bcrypt, change: (entry) => (entry.path.endsWith('.so') ? { ...entry, source: { bytes: bytesOf(entry).subarray(0, 4096) } } : entry) }, // prettier-ignore
    cured: bcrypt,
  },
  {
    issue: 'Miserlou/Zappa#1693',
    story: '`Unzipped size must be smaller than 262144000 bytes`; here ten times sympy',
    code: 'ZY1001',
    broken: { ...sympy, copies: 9 },
    cured: sympy,
  },
  {
    issue: 'serverless/serverless#10179',
    story: 'a zip of more than 50 MB in one request; here ten times sympy',
    code: 'ZY1003',
    broken: { ...sympy, copies: 9 },
    cured: { ...sympy, copies: 2 },
  },
  {
    issue: 'Miserlou/Zappa#484',
    story: 'packed under umask 077: the function may not read its own files',
    code: 'ZY1501',
    broken: { ...usingRequests, change: (entry) => ({ ...entry, mode: 0o600 }) },
    cured: usingRequests,
  },
  {
    issue: 'aws/aws-cdk#23284',
    story: 'one source file had mode 0640 on the build machine',
    code: 'ZY1501',
    broken: { ...usingRequests, change: (entry) => (entry.path === 'requests/models.py' ? { ...entry, mode: 0o640 } : entry) }, // prettier-ignore
    cured: usingRequests,
  },
  {
    issue: 'aws-quickstart/quickstart-git2s3#13',
    story: 'the zip holds a folder that holds the code',
    code: 'ZY1103',
    broken: { ...usingRequests, change: (entry) => ({ ...entry, path: `git2s3/${entry.path}` }) },
    cured: usingRequests,
  },
  {
    issue: 'aws-samples/aws-cost-explorer-report#25',
    story: 'the handler names a module that is called otherwise',
    code: 'ZY1102',
    broken: { ...usingRequests, handler: 'lambda.main_handler' },
    cured: usingRequests,
  },
  {
    issue: 'micmurawski/poetry-plugin-lambda-build#34',
    story: 'a path dependency of the project was not found in the build container and is missing',
    code: 'ZY1401',
    broken: { ...usingRequests, files: app('import requests\nimport shared_models') },
    cured: { ...usingRequests, files: { ...app('import requests\nimport shared_models'), 'shared_models.py': '' } },
  },
  {
    issue: 'aws/aws-cdk#21867',
    story: 'of a local package only the top folder was copied',
    code: 'ZY1405',
    broken: { ...usingRequests, files: { ...app('import requests\nfrom shared.models import Order'), 'shared/__init__.py': '' } }, // prettier-ignore
    cured: { ...usingRequests, files: { ...app('import requests\nfrom shared.models import Order'), 'shared/__init__.py': '', 'shared/models.py': 'class Order: ...\n' } }, // prettier-ignore
  },
  {
    issue: 'astral-sh/uv#9350',
    story: 'a workspace member was installed editable: a pointer to the build machine',
    code: 'ZY1711',
    broken: { ...usingRequests, files: { ...app('import requests'), '_shared.pth': '/home/me/workspace/packages/shared/src\n' } }, // prettier-ignore
    cured: usingRequests,
  },
  {
    issue: 'serverless/serverless-python-requirements#437',
    story: 'bytecode of the build machine stayed in the package; made by a real Python of another version',
    code: 'ZY1710',
    broken: { ...usingRequests, target: { runtime: 'python3.14', architecture: 'x86_64' }, files: () => ({ ...app('import requests'), ...compiled() }) }, // prettier-ignore
    cured: usingRequests,
  },
  {
    issue: 'terraform-aws-modules/terraform-aws-lambda#596',
    story: 'links were packed as links; this one leads to a folder that stayed at home',
    code: 'ZY1610',
    broken: { ...usingRequests, files: { ...app('import requests'), shared: '../shared' }, change: (entry) => (entry.path === 'shared' ? { ...entry, link: true } : entry) }, // prettier-ignore
    cured: usingRequests,
  },
]

/** With PT_LOAD segments that the loader refuses to map. */
function misaligned(elf: Buffer): Buffer {
  const start = Number(elf.readBigUInt64LE(32))
  for (let index = 0; index < elf.readUInt16LE(56); index++) {
    const at = start + index * 56
    if (elf.readUInt32LE(at) === 1 && Number(elf.readBigUInt64LE(at + 8)) > 0)
      elf.writeBigUInt64LE(elf.readBigUInt64LE(at + 8) + 8n, at + 8)
  }
  return elf
}

function inLayer(spec: Pick<RealCheck, 'wheels' | 'from'>): RealCheck {
  return { ...spec, change: (entry) => ({ ...entry, path: `python/${entry.path}` }) }
}

/** What the tools' Python writes into `__pycache__`. */
function compiled(): Record<string, Buffer> {
  const folder = temporaryFolder()
  const source = join(folder, 'app.py')
  mkdirSync(dirname(source), { recursive: true })
  writeFileSync(source, 'def main(event, context): ...\n')
  const run = spawnSync(toolsPython, ['-m', 'py_compile', source], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(run.stderr)
  const cache = join(folder, '__pycache__')
  return Object.fromEntries(readdirSync(cache).map((name) => [`__pycache__/${name}`, readFileSync(join(cache, name))]))
}

const fetchTimeout = 900_000
beforeAll(() => fetchWheels(defects.flatMap(({ broken, cured }) => [broken, cured])), fetchTimeout)

test('there are twenty defects and more, each of an issue of its own', () => {
  expect(new Set(defects.map(({ issue }) => issue)).size).toBe(defects.length)
  expect(defects.length).toBeGreaterThanOrEqual(20)
})

test.each(defects)('$issue: $story', async ({ code, broken, cured }) => {
  expect((await checkReal(broken)).codes).toContain(code)
  const right = await checkReal(cured)
  expect(right.codes).not.toContain(code)
  expect(right.findings.filter(({ severity }) => severity === 'error')).toEqual([])
})

/** Wheels of tens of megabytes. */
const large: readonly Defect[] = [
  {
    issue: 'lambci/docker-lambda#318',
    story: 'opencv-python needs libGL.so.1, which no runtime has; the headless build does not',
    code: 'ZY1303',
    broken: { ...main, wheels: ['opencv-python==4.11.0.86', 'numpy==1.26.4'], files: app('import cv2') },
    cured: { ...main, wheels: ['opencv-python-headless==4.11.0.86', 'numpy==1.26.4'], files: app('import cv2') },
  },
  {
    issue: 'lambci/docker-lambda#318, on arm64',
    story: 'the same of the wheels for arm64',
    code: 'ZY1303',
    broken: { ...main, ...arm64, wheels: ['opencv-python==4.11.0.86', 'numpy==1.26.4'], files: app('import cv2') },
    cured: { ...main, ...arm64, wheels: ['opencv-python-headless==4.11.0.86', 'numpy==1.26.4'], files: app('import cv2') }, // prettier-ignore
  },
]

test.runIf(process.env['ZIPYARD_LONG'] === '1').each(large)('$issue: $story', async ({ code, broken, cured }) => {
  const { findings } = await checkReal(broken)
  expect(findings.find((finding) => finding.code === code)?.sentence).toContain('`libGL.so.1`')
  expect(findings.find((finding) => finding.code === code)?.hint).toContain('`opencv-python-headless`')
  expect((await checkReal(cured)).findings.filter(({ severity }) => severity === 'error')).toEqual([])
})
