import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZipyardError } from '../../src/base/errors.ts'
import { entryPath } from '../../src/zip/entry-name.ts'
import { readEntry } from '../../src/zip/entry-data.ts'
import { extractArchive } from '../../src/zip/extract.ts'
import { refusedHazards } from '../../src/zip/policy.ts'
import { listArchiveSync } from '../../src/zip/reader.ts'
import { bytesSource } from '../../src/zip/source.ts'
import { breathe } from './fuzz.ts'
import { randomFrom } from './random.ts'
import { rawZip, type RawEntry } from './raw-zip.ts'

export interface FuzzResult {
  readonly cases: number
  /** No central directory could be found. */
  readonly notZips: number
  /** Listed, and refused for an upload. */
  readonly refused: number
  /** Listed and accepted; all their entries were read. */
  readonly accepted: number
  readonly unpacked: number
}

const limitBytes = 64 * 1024

/**
 * Damages small archives in random places and holds the reader to its promises: it throws nothing but its own errors, never gives
 * more bytes than an entry claims, and what is accepted and unpacked stays inside of its folder and below its limit. Throws with the
 * seed of the first case that breaks one.
 */
export async function fuzzZipReader(cases: number, seed: number, unpackEvery = 50): Promise<FuzzResult> {
  const counts = { cases, notZips: 0, refused: 0, accepted: 0, unpacked: 0 }
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-fuzz-'))
  try {
    for (let index = 0; index < cases; index++) {
      await breathe(index)
      const bytes = damagedZip(seed + index)
      try {
        const outcome = readAll(bytes)
        counts[outcome] += 1
        if (outcome === 'accepted' && index % unpackEvery === 0) counts.unpacked += await unpackInside(folder, bytes)
      } catch (error) {
        throw new Error(`the zip reader broke a promise on seed ${seed + index}: ${(error as Error).message}`, {
          cause: error,
        })
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return counts
}

function readAll(bytes: Buffer): 'notZips' | 'refused' | 'accepted' {
  const source = bytesSource(bytes)
  let listing
  try {
    listing = listArchiveSync(source)
  } catch (error) {
    if (error instanceof ZipyardError && error.code === 'ZY0101') return 'notZips'
    throw error
  }
  const isRefused = refusedHazards(listing.hazards, 'upload').length > 0
  for (const entry of listing.entries) {
    if (!isRefused && entryPath(entry.name)?.split('/').includes('..'))
      throw new Error(`accepted the name ${entry.name}`)
    if (entry.uncompressedBytes > limitBytes || entry.compressedBytes > limitBytes) continue
    try {
      const content = readEntry(source, entry)
      if (content.length !== entry.uncompressedBytes)
        throw new Error(`gave ${content.length} bytes for ${entry.uncompressedBytes}`)
    } catch (error) {
      if (!(error instanceof ZipyardError)) throw error
    }
  }
  return isRefused ? 'refused' : 'accepted'
}

async function unpackInside(folder: string, bytes: Buffer): Promise<number> {
  const archive = join(folder, 'case.zip')
  const into = join(folder, 'task')
  writeFileSync(archive, bytes)
  try {
    const { bytes: written } = await extractArchive({ archivePaths: [archive], into, limitBytes })
    if (written >= limitBytes) throw new Error(`unpacked ${written} bytes`)
  } catch (error) {
    if (!(error instanceof ZipyardError)) throw error
  }
  const beside = readdirSync(folder).filter((name) => name !== 'case.zip' && name !== 'task')
  if (beside.length > 0) throw new Error(`left ${beside.join(', ')} outside of its folder`)
  rmSync(into, { recursive: true, force: true })
  return 1
}

const names = ['app.py', 'a/b.py', 'lib/', '../x', '/x', 'ü.txt', 'link', 'a//b', './c', 'a\\b', 'x\0y', 'APP.PY', 'a']

function damagedZip(seed: number): Buffer {
  const random = randomFrom(seed)
  const entries: RawEntry[] = Array.from({ length: random.below(5) }, () => ({
    name: random.pick(names),
    bytes: 'x'.repeat(random.below(300)),
    method: random.pick([0, 8, 8, 8, 12]),
    mode: random.pick([0o100644, 0o100644, 0o100755, 0o120777, 0o040755, 0]),
    dataDescriptor: random.below(4) === 0,
    creator: random.pick([3, 3, 3, 0]),
  }))
  let bytes = rawZip(entries, {
    prefix: random.below(6) === 0 ? Buffer.from('#!/bin/sh\n') : Buffer.alloc(0),
    comment: random.below(5) === 0 ? 'note' : '',
  })
  const changes = random.below(6)
  for (let change = 0; change < changes; change++) {
    const at = random.below(bytes.length)
    const kind = random.below(5)
    if (kind === 0)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random.below(20)))])
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(0, random.below(40)), bytes.subarray(at)])
    else
      bytes[at] =
        kind === 2 ? random.below(256) : kind === 3 ? bytes[at]! ^ (1 << random.below(8)) : random.pick([0, 0xff])
    if (bytes.length === 0) break
  }
  return bytes
}
