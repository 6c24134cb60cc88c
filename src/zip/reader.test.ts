import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPromise } from 'yauzl'
import { expect, test } from 'vitest'
import { fuzzZipReader } from '../../test/kit/fuzz-zip.ts'
import { randomFrom } from '../../test/kit/random.ts'
import { rawZip, type RawEntry } from '../../test/kit/raw-zip.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { sha256 } from '../base/digest.ts'
import { readEntry } from './entry-data.ts'
import { listArchive, listArchiveSync, openArchive, type Listing } from './reader.ts'
import { bytesSource } from './source.ts'

/** Archives as honest tools make them, in all the variety they have. */
function honestArchive(seed: number): Buffer {
  const random = randomFrom(seed)
  const letters = 'abcdefgh_-. ÄÖüéñ日本語😀'
  const used = new Set<string>()
  const entries: RawEntry[] = []
  for (let count = random.below(12); count > 0; count--) {
    const parts = Array.from({ length: 1 + random.below(3) }, () =>
      Array.from({ length: 1 + random.below(12) }, () => random.pick([...letters]))
        .join('')
        .replace(/^[. ]+|[. ]+$/g, 'x'),
    )
    const name = `${parts.join('/')}.f${entries.length}`
    if (used.has(name)) continue
    used.add(name)
    entries.push({
      name,
      bytes: Array.from({ length: random.below(400) }, () => random.pick(['0', '1', 'abc', '\n'])).join(''),
      method: random.pick([0, 8]),
      dataDescriptor: random.below(3) === 0,
      creator: random.pick([0, 3]),
      mode: random.pick([0o100644, 0o100755, 0]),
    })
  }
  return rawZip(entries, { comment: 'c'.repeat(random.below(3) * 40) })
}

const summary = (listing: Listing): unknown[] =>
  listing.entries.map(({ name, method, crc32, compressedBytes, uncompressedBytes }) => [
    name,
    method,
    crc32,
    compressedBytes,
    uncompressedBytes,
  ])

test('yauzl, Python and unzip see the same entries and the same content', async () => {
  const folder = temporaryFolder()
  const archives = Array.from({ length: 120 }, (_, seed) => honestArchive(seed))
  archives.forEach((bytes, index) => writeFileSync(join(folder, `${index}.zip`), bytes))
  const script = `
import hashlib, json, sys, zipfile
out = []
for index in range(${archives.length}):
    with zipfile.ZipFile(f'{sys.argv[1]}/{index}.zip') as z:
        out.append([[i.filename, i.compress_type, i.CRC, i.compress_size, i.file_size, hashlib.sha256(z.read(i)).hexdigest()] for i in z.infolist()])
json.dump(out, sys.stdout)
`
  const python = JSON.parse(
    execFileSync('python3', ['-c', script, folder], { maxBuffer: 1 << 26 }).toString(),
  ) as unknown[][][]
  for (const [index, bytes] of archives.entries()) {
    const source = bytesSource(bytes)
    const listing = listArchiveSync(source)
    expect(
      listing.hazards.filter(
        (hazard) => !['data-descriptor', 'no-entries', 'name-not-nfc', 'case-collision'].includes(hazard.code),
      ),
    ).toEqual([])
    const contents = listing.entries.map((entry, at) => [
      ...(summary(listing)[at] as unknown[]),
      sha256(readEntry(source, entry)),
    ])
    expect(contents, `archive ${index}`).toEqual(python[index])

    const other = await openPromise(join(folder, `${index}.zip`))
    const seen: unknown[] = []
    for await (const entry of other.eachEntry())
      seen.push([entry.fileName, entry.compressionMethod, entry.crc32, entry.compressedSize, entry.uncompressedSize])
    expect(summary(listing), `archive ${index}`).toEqual(seen)
    if (index % 10 === 0 && listing.entries.length > 0) execFileSync('unzip', ['-tqq', join(folder, `${index}.zip`)])
  }
})

test('a source that is read by range gives the same listing, in few reads', async () => {
  const entries = Array.from({ length: 2000 }, (_, index) => ({
    name: `pkg/module_${index}.py`,
    bytes: `x = ${index}\n`,
  }))
  const bytes = rawZip(entries)
  let reads = 0
  const listing = await listArchive({
    size: bytes.length,
    async read(position, length) {
      reads += 1
      return bytes.subarray(position, position + length)
    },
  })
  expect(listing).toEqual(listArchiveSync(bytesSource(bytes)))
  expect(reads).toBeLessThan(10)
})

test('archives of real tools have no hazards beyond what they really have', () => {
  const folder = temporaryFolder()
  const source = join(folder, 'source')
  mkdirSync(join(source, 'pkg'), { recursive: true })
  writeFileSync(join(source, 'pkg/ü.py'), 'x = 1\n'.repeat(100))
  writeFileSync(join(source, 'app.py'), 'y = 2\n')
  const run = (command: string): void =>
    void execFileSync('sh', ['-c', command], { cwd: source, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  run('zip -qr ../info.zip .')
  run('zip -qr - . | cat > ../stream.zip')
  run('zip -q ../grown.zip app.py && zip -qg ../grown.zip pkg/ü.py')
  run('zip -q0r ../stored.zip .')
  run('cd .. && python3 -m zipfile -c python.zip source/')
  run("python3 -c \"import zipfile; z = zipfile.ZipFile('../bz.zip', 'w', zipfile.ZIP_BZIP2); z.write('app.py')\"")
  const codes = (name: string): string[] => {
    const { source: opened, listing } = openArchive(join(folder, name))
    opened.close()
    return [...new Set(listing.hazards.map((hazard) => hazard.code))]
  }
  expect(
    ['info.zip', 'stream.zip', 'grown.zip', 'stored.zip', 'python.zip', 'bz.zip'].map((name) => [name, codes(name)]),
  ).toEqual([
    ['info.zip', ['name-unmarked']],
    ['stream.zip', ['name-unmarked', 'data-descriptor']],
    ['grown.zip', ['name-unmarked']],
    ['stored.zip', ['name-unmarked']],
    ['python.zip', []],
    ['bz.zip', ['method']],
  ])
})

test('65,000 entries are listed', () => {
  const entries = Array.from({ length: 65_000 }, (_, index) => ({ name: `f${index}`, method: 0 }))
  const listing = listArchiveSync(bytesSource(rawZip(entries)))
  expect(listing.entries.length).toBe(65_000)
  expect(listing.hazards).toEqual([])
})

test('damaged archives never break a promise of the reader (short; `npm run long` has a million)', async () => {
  const { notZips, refused, accepted, unpacked } = await fuzzZipReader(
    Number(process.env['ZIPYARD_FUZZ_CASES'] ?? 20_000),
    1,
    20,
  )
  expect(Math.min(notZips, refused, accepted)).toBeGreaterThan(500)
  expect(unpacked).toBeGreaterThan(20)
})
