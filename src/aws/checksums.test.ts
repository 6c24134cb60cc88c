import { expect, test } from 'vitest'
import { checksumOfHeader, newChecksum, type ChecksumAlgorithm } from './checksums.ts'

/** The check values that the catalogues of CRCs print for the text `123456789`. */
const known: readonly [ChecksumAlgorithm, string][] = [
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
]

test.each(known)('%s of `123456789`, in one piece and in two', (algorithm, hex) => {
  for (const pieces of [['123456789'], ['1234', '56789']]) {
    const checksum = newChecksum(algorithm)
    for (const piece of pieces) checksum.update(Buffer.from(piece))
    expect(Buffer.from(checksum.digest(), 'base64').toString('hex')).toBe(hex)
  }
})

test('the header of a checksum names its algorithm', () => {
  expect(checksumOfHeader('X-Amz-Checksum-CRC32C')).toBe('crc32c')
  expect(checksumOfHeader('x-amz-checksum-md5')).toBeUndefined()
})
