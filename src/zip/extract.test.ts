import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { rawZip, type RawEntry } from '../../test/kit/raw-zip.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { extractArchive, extractInWorker, type ExtractOptions, type Extracted } from './extract.ts'

interface Unpacked extends Extracted {
  readonly into: string
  /** Path to mode, `->` for links. */
  readonly tree: Readonly<Record<string, string>>
}

async function unpack(
  archives: readonly (readonly RawEntry[] | Buffer)[],
  options: Partial<ExtractOptions> = {},
): Promise<Unpacked> {
  const folder = temporaryFolder()
  const archivePaths = archives.map((entries, index) => {
    const path = join(folder, `${index}.zip`)
    writeFileSync(path, Buffer.isBuffer(entries) ? entries : rawZip(entries))
    return path
  })
  const into = join(folder, 'task')
  try {
    const extracted = await extractArchive({ archivePaths, into, limitBytes: 262_144_000, ...options })
    return { ...extracted, into, tree: treeOf(into) }
  } catch (error) {
    expect(existsSync(into), 'nothing is left').toBe(false)
    throw error
  }
}

function treeOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map((name) => {
      const stat = lstatSync(join(folder, name))
      return [name, stat.isSymbolicLink() ? `-> ${readlinkSync(join(folder, name))}` : (stat.mode & 0o7777).toString(8)]
    }),
  )
}

test("files and folders get the zip's own permission bits, folders nobody names get 0755", async () => {
  const { tree, ...counts } = await unpack([
    [
      { name: 'app.py', bytes: 'x', mode: 0o100600 },
      { name: 'bin/run', bytes: '#!/bin/sh', mode: 0o104755 },
      { name: 'private/', mode: 0o040500 },
      { name: 'private/key.py', mode: 0o100444 },
      { name: 'deep/er/x.py', mode: 0o100640 },
    ],
  ])
  expect(tree).toEqual({
    'app.py': '600',
    bin: '755',
    'bin/run': '755',
    private: '500',
    'private/key.py': '444',
    deep: '755',
    'deep/er': '755',
    'deep/er/x.py': '640',
  })
  expect(counts).toMatchObject({ files: 4, folders: 4, links: 0, bytes: 10 })
})

test('archives without Unix bits, as Windows makes them, get 0644 and 0755', async () => {
  const { tree } = await unpack([
    [
      { name: 'app.py', creator: 0, mode: 0o100600 },
      { name: 'lib/', creator: 0 },
      { name: 'zero.py', mode: 0 },
    ],
  ])
  expect(tree).toEqual({ 'app.py': '644', lib: '755', 'zero.py': '644' })
})

test('where the function owns the files, owner and group get what the zip gives others', async () => {
  const { tree } = await unpack(
    [
      [
        { name: 'a.py', mode: 0o100600 },
        { name: 'b.py', mode: 0o100755 },
        { name: 'd/', mode: 0o040700 },
        { name: 'd/c.py' },
      ],
    ],
    { permissions: 'as-other' },
  )
  expect(tree).toMatchObject({ 'a.py': '0', 'b.py': '555', d: '0' })
})

test('symbolic links are kept verbatim, and nothing is ever written through one', async () => {
  const outside = temporaryFolder()
  const { tree, links } = await unpack([
    [
      { name: 'loop', bytes: 'loop', mode: 0o120777 },
      { name: 'out', bytes: outside, mode: 0o120777 },
      { name: 'lib/libx.so', bytes: 'libx.so.1', mode: 0o120777 },
      { name: 'lib/libx.so.1', bytes: 'ELF' },
    ],
  ])
  expect(links).toBe(3)
  expect(tree).toMatchObject({ loop: '-> loop', out: `-> ${outside}`, 'lib/libx.so': '-> libx.so.1' })
  await expect(
    unpack([
      [
        { name: 'd', bytes: outside, mode: 0o120777 },
        { name: 'd/x', bytes: '!' },
      ],
    ]),
  ).rejects.toThrow('`d` is both a file and a folder')
  expect(readdirSync(outside)).toEqual([])
})

