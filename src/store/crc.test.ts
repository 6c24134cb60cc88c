import { expect, test } from 'vitest'
import { createHasher, type HashAlgorithm } from './hash-algorithms.ts'

const known: readonly [HashAlgorithm, string][] = [
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
]

test.each(known)('the %s of the digits 1 to 9 is the published check value', (algorithm, expected) => {
  const hasher = createHasher(algorithm)
  hasher.update(Buffer.from('123456789'))
  expect(hasher.finish()).toBe(expected)
})

test.each(known)('the %s does not depend on how the bytes are cut into chunks', (algorithm) => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7 + (index >> 3)) & 255))
  const whole = createHasher(algorithm)
  whole.update(bytes)
  const digest = whole.finish()
  for (const size of [1, 3, 8, 13, 999]) {
    const cut = createHasher(algorithm)
    for (let at = 0; at < bytes.length; at += size) cut.update(bytes.subarray(at, at + size))
    expect(cut.finish()).toBe(digest)
  }
})
