import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { elf } from '../../../test/kit/elf.ts'
import { buildProject, contents, scratch } from '../../../test/kit/packages.ts'
import { projectFolder } from '../../../test/kit/wheel.ts'
import { findInterpreters } from '../../interpreters/find-interpreters.ts'
import { hostGlibc } from './host-glibc.ts'

const machine = process.arch === 'arm64' ? 183 : 62
const architectures = [process.arch === 'arm64' ? 'arm64' : 'x86_64']
const python = (await findInterpreters({ dataFolder: scratch, environment: process.env }))
  .filter(({ minor, isFinal, isFreeThreaded }) => /^3\.(9|1\d)$/.test(minor) && isFinal && !isFreeThreaded)
  .sort((a, b) => Number(b.minor.slice(2)) - Number(a.minor.slice(2)))[0]!

/** A project without wheels whose build puts this library into one. */
function nativeProject(library: Buffer): string {
  return projectFolder({
    'app.py': '',
    'requirements.txt': './fast\n',
    'fast/pyproject.toml':
      '[project]\nname = "fast"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    'fast/library.so': library,
    'fast/backend.py': `
import os, sys, sysconfig, zipfile
metadata = "Metadata-Version: 2.1\\nName: fast\\nVersion: 1.0\\n"
tag = "cp%d%d-cp%d%d-%s" % (sys.version_info[:2] * 2 + (sysconfig.get_platform().replace("-", "_").replace(".", "_"),))
def prepare_metadata_for_build_wheel(out, settings=None):
    os.makedirs(out + "/fast-1.0.dist-info")
    open(out + "/fast-1.0.dist-info/METADATA", "w").write(metadata)
    return "fast-1.0.dist-info"
def build_wheel(out, settings=None, metadata_directory=None):
    name = "fast-1.0-" + tag + ".whl"
    with zipfile.ZipFile(os.path.join(out, name), "w") as wheel:
        wheel.write("library.so", "fast.so")
        wheel.writestr("fast-1.0.dist-info/METADATA", metadata)
        wheel.writestr("fast-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: " + tag + "\\n")
        wheel.writestr("fast-1.0.dist-info/RECORD", "")
    return name
`,
  })
}

const environment = { ...process.env, ZIPYARD_CONTAINER_ENGINE: '/nowhere/docker' } as unknown as Record<string, string>
delete environment['ZIPYARD_CACHE_DIR']
const request = { runtime: python.minor, architectures, resolver: 'pip' }
const build = (library: Buffer) => buildProject(nativeProject(library), request, environment)

test.runIf(hostGlibc())(
  'native code that was built here is taken when the runtime has every symbol version and library that it needs',
  async () => {
    const report = await build(
      elf({ machine, needed: ['libc.so.6', 'libm.so.6'], versions: { 'libc.so.6': ['GLIBC_2.14', 'GLIBC_2.17'] } }),
    )
    expect(Object.keys(contents(report.path))).toContain('fast.so')
    expect(report.shares.find(({ name }) => name === 'fast')?.builtBy).toMatch(/^this machine, Python 3/)
  },
)

test.runIf(hostGlibc()).each([
  [
    'a newer glibc',
    elf({ machine, needed: ['libc.so.6'], versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.38'] } }),
    /`fast\.so` in it needs GLIBC_2\.38 of `libc\.so\.6`, and the runtime has up to GLIBC_2\.\d+/,
  ],
  [
    'a library that is not there',
    elf({ machine, needed: ['libc.so.6', 'libpq.so.5'] }),
    /`fast\.so` in it needs `libpq\.so\.5`, which is neither in it nor known to be on the runtime/,
  ],
  ['another machine', elf({ machine: machine === 62 ? 183 : 62 }), /`fast\.so` in it is for another machine/],
])('native code that needs %s is refused by name', async (_, library, sentence) => {
  const refusal = build(library)
  await expect(refusal).rejects.toThrow(/^`fast 1\.0` has no wheel for python3\.\d+ on .*, and building it here gives/)
  await expect(refusal).rejects.toThrow(sentence)
})

const hasCompiler = ((): boolean => {
  try {
    const include = execFileSync(python.executable, ['-c', 'import sysconfig; print(sysconfig.get_path("include"))'])
    execFileSync('cc', ['-E', '-xc', '-include', join(String(include).trim(), 'Python.h'), '/dev/null', '-o', '/dev/null', `-I${String(include).trim()}`]) // prettier-ignore
    return true
  } catch {
    return false
  }
})()

test.runIf(hostGlibc() && hasCompiler)(
  'what a real compiler makes here for this glibc is taken, and imports',
  async () => {
    const folder = projectFolder({
      'app.py': '',
      'requirements.txt': './fast\n',
      'fast/pyproject.toml':
        '[project]\nname = "fast"\nversion = "1.0"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
      'fast/setup.py':
        'from setuptools import setup, Extension\nsetup(ext_modules=[Extension("fast", ["native.c"])], py_modules=[])\n',
      'fast/native.c':
        '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "fast", "made here", -1, 0};\nPyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&m); }\n',
    })
    const report = await buildProject(folder, request, environment)
    const out = join(scratch, 'imported')
    execFileSync(python.executable, ['-m', 'zipfile', '-e', report.path, out])
    const doc = execFileSync(python.executable, ['-c', 'import fast; print(fast.__doc__)'], { cwd: out })
    expect(String(doc).trim()).toBe('made here')
  },
)
