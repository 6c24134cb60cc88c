/** The static audit of a 95 MB package against `unzip -t` of it, cold and with the wheels' facts; the import scanner against `ast`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { encodeWheelFacts, gatherWheelFacts } from '../src/audit/wheel-facts.ts'
import { readEntry } from '../src/zip/entry-data.ts'
import { openArchive } from '../src/zip/reader.ts'
import { splice } from '../src/zip/splicer.ts'
import { decodeWheelIndex } from '../src/zip/wheel-index.ts'
import { distribution, report } from './kit/measure.ts'
import { benchFolder, benchWheels } from './kit/wheels.ts'

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
const facts = wheels.map((wheel) => {
  const file = join(benchFolder, `${basename(wheel)}.facts.json`)
  writeFileSync(file, encodeWheelFacts(gatherWheelFacts(wheel)))
  return file
})

const samples: Record<'cold' | 'cached' | 'unzip' | 'scan' | 'ast', number[]> = {
  cold: [],
  cached: [],
  unzip: [],
  scan: [],
  ast: [],
}
const time = (into: number[], work: () => unknown): void => {
  const start = performance.now()
  work()
  into.push(performance.now() - start)
}
const check = (...args: string[]): Buffer =>
  execFileSync(process.execPath, [join(import.meta.dirname, 'kit/check-process.mjs'), path, ...args])
for (let round = 0; round < rounds; round++) {
  time(samples.cold, () => check())
  time(samples.cached, () => check(...facts))
  time(samples.unzip, () => execFileSync('unzip', ['-tqq', path]))
}

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
    'import scanner': distribution(samples.scan),
    "CPython's ast.parse and walk": distribution(samples.ast),
  },
  [
    { name: 'cold / unzip -t', value: middle('cold') / middle('unzip'), atMost: 0.5 },
    { name: 'cached / unzip -t', value: middle('cached') / middle('unzip'), atMost: 0.1 },
    { name: 'ast / import scanner', value: middle('ast') / middle('scan'), atLeast: 20 },
  ],
  [
    `${archive.entries} entries, ${(archive.bytes / 1e6).toFixed(1)} MB, ${files.length} Python files of ${(bytes / 1e6).toFixed(1)} MB`,
  ],
)
rmSync(folder, { recursive: true, force: true })
