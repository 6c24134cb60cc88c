import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { rawZip, type RawEntry } from '../../test/kit/raw-zip.ts'
import { requireAcceptable } from './policy.ts'
import { listArchiveSync } from './reader.ts'
import { bytesSource } from './source.ts'

/**
 * An archive in which one file's packed bytes quote the whole of another file, header and data, in a stored block of deflate: every
 * header is true, and yet both unpack the same bytes. Nested, it is the bomb of David Fifield's "A better zip bomb".
 */
function quotedOverlap(): Buffer {
  const kernel = Buffer.alloc(4000)
  const inner: RawEntry = { name: 'b', bytes: kernel }
  const header = rawZip([inner]).subarray(0, 30 + 1)
  const block = Buffer.from([0, header.length, 0, ~header.length & 0xff, 0xff])
  const outer: RawEntry = {
    name: 'a',
    bytes: Buffer.concat([header, kernel]),
    packed: Buffer.concat([block, header, deflateRawSync(kernel)]),
  }
  return rawZip([outer, { ...inner, offset: 30 + 1 + block.length }])
}

test.each(['upload', 'wheel'] as const)('files that share bytes are refused for that alone under `%s`', (policy) => {
  const { hazards } = listArchiveSync(bytesSource(quotedOverlap()))
  expect(hazards.map(({ code }) => code)).toEqual(['overlap'])
  expect(() => requireAcceptable({ file: 'p.zip', hazards }, policy)).toThrow(
    '`p.zip` is refused: `b` and `a` share bytes',
  )
})

test('what only looks is shown an archive whose files share bytes', () => {
  const { hazards } = listArchiveSync(bytesSource(quotedOverlap()))
  expect(() => requireAcceptable({ file: 'p.zip', hazards }, 'inspect')).not.toThrow()
})
