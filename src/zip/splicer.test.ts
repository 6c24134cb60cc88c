import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { rawZip } from '../../test/kit/raw-zip.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { sha256, digestToBase64 } from '../base/digest.ts'
import { readEntry } from './entry-data.ts'
import { compareUtf8, orderEntries, type SpliceEntry } from './plan.ts'
import { listArchiveSync, openArchive } from './reader.ts'
import { splice } from './splicer.ts'
import { bytesSource } from './source.ts'
import { decodeWheelIndex, encodeWheelIndex } from './wheel-index.ts'
import { archiveBytes } from './writer.ts'

const own = (path: string, text: string, mode = 0o644): SpliceEntry => ({
  path,
  mode,
  source: { bytes: Buffer.from(text) },
})

/** A wheel on disk and its entries as splice sources. */
function wheel(folder: string, name: string, files: Record<string, string | Uint8Array>): SpliceEntry[] {
  const archive = join(folder, name)
  writeFileSync(
    archive,
    rawZip(Object.entries(files).map(([path, bytes]) => ({ name: path, bytes, dataDescriptor: true }))),
  )
  const { source, listing } = openArchive(archive)
  source.close()
  return listing.entries.map((entry) => ({ path: entry.name, mode: 0o644, source: { archive, entry } }))
}

test('a package is made of wheels and own files, compressed bytes copied as they are', async () => {
  const folder = temporaryFolder()
  const large = randomBytes(5_000_000)
  const entries = [
    ...wheel(folder, 'a.whl', { 'a/__init__.py': 'A = 1\n'.repeat(50), 'a/large.bin': large }),
    ...wheel(folder, 'b.whl', { 'b.py': 'B = 2\n'.repeat(50) }),
    own('app.py', 'def main(event, context): ...\n'),
  ]
  const out = join(folder, 'out/package.zip')
  const archive = await splice(entries, out)

  const bytes = readFileSync(out)
  expect(archive).toEqual({
    path: out,
    bytes: bytes.length,
    digest: sha256(bytes),
    codeSha256: digestToBase64(sha256(bytes)),
    entries: 4,
    unzippedBytes: 5_000_000 + 300 + 300 + 30,
  })
  const listing = listArchiveSync(bytesSource(bytes))
  expect(listing.hazards).toEqual([])
  expect(listing.entries.map((entry) => entry.name)).toEqual(['a/__init__.py', 'a/large.bin', 'app.py', 'b.py'])
  expect(readEntry(bytesSource(bytes), listing.entries[1]!).equals(large)).toBe(true)
  execFileSync('unzip', ['-tq', out])
  expect(readdirSync(join(folder, 'out'))).toEqual(['package.zip'])
})

test('the same entries in any order give the same bytes, and the writer in memory gives them too', async () => {
  const folder = temporaryFolder()
  const texts = { 'z.py': 'z', 'a/b.py': 'b'.repeat(999), 'a.py': 'a', 'ä.py': 'ä', 'bin/run': '#!/bin/sh\n' }
  const entries = Object.entries(texts).map(([path, text]) => own(path, text, path === 'bin/run' ? 0o755 : 0o644))
  const first = await splice(entries, join(folder, '1.zip'))
  const second = await splice([...entries].reverse(), join(folder, '2.zip'))
  expect(second.digest).toBe(first.digest)
  const inMemory = archiveBytes(
    Object.entries(texts).map(([path, bytes]) => ({ path, bytes, mode: path === 'bin/run' ? 0o755 : 0o644 })),
  )
  expect(sha256(inMemory)).toBe(first.digest)
})

test('the bytes of a package are these, on every machine and Node version', () => {
  const bytes = archiveBytes([
    {
      path: 'lambda_function.py',
      bytes: 'import json\n\n\ndef lambda_handler(event, context):\n    return {"statusCode": 200}\n'.repeat(40),
    },
    { path: 'data/ü.txt', bytes: Array.from({ length: 3000 }, (_, index) => `${index * index}`).join(',') },
  ])
  expect(sha256(bytes)).toBe('b2e20d4eed7cd99078a3b8834ab041dedf91ff1b19347f242414f2c2645fa3ae')
})

