import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Inflater } from './inflater.ts'

const texts = ['', 'a', 'import os\n'.repeat(10_000), 'x'.repeat(1_000_000), 'é'.repeat(300)].map((text) =>
  Buffer.from(text),
)

test('unpacks one file after the other, small and large, also those packed in several blocks', () => {
  const inflater = new Inflater()
  for (const bytes of [...texts, ...texts.toReversed()])
    for (const level of [0, 1, 9]) {
      const packed = deflateRawSync(bytes, { level })
      expect(inflater.inflate(packed, bytes.length)?.equals(bytes)).toBe(true)
    }
  inflater.close()
})

test('what is not so many bytes, is cut short, goes on or is no deflate has no answer, and the next file has one', async () => {
  const inflater = new Inflater()
  const bytes = texts[2]!
  const packed = deflateRawSync(bytes)
  const damaged = [
    () => inflater.inflate(packed, bytes.length - 1),
    () => inflater.inflate(packed, bytes.length + 1),
    () => inflater.inflate(packed.subarray(0, -3), bytes.length),
    () => inflater.inflate(Buffer.concat([packed, Buffer.from('more')]), bytes.length),
    () => inflater.inflate(Buffer.from([0xff, 0xff, 0xff]), 10),
    () => inflater.inflate(Buffer.alloc(0), 10),
    () => inflater.inflate(Buffer.alloc(0), 0),
  ]
  for (const attempt of damaged) {
    expect(attempt()).toBeUndefined()
    expect(inflater.inflate(packed, bytes.length)?.equals(bytes)).toBe(true)
  }
  inflater.close()
  // Nothing is thrown behind anybody's back.
  await new Promise((resolve) => setImmediate(resolve))
  expect(inflater.inflate(packed, bytes.length)?.equals(bytes)).toBe(true)
  inflater.close()
})
