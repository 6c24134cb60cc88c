import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openFacts } from '../../src/audit/collect.ts'
import type { PackageFacts } from '../../src/audit/facts.ts'
import { imports } from '../../src/audit/rules/imports.ts'
import { nativeLibrariesRule } from '../../src/audit/rules/native-libraries.ts'
import { requirements } from '../../src/audit/rules/requirements.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { moduleNames } from '../../src/python/module-names.ts'
import { extractArchive } from '../../src/zip/extract.ts'
import type { SpliceEntry } from '../../src/zip/plan.ts'
import { openArchive } from '../../src/zip/reader.ts'
import { splice } from '../../src/zip/splicer.ts'

/** Distributions that many functions use, native and pure; with what they require they are some ninety wheels. */
const wanted = [
  'requests', 'boto3', 'numpy', 'pandas', 'pydantic', 'cryptography', 'Pillow', 'PyYAML', 'lxml', 'SQLAlchemy', 'Flask', 'Jinja2', 'fastapi',
  'mangum', 'aws-lambda-powertools', 'aws-xray-sdk', 'httpx', 'aiohttp', 'orjson', 'ujson', 'psycopg2-binary', 'redis', 'pymongo', 'beautifulsoup4',
  'jsonschema', 'python-jose', 'PyJWT', 'openpyxl', 'markdown', 'Pygments', 'tzdata', 'simplejson', 'regex', 'msgpack', 'bcrypt', 'python-dotenv',
  'structlog', 'tenacity', 'click', 'rich', 'attrs', 'networkx', 'sympy', 'scipy',
] // prettier-ignore

export interface CorpusResult {
  readonly wheels: number
  readonly modules: number
  /** Modules that import under the real Python and that the audit has an error for. */
  readonly falseErrors: readonly string[]
  /** Modules that do not import and that the audit has no error for. */
  readonly missed: readonly string[]
  /** A dependency taken away: the import failed, and the audit found it / found nothing. */
  readonly seededFound: number
  readonly seededMissed: readonly string[]
  /** The import went on without the dependency, and the audit had an error. */
  readonly seededFalseErrors: readonly string[]
}

/**
 * Holds the audit against real imports: every top-level module of real wheels is imported by the real Python, once with everything
 * there and once for each requirement that is taken away, and the audit must say the same. Takes minutes; for `npm run long`.
 * `python` must be the minor version of `runtime`.
 */
