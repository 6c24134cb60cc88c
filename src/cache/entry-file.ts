/** Entries of the cache as files: where they lie, and whether they are whole. */
import { join } from 'node:path'
import { sha256, sha256Bytes } from '../base/digest.ts'

/**
 * What is kept under a key:
 * `wheel-index` (by the wheel's digest), `wheel-facts` (likewise), `resolution` (by the digest of everything that decided it),
 * `built-wheel` (by the digest of everything that made it; says which blob it is), `bytecode`, `index-page` (answers of package indexes,
 * for `--offline`), `tool` (where a tool's binary lies), `check-answer` (what `zipyard check` said, by the package's path and the question).
 */
export type EntryKind = (typeof entryKinds)[number]

export const entryKinds = [
  'wheel-index',
  'wheel-facts',
  'resolution',
  'built-wheel',
  'bytecode',
  'index-page',
  'tool',
  'check-answer',
] as const

/** `wheel-index/ab/cdef…`: keys are hashed unless they are digests already, so that anything may be a key. */
export function entryPath(folder: string, kind: EntryKind, key: string): string {
  const name = /^[0-9a-f]{64}$/.test(key) ? key : sha256(key)
  return join(folder, kind, name.slice(0, 2), name.slice(2))
}

const digestBytes = 32

/** Entries end in the digest of what stands before it. */
export function isWhole(stored: Uint8Array): boolean {
  if (stored.byteLength < digestBytes) return false
  return sha256Bytes(stored.subarray(0, -digestBytes)).equals(stored.subarray(-digestBytes))
}

/** What was written, when the digest behind it holds. */
export function wholeEntry(stored: Buffer): Buffer | undefined {
  return isWhole(stored) ? stored.subarray(0, -digestBytes) : undefined
}
