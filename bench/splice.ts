/**
 * The splice of some 95 MB of cached wheels against copying and hashing the same bytes, and against `unzip` and `zip -r`; then what it costs by
 * bytes and by entries.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { distribution, report, type Distribution, type Ratio } from './kit/measure.ts'
import { wheelsOfBytes, wheelsOfEntries } from './kit/made-wheels.ts'
import { certificatesNote, plainEnvironment } from './kit/plain-environment.ts'
import { benchWheels, hasProgram } from './kit/wheels.ts'

// What is installed is measured: built JavaScript. Its types are those of the source.
const dist = resolve(import.meta.dirname, '../dist/public/zip.js')
if (!existsSync(dist)) throw new Error('dist/ is missing: npm run build')
const { splice, decodeWheelIndex, openArchive } = (await import(dist)) as typeof import('../src/public/zip.ts')

const rounds = Number(process.env['ROUNDS'] ?? 11)
const wheels = benchWheels()
const folder = mkdtempSync(join(tmpdir(), 'zipyard-bench-'))
const out = join(folder, 'package.zip')
const copy = join(folder, 'copy.zip')
const tree = join(folder, 'tree')
const process_ = join(import.meta.dirname, 'kit/splice-process.mjs')
const samples: Record<'process' | 'indexed' | 'listed' | 'copy', number[]> = {
  process: [],
  indexed: [],
  listed: [],
  copy: [],
}
let peakBytes = 0

async function spliceIndexed(): Promise<Awaited<ReturnType<typeof splice>>> {
  return splice(
    wheels.map((archive) => {
      const strip = decodeWheelIndex(readFileSync(`${archive}.idx`)).strip!
      return { archive, strip, from: 0, to: strip.count }
    }),
    out,
  )
}

async function spliceListed(): Promise<void> {
  const plan = wheels.flatMap((archive) => {
    const { source, listing } = openArchive(archive)
    source.close()
    return listing.entries
      .filter((entry) => !entry.name.endsWith('/'))
      .map((entry) => ({ path: entry.name, mode: 0o644, source: { archive, entry } }))
  })
  await splice(plan, out)
}

const time = async (into: number[], work: () => unknown): Promise<void> => {
  const start = performance.now()
  await work()
  into.push(performance.now() - start)
}

/** A package from wheels in a process of its own, Node's start included; returns its peak memory in bytes. */
function spliceInProcess(from: readonly string[]): number {
  rmSync(out, { force: true })
  const said = execFileSync(process.execPath, [process_, out, ...from], { env: plainEnvironment() }).toString()
  return (JSON.parse(said) as { peakBytes: number }).peakBytes
}

function copyAndHash(): void {
  execFileSync('cp', ['--reflink=never', out, copy])
  execFileSync('openssl', ['dgst', '-sha256', copy])
}

function unzipAndZip(from: readonly string[]): void {
  for (const wheel of from) execFileSync('unzip', ['-qo', wheel, '-d', tree])
  execFileSync('zip', ['-qr', join(folder, 'zipped.zip'), '.'], { cwd: tree })
}

const archive = await spliceIndexed()
for (let round = 0; round < rounds; round++) {
  await time(samples.process, () => (peakBytes = Math.max(peakBytes, spliceInProcess(wheels))))
  rmSync(out)
  await time(samples.indexed, spliceIndexed)
  rmSync(out)
  await time(samples.listed, spliceListed)
  rmSync(copy, { force: true })
  await time(samples.copy, copyAndHash)
}

const measured: Record<string, Distribution> = {
  'splice, whole process': distribution(samples.process),
  'splice, in process, cached index': distribution(samples.indexed),
  'splice, in process, wheels listed': distribution(samples.listed),
  'cp --reflink=never + openssl dgst -sha256': distribution(samples.copy),
}
const limit = distribution(samples.copy).p50
const ratios: Ratio[] = [
  { name: 'whole process / copy', value: distribution(samples.process).p50 / limit, atMost: 1.6 },
  { name: 'in process, cached index / copy', value: distribution(samples.indexed).p50 / limit, atMost: 0.95 },
]
const notes = [
  `${archive.entries} entries, ${(archive.bytes / 1e6).toFixed(1)} MB, peak memory ${(peakBytes / 1048576).toFixed(0)} MB (to reach: at most 120)`,
  ...certificatesNote(),
]
if (hasProgram('zip') && hasProgram('unzip')) {
  const zipped: number[] = []
  for (let round = 0; round < 3; round++) {
    rmSync(tree, { recursive: true, force: true })
    rmSync(join(folder, 'zipped.zip'), { force: true })
    mkdirSync(tree)
    await time(zipped, () => unzipAndZip(wheels))
  }
  measured['unzip + zip -r'] = distribution(zipped)
  ratios.push({
    name: 'unzip + zip -r / whole process',
    value: distribution(zipped).p50 / distribution(samples.process).p50,
    atLeast: 20,
  })
} else notes.push('zip or unzip is missing: not compared with them')

// The curves: cost grows with bytes and with entries, memory with neither's data.
const median = async (work: () => unknown): Promise<number> => {
  const into: number[] = []
  for (let round = 0; round < Math.min(rounds, 5); round++) await time(into, work)
  return distribution(into).p50
}
const made = async (make: () => Promise<readonly string[]>, use: (from: readonly string[]) => Promise<void>) => {
  rmSync(madeFolder, { recursive: true, force: true })
  mkdirSync(madeFolder)
  await use(await make())
}
const madeFolder = join(folder, 'made')
for (const megabytes of [10, 50, 100, 250])
  await made(
    () => wheelsOfBytes(madeFolder, megabytes * 1e6),
    async (from) => {
      let peak = 0
      const whole = await median(() => (peak = Math.max(peak, spliceInProcess(from))))
      const limited = await median(copyAndHash)
      curve(`${megabytes} MB`, whole, peak, `${(whole / limited).toFixed(2)}x copy and hash`)
      if (megabytes === 250) ratios.push({ name: 'memory at 250 MB, in MB', value: peak / 1048576, atMost: 120 })
    },
  )
for (const entries of [1000, 10_000, 50_000])
  await made(
    () => wheelsOfEntries(madeFolder, entries),
    async (from) => {
      let peak = 0
      const whole = await median(() => (peak = Math.max(peak, spliceInProcess(from))))
      curve(`${entries} entries`, whole, peak, `${((whole * 1000) / entries).toFixed(1)} µs for each`)
      if (entries < 50_000) return
      ratios.push({ name: 'memory at 50,000 entries, in MB', value: peak / 1048576, atMost: 150 })
      if (!hasProgram('zip') || !hasProgram('unzip')) return
      rmSync(tree, { recursive: true, force: true })
      rmSync(join(folder, 'zipped.zip'), { force: true })
      mkdirSync(tree)
      const peer: number[] = []
      await time(peer, () => unzipAndZip(from))
      ratios.push({ name: 'unzip + zip -r / whole process, 50,000 entries', value: peer[0]! / whole, atLeast: 25 })
    },
  )

function curve(what: string, milliseconds: number, peak: number, ratio: string): void {
  notes.push(
    `${what.padStart(14)}: ${milliseconds.toFixed(0)} ms, ${ratio}, ${(peak / 1048576).toFixed(0)} MB of memory`,
  )
}

report('splice', measured, ratios, notes)
rmSync(folder, { recursive: true, force: true })