test('a link of one layer does not lead the next layer out of the folder', async () => {
  const outside = temporaryFolder()
  const { tree } = await unpack([
    [
      { name: 'python', bytes: outside, mode: 0o120777 },
      { name: 'keep.txt', bytes: '1' },
      { name: 'd/old.py', bytes: '1' },
    ],
    [
      { name: 'python/evil.py', bytes: '!' },
      { name: 'keep.txt', bytes: '22' },
      { name: 'd', bytes: 'now a file' },
    ],
  ])
  expect(tree).toEqual({ python: '755', 'python/evil.py': '644', 'keep.txt': '644', d: '644' })
  expect(readdirSync(outside)).toEqual([])
})

test('of two entries with one name the last wins', async () => {
  const { into, files } = await unpack([
    [
      { name: 'app.py', bytes: 'first' },
      { name: './app.py', bytes: 'last' },
    ],
  ])
  expect(readFileSync(join(into, 'app.py'), 'utf8')).toBe('last')
  expect(files).toBe(1)
})

test('the root itself may be named and gets its bits, and names with backslashes stay files as on Linux', async () => {
  const { into, tree } = await unpack([[{ name: './', mode: 0o040700 }, { name: './a.py' }, { name: 'pkg\\mod.py' }]])
  expect(tree).toEqual({ 'a.py': '644', 'pkg\\mod.py': '644' })
  expect((lstatSync(into).mode & 0o777).toString(8)).toBe('700')
  expect((lstatSync((await unpack([[{ name: 'a.py' }]])).into).mode & 0o777).toString(8)).toBe('755')
})

test.each<readonly [string, readonly RawEntry[] | Buffer, string]>([
  ['leads out of the folder', [{ name: '../x' }], '`../x` leads out of the package'],
  ['is encrypted', [{ name: 'x', flags: 1 }], '`x` is encrypted'],
  ['is packed with zstandard', [{ name: 'x', method: 93 }], '`x` is packed with zstandard'],
  ['holds nothing', [], 'it holds no files'],
  ['is no zip', Buffer.from('no zip'), 'is not a complete zip archive'],
  [
    'has a wrong checksum',
    [{ name: 'x', bytes: 'abc', directory: { crc32: 1 } }],
    '`x` in `FILE` is damaged: its checksum is wrong',
  ],
  [
    'has data that is not deflate',
    [{ name: 'x', packed: Buffer.alloc(9, 0xff), directory: { uncompressedBytes: 9 } }],
    'its data is not deflate',
  ],
  [
    'unpacks to more than it claims',
    [{ name: 'x', bytes: 'a'.repeat(9000), directory: { uncompressedBytes: 900 } }],
    'it unpacks to more than the 900 bytes it claims',
  ],
  [
    'unpacks to less than it claims',
    [{ name: 'x', bytes: 'abc', directory: { uncompressedBytes: 900 } }],
    'it unpacks to 3 bytes, not 900',
  ],
  [
    'has bytes behind its data',
    [{ name: 'x', packed: Buffer.concat([deflateRawSync('abc'), Buffer.from('hidden')]), bytes: 'abc' }],
    '6 bytes stand behind its data',
  ],
  ['has a link to nothing', [{ name: 'x', bytes: '', mode: 0o120777 }], 'a symbolic link without a usable target'],
])('an archive that %s is refused and leaves nothing', async (_, archive, sentence) => {
  await expect(unpack([[{ name: 'fine.py', bytes: 'x' }], archive])).rejects.toThrow(
    expect.objectContaining({ message: expect.stringMatching(pattern(sentence)) }),
  )
})

function pattern(sentence: string): RegExp {
  return new RegExp(sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('FILE', '[^`]+'))
}