export async function auditCorpus(python: string, runtime: string): Promise<CorpusResult> {
  const wheels = downloadWheels(runtime.replace('python', ''))
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-corpus-'))
  try {
    const zip = join(folder, 'corpus.zip')
    const modules = await pack(wheels, zip)
    const task = join(folder, 'task')
    await extractArchive({ archivePaths: [zip], into: task, limitBytes: 8e9 })
    const opened = openFacts(zip, { target: { runtime: parsePythonRuntime(runtime), architecture: 'x86_64' } })
    try {
      const whole = judgeAll(opened.facts, modules, (module) => importFails(python, task, module, []))
      return {
        wheels: wheels.length,
        modules: modules.length,
        ...whole,
        ...judgeSeeded(opened.facts, modules, python, task),
      }
    } finally {
      opened.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function downloadWheels(python: string): string[] {
  const folder = resolve(import.meta.dirname, `../../.cache/corpus/${python}`)
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true })
    const tag = `cp${python.replace('.', '')}`
    const target = [
      '--python-version',
      python,
      '--implementation',
      'cp',
      '--abi',
      tag,
      '--abi',
      'abi3',
      '--abi',
      'none',
    ]
    const platforms = [
      'manylinux_2_34_x86_64',
      'manylinux_2_28_x86_64',
      'manylinux2014_x86_64',
      'manylinux_2_17_x86_64',
      'any',
    ].flatMap((platform) => ['--platform', platform])
    execFileSync(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--only-binary',
        ':all:',
        ...target,
        ...platforms,
        '--dest',
        folder,
        ...wanted,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith('.whl'))
    .map((name) => join(folder, name))
}

async function pack(wheels: readonly string[], out: string): Promise<string[]> {
  const files = new Map<string, SpliceEntry>()
  for (const archive of wheels) {
    const { source, listing } = openArchive(archive)
    source.close()
    for (const entry of listing.entries)
      if (!entry.name.endsWith('/'))
        files.set(entry.name, { path: entry.name, mode: 0o644, source: { archive, entry } })
  }
  const modules = [...files.keys()]
    .flatMap((path) => topModule(path) ?? [])
    .filter((name) => !['test', 'tests', 'docs', 'examples'].includes(name))
  const unique = [...new Set(modules)].sort()
  for (const module of unique)
    files.set(`app_${module}.py`, {
      path: `app_${module}.py`,
      mode: 0o644,
      source: { bytes: Buffer.from(`import ${module}\ndef main(event, context): ...\n`) },
    })
  await splice([...files.values()], out)
  return unique
}

function topModule(path: string): string | undefined {
  return /^([A-Za-z]\w*)(?:\/__init__\.py|\.py|\.[\w-]+\.so)$/.exec(path)?.[1]
}

function importFails(python: string, task: string, module: string, without: readonly string[]): boolean {
  const script = `
import sys
sys.path.insert(0, sys.argv[1]); gone = set(sys.argv[3:])
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in gone: raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Gone())
__import__('app_' + sys.argv[2])
`
  return spawnSync(python, ['-I', '-B', '-c', script, task, module, ...without], { timeout: 120_000 }).status !== 0
}

/** Codes that speak of what the module in question needs; other files of the corpus have nothing to do with it. */
function verdict(facts: PackageFacts, module: string): { readonly isError: boolean; readonly isWarned: boolean } {
  const path = `app_${module}.py`
  const asked = {
    ...facts,
    handler: `app_${module}.main`,
    handlerModule: { path, names: moduleNames(Buffer.from('def main(event, context): ...')) },
  }
  const findings = [...imports.check(asked), ...nativeLibrariesRule.check(asked), ...requirements.check(asked)]
  return {
    isError: findings.some((each) => each.severity === 'error'),
    isWarned: findings.some((each) => each.code === 'ZY1406'),
  }
}

function judgeAll(
  facts: PackageFacts,
  modules: readonly string[],
  fails: (module: string) => boolean,
): { falseErrors: string[]; missed: string[] } {
  const falseErrors: string[] = []
  const missed: string[] = []
  for (const module of modules) {
    const { isError } = verdict(facts, module)
    const isBroken = fails(module)
    if (isError && !isBroken) falseErrors.push(module)
    if (!isError && isBroken) missed.push(module)
  }
  return { falseErrors, missed }
}

/** What the runtime brings is not missed when it is taken out of the package. */
const ofRuntime = new Set(['boto3', 'botocore', 's3transfer', 'jmespath', 'python-dateutil', 'six', 'urllib3'])

function judgeSeeded(
  facts: PackageFacts,
  modules: readonly string[],
  python: string,
  task: string,
): Pick<CorpusResult, 'seededFound' | 'seededMissed' | 'seededFalseErrors'> {
  const files = [...facts.package.files.values()]
  const tops = new Map<string, Set<string>>()
  for (const { path, distribution } of files) {
    const top = topModule(path)
    if (distribution !== undefined && top !== undefined)
      tops.set(distribution, (tops.get(distribution) ?? new Set()).add(top))
  }
  let seededFound = 0
  const seededMissed: string[] = []
  const seededFalseErrors: string[] = []
  for (const { name, requires } of facts.package.distributions) {
    const module = [...(tops.get(name) ?? [])].find((top) => modules.includes(top))
    if (module === undefined) continue
    for (const line of requires) {
      const gone = /^[\w.-]+/
        .exec(line.trim())![0]
        .toLowerCase()
        .replace(/[-_.]+/g, '-')
      if (line.includes('extra') || !tops.has(gone) || ofRuntime.has(gone)) continue
      const kept = new Map(files.filter(({ distribution }) => distribution !== gone).map((file) => [file.path, file]))
      const rest = {
        ...facts.package,
        files: kept,
        distributions: facts.package.distributions.filter((each) => each.name !== gone),
      }
      const { isError, isWarned } = verdict({ ...facts, package: rest }, module)
      const isBroken = importFails(python, task, module, [...tops.get(gone)!])
      const label = `${module} without ${gone}`
      if (isBroken && (isError || isWarned)) seededFound += 1
      else if (isBroken) seededMissed.push(label)
      else if (isError) seededFalseErrors.push(label)
    }
  }
  return { seededFound, seededMissed, seededFalseErrors }
}
