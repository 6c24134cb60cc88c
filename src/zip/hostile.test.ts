import { crc32 as crcOf } from 'node:zlib'
import { expect, test } from 'vitest'
import { rawZip, type RawEntry, type RawZip } from '../../test/kit/raw-zip.ts'
import { notAZip } from './errors.ts'
import type { HazardCode } from './hazard.ts'
import { refusedHazards } from './policy.ts'
import { listArchiveSync } from './reader.ts'
import { bytesSource } from './source.ts'

const app: RawEntry = { name: 'app.py', bytes: 'def main(event, context): return 1\n'.repeat(9) }
const named = (name: string | Uint8Array, more: Partial<RawEntry> = {}): Buffer =>
  rawZip([app, { ...app, name, ...more }])
const zip = (entry: Partial<RawEntry>, options: RawZip = {}): Buffer => rawZip([{ ...app, ...entry }], options)
const unicodePath = (of: string, other: string): Uint8Array => {
  const crc = Buffer.alloc(4)
  crc.writeUInt32LE(crcOf(of))
  const length = Buffer.alloc(2)
  length.writeUInt16LE(5 + Buffer.byteLength(other))
  return Buffer.concat([Buffer.from([0x75, 0x70]), length, Buffer.from([1]), crc, Buffer.from(other)])
}

/** Name, bytes, the hazard that must be listed, and whether Lambda's rules refuse it (wheels refuse all but notes). */
const table: readonly (readonly [string, Buffer, HazardCode, 'refused' | 'accepted'])[] = [
  ['a folder above the root', named('../../etc/cron.d/x'), 'parent-name', 'refused'],
  ['a folder above the root in the middle', named('a/../../x.py'), 'parent-name', 'refused'],
  ['a folder above the root with backslashes', named('..\\..\\x.py'), 'parent-name', 'refused'],
  ['an absolute name', named('/etc/passwd'), 'absolute-name', 'refused'],
  ['an absolute name with a backslash', named('\\windows\\x'), 'absolute-name', 'refused'],
  ['a drive letter', named('C:/x.py'), 'drive-name', 'refused'],
  ['a NUL in the name', named('app.py\0.txt'), 'nul-name', 'refused'],
  ['no name', named(''), 'empty-name', 'refused'],
  ['a dot as name', named('.'), 'empty-name', 'refused'],
  ['a name of 256 bytes', named(`${'x'.repeat(253)}.py`), 'long-name', 'refused'],
  ['a path of 5,000 bytes', named('folder/'.repeat(714)), 'long-name', 'refused'],
  [
    'bytes that are not UTF-8 under the UTF-8 flag',
    named(Buffer.from([0x61, 0xff, 0xfe]), { flags: 0x800 }),
    'name-not-utf8',
    'refused',
  ],
  ['a non-ASCII name without the flag', named(Buffer.from('é.py'), { flags: 0 }), 'name-unmarked', 'accepted'],
  ['a decomposed name', named('e\u0301.py'), 'name-not-nfc', 'accepted'],
  ['backslashes between folders', named('pkg\\mod.py'), 'backslash-name', 'accepted'],
  ['a line feed in the name', named('a\nb.py'), 'control-name', 'accepted'],
  ['a dot folder in the name', named('./lib//x.py'), 'untidy-name', 'accepted'],
  [
    'a second name in an extra field',
    named('safe.py', { extra: unicodePath('safe.py', 'evil.py') }),
    'unicode-path',
    'accepted',
  ],
  [
    'a second name that leads out',
    named('safe.py', { extra: unicodePath('safe.py', '../evil.py') }),
    'parent-name',
    'refused',
  ],
  ['the same name twice', named('app.py'), 'duplicate-name', 'accepted'],
  ['the same path spelled twice', named('./app.py'), 'duplicate-name', 'accepted'],
  ['names that differ in case only', named('APP.py'), 'case-collision', 'accepted'],
  ['a file that is also a folder', named('app.py/x.py'), 'path-conflict', 'refused'],
  ['a folder called like a file', named('app.py/'), 'path-conflict', 'refused'],
  [
    'a file below a link',
    rawZip([{ name: 'a', bytes: '/etc', mode: 0o120777 }, { name: 'a/passwd' }]),
    'path-conflict',
    'refused',
  ],
  ['an encrypted entry', zip({ flags: 1 }), 'encrypted', 'refused'],
  ['bzip2', zip({ method: 12 }), 'method', 'refused'],
  ['LZMA', zip({ method: 14 }), 'method', 'refused'],
  ['zstandard', zip({ method: 93 }), 'method', 'refused'],
  ['deflate64', zip({ method: 9 }), 'method', 'refused'],
  ['no local header', zip({ local: { signature: 0x04034b51 } }), 'local-header', 'refused'],
  ['another name in the local header', zip({ local: { name: 'own.py' } }), 'local-name', 'refused'],
  ['a longer name in the local header', zip({ local: { name: 'app.pyc' } }), 'local-name', 'refused'],
  ['another method in the local header', zip({ local: { method: 0 } }), 'local-method', 'refused'],
  ['another size in the local header', zip({ local: { uncompressedBytes: 7 } }), 'local-size', 'refused'],
  ['another checksum in the local header', zip({ local: { crc32: 7 } }), 'local-size', 'refused'],
  ['data beyond the end', zip({ directory: { compressedBytes: 100_000 } }), 'out-of-bounds', 'refused'],
  ['a header beyond the end', zip({ offset: 100_000 }), 'out-of-bounds', 'refused'],
  [
    'two entries that share their data',
    rawZip([app, { ...app, name: 'app.p2', offset: 0, local: { name: 'app.py' } }]),
    'overlap',
    'refused',
  ],
  [
    'a ratio that deflate cannot reach',
    zip({ directory: { uncompressedBytes: 900_000_000 }, dataDescriptor: true }),
    'impossible-ratio',
    'refused',
  ],
  ['a stored file of two sizes', zip({ method: 0, directory: { uncompressedBytes: 5 } }), 'size-disagrees', 'refused'],
  ['a folder with data', named('lib/'), 'directory-with-data', 'accepted'],
  ['a symbolic link', rawZip([app, { name: 'link', bytes: 'app.py', mode: 0o120777 }]), 'symbolic-link', 'accepted'],
  ['a device', named('tty', { mode: 0o020666 }), 'special-file', 'accepted'],
  ['a named pipe', named('pipe', { mode: 0o010644 }), 'special-file', 'accepted'],
  ['sizes behind the data', zip({ dataDescriptor: true }), 'data-descriptor', 'accepted'],
  ['sizes behind stored data', zip({ dataDescriptor: true, method: 0 }), 'data-descriptor', 'accepted'],
  ['a shell script in front', zip({}, { prefix: Buffer.from('#!/bin/sh\n') }), 'prepended-data', 'accepted'],
  ['bytes behind the end', zip({}, { suffix: Buffer.from('tail') }), 'trailing-data', 'accepted'],
  ['an end record inside the comment', zip({}, { comment: rawZip([]) }), 'ambiguous-end', 'refused'],
  ['bytes between directory and end', zip({}, { gap: Buffer.from('????') }), 'directory-gap', 'accepted'],
  ['fewer entries than counted', zip({}, { entryCount: 3 }), 'entry-count', 'accepted'],
  ['more entries than counted', rawZip([app, { ...app, name: 'b.py' }], { entryCount: 1 }), 'entry-count', 'accepted'],
  ['a disk of several', zip({}, { disk: 2 }), 'multi-disk', 'refused'],
  ['no entries', rawZip([]), 'no-entries', 'refused'],
]