test('the sizes of all archives together must be below the limit, by one byte', async () => {
  const entries = [{ name: 'x', bytes: 'a'.repeat(60) }]
  await expect(unpack([entries, entries], { limitBytes: 121 })).resolves.toBeTruthy()
  await expect(unpack([entries, entries], { limitBytes: 120 })).rejects.toMatchObject({
    code: 'ZY0105',
    details: { bytes: 120 },
  })
})

test('a bomb that lies about its size stops at what it claims', async () => {
  const bomb = deflateRawSync(Buffer.alloc(200_000_000))
  const claims = { uncompressedBytes: 30_000_000, compressedBytes: bomb.length }
  await expect(
    unpack([[{ name: 'bomb', packed: bomb, directory: claims }]], { limitBytes: 40_000_000 }),
  ).rejects.toThrow('it unpacks to more than the 30000000 bytes it claims')
})

test('a large file is unpacked piece by piece to the same bytes', async () => {
  const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => `${index}\n`).join(''))
  expect(large.length).toBeGreaterThan(16 * 1024 * 1024)
  const { into, bytes } = await unpack([
    [
      { name: 'large', bytes: large },
      { name: 'stored', bytes: large, method: 0 },
    ],
  ])
  expect(readFileSync(join(into, 'large')).equals(large)).toBe(true)
  expect(readFileSync(join(into, 'stored')).equals(large)).toBe(true)
  expect(bytes).toBe(2 * large.length)
})

test('a worker unpacks while the event loop goes on, and its refusals arrive as they are', async () => {
  const folder = temporaryFolder()
  const archivePath = join(folder, 'p.zip')
  writeFileSync(archivePath, rawZip([{ name: 'app.py', bytes: 'x' }]))
  const options = { archivePaths: [archivePath], into: join(folder, 'task'), limitBytes: 1000 }
  await expect(extractInWorker(options)).resolves.toMatchObject({ files: 1, bytes: 1 })
  writeFileSync(archivePath, 'no zip')
  await expect(extractInWorker({ ...options, into: join(folder, 'other') })).rejects.toMatchObject({
    code: 'ZY0101',
    kind: 'refused',
  })
})

test('what Info-ZIP, Python and jar-like streams pack is unpacked to the same tree', async () => {
  const folder = temporaryFolder()
  const source = join(folder, 'source')
  execFileSync('sh', [
    '-c',
    `mkdir -p ${source}/pkg/sub && cd ${source} && echo a > pkg/sub/a.py && echo ü > pkg/ü.txt && printf '' > empty.py && ln -s pkg/sub/a.py link && chmod 640 empty.py && chmod 750 pkg/sub`,
  ])
  const info = join(folder, 'info.zip')
  execFileSync('zip', ['-qry', info, '.'], { cwd: source })
  const python = join(folder, 'python.zip')
  execFileSync(
    'python3',
    ['-c', `import shutil; shutil.make_archive(${JSON.stringify(python.slice(0, -4))}, 'zip', '.')`],
    { cwd: source },
  )
  const streamed = join(folder, 'streamed.zip')
  execFileSync('sh', ['-c', `zip -qr - . > ${streamed}`], { cwd: source })
  const plain = { pkg: '755', 'pkg/sub': '750', 'pkg/sub/a.py': '644', 'pkg/ü.txt': '644', 'empty.py': '640' }
  const options = (path: string, name: string): ExtractOptions => ({
    archivePaths: [path],
    into: join(folder, name),
    limitBytes: 1e6,
  })
  await extractArchive(options(info, 't1'))
  expect(treeOf(join(folder, 't1'))).toEqual({ ...plain, link: '-> pkg/sub/a.py' })
  await extractArchive(options(python, 't2'))
  expect(treeOf(join(folder, 't2'))).toEqual({ ...plain, link: '644' })
  await extractArchive(options(streamed, 't3'))
  expect(treeOf(join(folder, 't3'))).toEqual({ ...plain, link: '644' })
  expect(readFileSync(join(folder, 't3/pkg/ü.txt'), 'utf8')).toBe('ü\n')
})
