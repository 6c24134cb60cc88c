/**
 * The static audit of a 95 MB package, as `zipyard check` makes it, against `unzip -t` of it: with an empty cache, with what was kept of its
 * wheels when they came, and asked a second time; what it costs by entries; the import scanner against `ast`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { CheckResult } from '../src/audit/check-package.ts'
import { gatherWheelFacts, wheelFactsKey } from '../src/audit/gather-wheel-facts.ts'
import { rememberPackage } from '../src/audit/known-package.ts'
import { sha256File } from '../src/base/digest.ts'
import { openCache } from '../src/cache/cache.ts'
import { normalizeName } from '../src/pypa/name.ts'
import { readEntry } from '../src/zip/entry-data.ts'
import { openArchive } from '../src/zip/reader.ts'
import { splice } from '../src/zip/splicer.ts'
import { decodeWheelIndex } from '../src/zip/wheel-index.ts'
import { distribution, report, type Ratio } from './kit/measure.ts'
import { certificatesNote, plainEnvironment } from './kit/plain-environment.ts'
import { benchWheels } from './kit/wheels.ts'

const dist = resolve(import.meta.dirname, '../dist')
if (!existsSync(dist)) throw new Error('dist/ is missing: npm run build')
const { scanImports } = (await import(
  join(dist, 'python/import-scanner.js')
)) as typeof import('../src/python/import-scanner.ts')

const rounds = Number(process.env['ROUNDS'] ?? 7)
const folder = mkdtempSync(join(tmpdir(), 'zipyard-bench-'))
const wheels = benchWheels()
const modules = [
  'numpy',
  'scipy.stats',
  'pandas',
  'boto3',
  'requests',
  'cryptography.fernet',
  'pydantic',
  'sympy',
  'networkx',
]
const app = `${modules.map((module) => `import ${module}\n`).join('')}def main(event, context): ...\n`
const path = join(folder, 'package.zip')
const archive = await splice(
  [
    ...wheels.flatMap((wheel) =>
      decodeWheelIndex(readFileSync(`${wheel}.idx`)).entries.map((entry) => ({
        path: entry.name,
        mode: 0o644,
        source: { archive: wheel, entry },
      })),
    ),
    { path: 'app.py', mode: 0o644, source: { bytes: Buffer.from(app) } },
  ],
  path,
)
// As a build leaves them: facts of each wheel, and of the package which wheels it was made of.
const cache = openCache(join(folder, 'cache'))
const parts: [string, string][] = []
for (const wheel of wheels) {
  const digest = await sha256File(wheel)
  const facts = gatherWheelFacts(wheel, decodeWheelIndex(readFileSync(`${wheel}.idx`)).entries)
  await cache.writeEntry('wheel-facts', wheelFactsKey(digest), facts)
  parts.push([normalizeName(basename(wheel).split('-')[0]!), digest])
}
utimesSync(path, Date.now() / 1000 - 60, Date.now() / 1000 - 60)
// An answer is kept for a file that nobody has touched for a while, and that includes the line above.
await new Promise((resolve) => setTimeout(resolve, 3000))
await rememberPackage(cache, { path, digest: archive.digest, wheels: parts })

const names = ['node', 'cold', 'cached', 'again', 'unzip'] as const
type Name = (typeof names)[number]
const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
const cpu = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
/** A command in a process of its own. The last line of `times` is what the children took: minutes and seconds, user and system. */
function run(name: Name, command: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const start = performance.now()
  const text = execFileSync('sh', ['-c', '"$@"; echo; times', 'sh', ...command], {
    env: { ...plainEnvironment(), ...environment },
    maxBuffer: 1 << 28,
  }).toString()
  samples[name].push(performance.now() - start)
  const lines = text.trimEnd().split('\n')
  const taken = [...lines.at(-1)!.matchAll(/(\d+)m([\d.]+)s/g)]
  cpu[name].push(taken.reduce((sum, [, m, s]) => sum + Number(m) * 60_000 + Number(s) * 1000, 0))
  return lines.slice(0, -2).join('\n')
}
/** The real command line, with `folder` as its cache. */
const check = (name: Name, cacheFolder: string): CheckResult =>
  JSON.parse(
    run(name, [process.execPath, join(dist, 'cli/main.js'), 'check', path, '--handler', 'app.main', '--json'], {
      ZIPYARD_CACHE_DIR: cacheFolder,
    }),
  ) as CheckResult
