/**
 * The static audit of a 95 MB package against `unzip -t` of it, cold and with what was kept of its wheels when they came; what it costs by
 * entries; the import scanner against `ast`.
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
import { distribution, report } from './kit/measure.ts'
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
await rememberPackage(cache, { path, digest: archive.digest, wheels: parts })

const samples: Record<'cold' | 'cached' | 'unzip' | 'scan' | 'ast' | 'cpuCold' | 'cpuCached' | 'cpuUnzip', number[]> = {
  cold: [],
  cached: [],
  unzip: [],
  scan: [],
  ast: [],
  cpuCold: [],
  cpuCached: [],
  cpuUnzip: [],
}
const time = <Value>(into: number[], work: () => Value): Value => {
  const start = performance.now()
  const value = work()
  into.push(performance.now() - start)
  return value
}
interface Checked {
  readonly result: CheckResult
  readonly cpuMs: number
  readonly peakBytes: number
}
const check = (...args: string[]): Checked =>
  JSON.parse(
    execFileSync(process.execPath, [join(import.meta.dirname, 'kit/check-process.mjs'), ...args]).toString(),
  ) as Checked
/** The last line of `times` is what the children took: minutes, seconds, user and system. */
const unzip = (): number => {
  const text = execFileSync('sh', ['-c', 'unzip -tqq "$0"; times', path]).toString()
  const line = text.trim().split('\n').at(-1)!
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60_000 + Number(s) * 1000,
    0,
  )
}
for (let round = 0; round < rounds; round++) {
  const cold = time(samples.cold, () => check(path))
  const cached = time(samples.cached, () => check(path, cache.folder))
  if (!isDeepStrictEqual(cold.result, cached.result)) throw new Error('the cached audit found something else')
  samples.cpuCold.push(cold.cpuMs)
  samples.cpuCached.push(cached.cpuMs)
  samples.cpuUnzip.push(time(samples.unzip, unzip))
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
  const { cpuMs, peakBytes } = check(zip)
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
samples.ast.push(Number(execFileSync('python3', ['-c', script, corpus]).toString()))
for (let round = 0; round < 5; round++) time(samples.scan, () => files.forEach((file) => scanImports(file)))

const middle = (name: keyof typeof samples): number => distribution(samples[name]).p50
report(
  'check',
  {
    'check, whole process, cold': distribution(samples.cold),
    "check, whole process, wheels' facts cached": distribution(samples.cached),
    'unzip -t': distribution(samples.unzip),
    'CPU of check, cold': distribution(samples.cpuCold),
    "CPU of check, wheels' facts cached": distribution(samples.cpuCached),
    'CPU of unzip -t': distribution(samples.cpuUnzip),
    'import scanner': distribution(samples.scan),
    "CPython's ast.parse and walk": distribution(samples.ast),
  },
  [
    { name: 'cold / unzip -t', value: middle('cold') / middle('unzip'), atMost: 0.5 },
    { name: 'cached / unzip -t', value: middle('cached') / middle('unzip'), atMost: 0.1 },
    { name: 'cold / unzip -t, CPU', value: middle('cpuCold') / middle('cpuUnzip') },
    { name: 'cached / unzip -t, CPU', value: middle('cpuCached') / middle('cpuUnzip') },
    { name: 'ast / import scanner', value: middle('ast') / middle('scan'), atLeast: 20 },
  ],
  [
    `${archive.entries} entries, ${(archive.bytes / 1e6).toFixed(1)} MB, ${files.length} Python files of ${(bytes / 1e6).toFixed(1)} MB`,
    'cold and cached found the same, in each round',
    ...costs,
  ],
)
rmSync(folder, { recursive: true, force: true })