test.each(table)('%s is listed as a hazard', (_, bytes, code, verdict) => {
  const { hazards } = listArchiveSync(bytesSource(bytes))
  expect(hazards.map((hazard) => hazard.code)).toContain(code)
  expect(refusedHazards(hazards, 'upload').length > 0 ? 'refused' : 'accepted').toBe(verdict)
  expect(refusedHazards(hazards, 'inspect')).toEqual([])
  const notes = ['data-descriptor', 'zip64', 'name-not-nfc', 'case-collision', 'name-unmarked']
  expect(refusedHazards(hazards, 'wheel').length > 0).toBe(!notes.includes(code))
})

test.each<readonly [string, Buffer, string]>([
  ['nothing at all', Buffer.alloc(0), 'it is empty'],
  ['a text', Buffer.from('not a zip, '.repeat(20)), 'it has no end of central directory record'],
  ['ten bytes', Buffer.alloc(10), 'it has only 10 bytes'],
  ['a zip cut at the end', rawZip([app]).subarray(0, -30), 'it has no end of central directory record'],
  [
    'a zip cut at the start',
    rawZip([app, { ...app, name: 'b.py' }]).subarray(60),
    'its central directory is missing, part of the file was cut out',
  ],
  ['a zip whose directory was overwritten', overwritten(), 'its central directory is not where its end record says'],
])('%s is not a zip', (_, bytes, because) => {
  expect(() => listArchiveSync(bytesSource(bytes), { file: 'p.zip' })).toThrow(
    `\`p.zip\` is not a complete zip archive: ${because}`,
  )
  expect(notAZip.is(thrown(() => listArchiveSync(bytesSource(bytes))))).toBe(true)
})

test('an ordinary archive has no hazards', () => {
  expect(listArchiveSync(bytesSource(rawZip([app, { name: 'lib/' }, { name: 'lib/ü.py' }]))).hazards).toEqual([])
})

test('offsets that count the prepended data are fine as they are', () => {
  const bytes = zip({}, { prefix: Buffer.from('#!/bin/sh\n'), adjustOffsets: true })
  expect(listArchiveSync(bytesSource(bytes)).hazards).toEqual([])
})

function overwritten(): Buffer {
  const bytes = zip({}, { prefix: Buffer.from('#!') })
  bytes.writeUInt32LE(0, bytes.length - 22 - 46 - 6)
  return bytes
}

function thrown(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