const answers = join(cache.folder, 'check-answer')
for (let round = 0; round < rounds; round++) {
  run('node', [process.execPath, '-e', '0'])
  const cold = check('cold', mkdtempSync(join(folder, 'empty-')))
  rmSync(answers, { recursive: true, force: true })
  const cached = check('cached', cache.folder)
  if (!existsSync(answers)) throw new Error('the first check left no answer: the package is younger than two seconds')
  const again = check('again', cache.folder)
  if (!isDeepStrictEqual(cold, cached)) throw new Error('the check with facts of wheels found something else')
  if (!isDeepStrictEqual(cold, again)) throw new Error('the second check said something else')
  run('unzip', ['unzip', '-tqq', path])
}

/** A package of small modules that import one another, and what a check of it takes. */
async function costOf(entries: number): Promise<string> {
  const zip = join(folder, `${entries}.zip`)
  const file = (at: number): string => `import m${(at + 1) % 1000}.x${(at + 1) % entries}\nfrom . import x${at}\n`
  const made = await splice(
    [
      { path: 'app.py', mode: 0o644, source: { bytes: Buffer.from('import m0.x0\ndef main(event, context): ...\n') } },
      ...Array.from({ length: entries }, (_, at) => ({
        path: `m${at % 1000}/x${at}.py`,
        mode: 0o644,
        source: { bytes: Buffer.from(file(at)) },
      })),
    ],
    zip,
  )
  const { cpuMs, peakBytes } = JSON.parse(
    execFileSync(process.execPath, [join(import.meta.dirname, 'kit/check-process.mjs'), zip]).toString(),
  ) as { readonly cpuMs: number; readonly peakBytes: number }
  return `${made.entries} entries, ${(made.bytes / 1e6).toFixed(1)} MB: ${cpuMs.toFixed(0)} ms of CPU, ${(peakBytes / 1e6).toFixed(0)} MB of memory at its peak`
}
const costs: string[] = []
for (const entries of [1_000, 10_000, 100_000]) costs.push(await costOf(entries))

/** Every Python file of the package, in memory for us and on disk for CPython. */
const { source, listing } = openArchive(path)
const files = listing.entries.filter((entry) => entry.name.endsWith('.py')).map((entry) => readEntry(source, entry))
const bytes = files.reduce((sum, file) => sum + file.length, 0)
const corpus = join(folder, 'corpus.bin')
writeFileSync(corpus, Buffer.concat(files.flatMap((file) => [Buffer.from(`${file.length}\n`), file])))
source.close()
const script = `
import ast, sys, time, warnings
warnings.simplefilter('ignore')
files = []
with open(sys.argv[1], 'rb') as f:
    while line := f.readline(): files.append(f.read(int(line)))
start = time.perf_counter(); found = 0
for text in files:
    try: tree = ast.parse(text)
    except (SyntaxError, ValueError): continue
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)): found += 1
print((time.perf_counter() - start) * 1000)
`
const ast = Number(execFileSync('python3', ['-c', script, corpus]).toString())
const scans = Array.from({ length: 5 }, () => {
  const start = performance.now()
  files.forEach((file) => scanImports(file))
  return performance.now() - start
})

const middle = (of: Record<Name, number[]>, name: Name): number => distribution(of[name]).p50
const titles: Readonly<Record<Name, string>> = {
  node: 'node -e 0: a part of every check',
  cold: 'zipyard check, nothing known',
  cached: "the same, with wheels' facts",
  again: 'the same, asked a second time',
  unzip: 'unzip -t',
}
const ratioOf = (name: Name, limit: Partial<Ratio>): Ratio[] => [
  { name: `${titles[name]} / unzip -t`, value: middle(samples, name) / middle(samples, 'unzip'), ...limit },
  { name: '  its CPU', value: middle(cpu, name) / middle(cpu, 'unzip') },
]
report(
  'check',
  {
    ...Object.fromEntries(names.map((name) => [titles[name], distribution(samples[name])])),
    ...Object.fromEntries(names.map((name) => [`CPU: ${titles[name]}`, distribution(cpu[name])])),
    'import scanner': distribution(scans),
    "CPython's ast.parse and walk": distribution([ast]),
  },
  [
    ...ratioOf('node', {}),
    ...ratioOf('cold', { atMost: 0.5 }),
    ...ratioOf('cached', { atMost: 0.1 }),
    ...ratioOf('again', { atMost: 0.1 }),
    { name: 'ast / import scanner', value: ast / distribution(scans).p50, atLeast: 20 },
  ],
  [
    `${archive.entries} entries, ${(archive.bytes / 1e6).toFixed(1)} MB, ${files.length} Python files of ${(bytes / 1e6).toFixed(1)} MB`,
    'all three found the same, in each round; a second answer is that of the first, for an untouched file and the same question',
    ...costs,
    ...certificatesNote(),
  ],
)
rmSync(folder, { recursive: true, force: true })