test('no entry carries anything of the host: fixed time, Unix, no extra fields, modes as told', () => {
  const { entries } = listArchiveSync(
    bytesSource(
      archiveBytes([
        { path: 'run', bytes: '#!', mode: 0o755 },
        { path: 'x.py', bytes: '' },
      ]),
    ),
  )
  expect(entries.map(({ creator, dosTime, extraBytes, flags }) => ({ creator, dosTime, extraBytes, flags }))).toEqual(
    [1, 2].map(() => ({ creator: 3, dosTime: 0x00210000, extraBytes: 0, flags: 0 })),
  )
  expect(entries.map((entry) => (entry.externalAttributes >>> 16).toString(8))).toEqual(['100755', '100644'])
})

test('paths are ordered by their UTF-8 bytes, also beyond U+FFFF', () => {
  const paths = ['a', 'a/b', 'a.py', 'Z', 'é', '\u{1f600}', '\uff00', '\ufb01x', '\u{10000}']
  const byBytes = [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect([...paths].sort(compareUtf8)).toEqual(byBytes)
})

test.each([
  [[own('a.py', '1'), own('a.py', '2')], '`a.py` would stand in the package twice'],
  [[own('../a.py', '1')], '`../a.py` cannot be a path in a package'],
  [[own('/a.py', '1')], '`/a.py` cannot be a path in a package'],
  [[own('lib/', '')], '`lib/` cannot be a path in a package'],
])('a plan that is no package is refused and nothing is written', async (plan, sentence) => {
  const folder = temporaryFolder()
  await expect(splice(plan, join(folder, 'out.zip'))).rejects.toThrow(sentence)
  expect(readdirSync(folder)).toEqual([])
  expect(() => orderEntries(plan)).toThrow(sentence)
})

test('a wheel that was cut after it was listed is noticed, and the package of before stays', async () => {
  const folder = temporaryFolder()
  const entries = wheel(folder, 'a.whl', { 'a.bin': randomBytes(100_000) })
  const out = join(folder, 'out.zip')
  await splice([own('old.py', 'old')], out)
  const before = readFileSync(out)
  truncateSync(join(folder, 'a.whl'), 50_000)
  await expect(splice([...entries, own('app.py', 'x')], out)).rejects.toThrow('`a.bin` cannot be copied from')
  expect(readFileSync(out).equals(before)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['a.whl', 'out.zip'])
})

// A small disk of its own can only be made by root; CI is root.
test.runIf(process.getuid?.() === 0)('a full disk is answered with a sentence and leaves nothing', async () => {
  const folder = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  try {
    const out = join(folder, 'out.zip')
    await expect(
      splice([own('app.py', 'x'), { path: 'b', mode: 0o644, source: { bytes: randomBytes(8_000_000) } }], out),
    ).rejects.toMatchObject({
      code: 'ZY0111',
      message: `\`${out}\` could not be written: the disk is full (ENOSPC)`,
    })
    expect(readdirSync(folder)).toEqual([])
  } finally {
    execFileSync('umount', [folder])
  }
})

test('a build that is interrupted leaves nothing behind', async () => {
  const folder = temporaryFolder()
  const script = `
    import { splice } from ${JSON.stringify(new URL('./splicer.ts', import.meta.url).href)}
    const bytes = Buffer.alloc(30_000_000, 1)
    const packed = { method: 0, crc32: 0, uncompressedBytes: bytes.length, data: bytes }
    const entries = Array.from({ length: 100 }, (_, index) => ({ path: String(index), mode: 0o644, source: { packed } }))
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 30)
    await splice(entries, ${JSON.stringify(join(folder, 'out.zip'))})
  `
  const file = join(temporaryFolder(), 'run.mts')
  writeFileSync(file, script)
  expect(() => execFileSync(process.execPath, ['--import', 'tsx', file], { stdio: 'pipe' })).toThrow()
  expect(readdirSync(folder)).toEqual([])
})

test('an index says of a wheel what its directory and local headers say', () => {
  const folder = temporaryFolder()
  const archive = join(folder, 'a.whl')
  writeFileSync(
    archive,
    rawZip([{ name: 'a/' }, { name: 'a/ü.py', bytes: 'x'.repeat(99), mode: 0o100755 }, { name: 'b.py', bytes: 'y' }]),
  )
  const { source, listing } = openArchive(archive)
  source.close()
  const encoded = encodeWheelIndex(listing)
  const shifted = Buffer.concat([Buffer.from('?'), encoded]).subarray(1)
  for (const bytes of [encoded, shifted]) {
    const index = decodeWheelIndex(bytes)
    expect(index.archiveBytes).toBe(statSync(archive).size)
    expect(index.entries).toEqual(
      listing.entries.slice(1).map(({ name, method, crc32, compressedBytes, uncompressedBytes, dataOffset }) => ({
        name,
        method,
        crc32,
        compressedBytes,
        uncompressedBytes,
        dataOffset,
        mode: name === 'a/ü.py' ? 0o755 : 0o644, // prettier-ignore
      })),
    )
  }
})

test('a damaged index is noticed wherever a byte is changed or missing', () => {
  const listing = listArchiveSync(bytesSource(rawZip([{ name: 'a.py', bytes: 'x' }, { name: 'b.py' }])))
  const encoded = encodeWheelIndex(listing)
  for (let at = 0; at < encoded.length; at++) {
    if (at >= 8 && at < 16) continue // the wheel's length: a wrong one is noticed when it is compared
    if (at >= 24 && at < 32) continue // reserved
    const changed = Uint8Array.from(encoded)
    changed[at]! ^= 1
    expect(() => decodeWheelIndex(changed), `byte ${at}`).toThrow('a cached wheel index is damaged')
    expect(() => decodeWheelIndex(encoded.subarray(0, at))).toThrow('a cached wheel index is damaged')
  }
})

test('from 65,535 files on the archive is zip64, below it is not', async () => {
  const folder = temporaryFolder()
  const entries = Array.from({ length: 65_535 }, (_, index) => own(`f/${index}`, ''))
  const out = join(folder, 'many.zip')
  await splice(entries, out)
  expect(openedHazards(out)).toEqual(['zip64'])
  expect(
    execFileSync('unzip', ['-Z', '-1', out], { maxBuffer: 1 << 24 })
      .toString()
      .trim()
      .split('\n').length,
  ).toBe(65_535)
  expect(
    execFileSync('python3', ['-c', `import zipfile; print(len(zipfile.ZipFile(${JSON.stringify(out)}).namelist()))`])
      .toString()
      .trim(),
  ).toBe('65535')
  await splice(entries.slice(1), out)
  expect(openedHazards(out)).toEqual([])
  expect(existsSync(out)).toBe(true)
})

function openedHazards(path: string): string[] {
  const { source, listing } = openArchive(path)
  source.close()
  return listing.hazards.map((hazard) => hazard.code)
}

test('small neighbours that are read in one go come out right, in any order and from many archives', async () => {
  const folder = temporaryFolder()
  const contents = new Map<string, string>()
  const entries: SpliceEntry[] = []
  for (let each = 0; each < 230; each++) {
    const files: Record<string, string> = {}
    for (let file = 0; file < 6; file++) {
      const path = `${['a', 'z', 'm'][file % 3]}/${each}_${file}.txt`
      files[path] = `${path} `.repeat((each * 7 + file * 131) % 400)
      contents.set(path, files[path])
    }
    entries.push(...wheel(folder, `${each}.whl`, files))
  }
  entries.push({ path: 'm/large', mode: 0o644, source: { bytes: randomBytes(3_000_000) } })
  const { path } = await splice(entries, join(folder, 'out/all.zip'))
  const { source, listing } = openArchive(path)
  for (const entry of listing.entries)
    if (entry.name !== 'm/large') expect(readEntry(source, entry).toString(), entry.name).toBe(contents.get(entry.name))
  source.close()
  expect(listing.entries.length).toBe(contents.size + 1)
  expect(listing.hazards).toEqual([])
})
