/** The splice of some 95 MB of cached wheels against copying and hashing the same bytes, and against `unzip` and `zip -r`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { distribution, report, type Distribution, type Ratio } from './kit/measure.ts'
import { benchWheels, hasProgram } from './kit/wheels.ts'

// What is installed is measured: built JavaScript. Its types are those of the source.
const dist = resolve(import.meta.dirname, '../dist/zip')
if (!existsSync(dist)) throw new Error('dist/ is missing: npm run build')
const { splice } = (await import(join(dist, 'splicer.js'))) as typeof import('../src/zip/splicer.ts')
const { decodeWheelIndex } = (await import(join(dist, 'wheel-index.js'))) as typeof import('../src/zip/wheel-index.ts')
const { openArchive } = (await import(join(dist, 'reader.js'))) as typeof import('../src/zip/reader.ts')

const rounds = Number(process.env['ROUNDS'] ?? 11)
const wheels = benchWheels()
const folder = mkdtempSync(join(tmpdir(), 'zipyard-bench-'))
const out = join(folder, 'package.zip')
const process_ = join(import.meta.dirname, 'kit/splice-process.mjs')
const samples: Record<'process' | 'indexed' | 'listed' | 'copy', number[]> = {
  process: [],
  indexed: [],
  listed: [],
  copy: [],
}
let peakBytes = 0

const entryOf = (archive: string, name: string, mode: number) => ({
  path: name,
  mode: (mode & 0o111) === 0 ? 0o644 : 0o755,
  archive,
})
async function spliceIndexed(): Promise<Awaited<ReturnType<typeof splice>>> {
  return splice(
    wheels.flatMap((archive) =>
      decodeWheelIndex(readFileSync(`${archive}.idx`)).entries.map((entry) => ({
        ...entryOf(archive, entry.name, entry.mode),
        source: { archive, entry },
      })),
    ),
    out,
  )
}

async function spliceListed(): Promise<void> {
  const plan = wheels.flatMap((archive) => {
    const { source, listing } = openArchive(archive)
    source.close()
    return listing.entries
      .filter((entry) => !entry.name.endsWith('/'))
      .map((entry) => ({ ...entryOf(archive, entry.name, 0), source: { archive, entry } }))
  })
  await splice(plan, out)
}

const time = async (into: number[], work: () => unknown): Promise<void> => {
  const start = performance.now()
  await work()
  into.push(performance.now() - start)
}

const archive = await spliceIndexed()
const copy = join(folder, 'copy.zip')
for (let round = 0; round < rounds; round++) {
  rmSync(out)
  await time(samples.process, () => {
    const said = execFileSync(process.execPath, [process_, out, ...wheels]).toString()
    peakBytes = Math.max(peakBytes, (JSON.parse(said) as { peakBytes: number }).peakBytes)
  })
  rmSync(out)
  await time(samples.indexed, spliceIndexed)
  rmSync(out)
  await time(samples.listed, spliceListed)
  rmSync(copy, { force: true })
  await time(samples.copy, () => {
    execFileSync('cp', ['--reflink=never', out, copy])
    execFileSync('openssl', ['dgst', '-sha256', copy])
  })
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
]
if (hasProgram('zip') && hasProgram('unzip')) {
  const zipped: number[] = []
  for (let round = 0; round < 3; round++) {
    const tree = join(folder, 'tree')
    rmSync(tree, { recursive: true, force: true })
    rmSync(join(folder, 'zipped.zip'), { force: true })
    mkdirSync(tree)
    await time(zipped, () => {
      for (const wheel of wheels) execFileSync('unzip', ['-qo', wheel, '-d', tree])
      execFileSync('zip', ['-qr', join(folder, 'zipped.zip'), '.'], { cwd: tree })
    })
  }
  measured['unzip + zip -r'] = distribution(zipped)
  ratios.push({
    name: 'unzip + zip -r / whole process',
    value: distribution(zipped).p50 / distribution(samples.process).p50,
    atLeast: 20,
  })
} else notes.push('zip or unzip is missing: not compared with them')
report('splice', measured, ratios, notes)
rmSync(folder, { recursive: true, force: true })
