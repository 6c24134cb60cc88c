import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { sha256 } from '../base/digest.ts'
import { pieceBytes, pieces } from './digest-ring.ts'
import { DigestThread } from './digest-thread.ts'
import { OutputFile } from './output-file.ts'

const large = randomBytes(3 * pieces * pieceBytes + 12_345)

/** Writes through an output file whose package is expected to be so long. */
function write(path: string, bytes: Buffer, expectedBytes: number, mayLag = false): { bytes: number; digest: string } {
  const output = new OutputFile(path, expectedBytes, mayLag)
  output.put(bytes)
  return finish(output)
}

function finish(output: OutputFile): { bytes: number; digest: string } {
  const { bytes, digest } = output.finish()
  return { bytes, digest: digest() }
}

test('the digest of a large package is made in a thread of its own, package after package', () => {
  const folder = temporaryFolder()
  const path = join(folder, 'package.zip')
  for (const bytes of [large, large.subarray(7), large.subarray(0, pieceBytes), Buffer.alloc(0)]) {
    const before = DigestThread.used
    expect(write(path, bytes, 100_000_000)).toEqual({ bytes: bytes.length, digest: sha256(bytes) })
    // With one processor there is none.
    expect(DigestThread.used).toBe(availableParallelism() > 1 ? before + 1 : before)
    expect(readFileSync(path).equals(bytes)).toBe(true)
  }
  expect(readdirSync(folder)).toEqual(['package.zip'])
})

test('two packages at the same time do not share a thread, and a small one never asks for one', () => {
  const folder = temporaryFolder()
  const first = new OutputFile(join(folder, 'first.zip'), 100_000_000)
  first.put(large)
  expect(write(join(folder, 'second.zip'), large.subarray(7), 100_000_000).digest).toBe(sha256(large.subarray(7)))
  const used = DigestThread.used
  expect(write(join(folder, 'small.zip'), large.subarray(0, 99), 99).digest).toBe(sha256(large.subarray(0, 99)))
  expect(DigestThread.used).toBe(used)
  expect(finish(first).digest).toBe(sha256(large))
})

test('a package that is given up in the middle leaves nothing behind, and the next one has its own digest', () => {
  const folder = temporaryFolder()
  const broken = new OutputFile(join(folder, 'broken.zip'), 100_000_000)
  broken.put(large)
  const reason = new Error('enough')
  expect(broken.giveUp(reason)).toBe(reason)
  expect(readdirSync(folder)).toEqual([])
  expect(write(join(folder, 'next.zip'), large, 100_000_000).digest).toBe(sha256(large))
})

test('a writer that does not wait for the thread has the right digest, whatever of it was read back from the file', () => {
  const folder = temporaryFolder()
  for (const bytes of [large, Buffer.concat([large, large, large]), large.subarray(3, 99)])
    expect(write(join(folder, 'package.zip'), bytes, 100_000_000, true)).toEqual({
      bytes: bytes.length,
      digest: sha256(bytes),
    })
  // The file may have moved meanwhile, and another one may stand in its place.
  const output = new OutputFile(join(folder, 'package.zip'), 100_000_000, true)
  output.put(large)
  const { digest } = output.finish()
  renameSync(join(folder, 'package.zip'), join(folder, 'moved.zip'))
  writeFileSync(join(folder, 'package.zip'), 'something else')
  expect(digest()).toBe(sha256(large))
})

test('a package whose digest nobody wants leaves the next one its own', () => {
  const folder = temporaryFolder()
  const output = new OutputFile(join(folder, 'refused.zip'), 100_000_000, true)
  output.put(large)
  output.finish().forget()
  expect(write(join(folder, 'next.zip'), large.subarray(5), 100_000_000, true).digest).toBe(sha256(large.subarray(5)))
})

test('when the thread ends in the middle, what was written is read back and the digest is right', () => {
  const folder = temporaryFolder()
  for (const [written, mayLag] of [
    [3 * pieceBytes, false],
    [large.length, false],
    [large.length, true],
  ] as const) {
    const path = join(folder, 'package.zip')
    const output = new OutputFile(path, 100_000_000, mayLag)
    output.put(large.subarray(0, written))
    DigestThread.end()
    output.put(large.subarray(written))
    expect(finish(output)).toEqual({ bytes: large.length, digest: sha256(large) })
    expect(sha256(readFileSync(path))).toBe(sha256(large))
    rmSync(path)
  }
})
