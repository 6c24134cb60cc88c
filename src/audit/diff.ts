import { createReadStream } from 'node:fs'
import { newSha256 } from '../base/digest.ts'
import { isDirectory, isSymbolicLink, permissionsOf, type Entry } from '../zip/entry.ts'
import { readEntry } from '../zip/entry-data.ts'
import { entryPath } from '../zip/entry-name.ts'
import { openArchive, type Listing } from '../zip/reader.ts'
import type { FileSource } from '../zip/source.ts'
import { findDistributions } from './distributions.ts'
import type { PackageDistribution } from './facts.ts'

/** How two packages differ, as a value. */
export interface PackageDiff {
  /** `identical` bytes; the same `contents` in different bytes; or contents that are `different`. */
  readonly verdict: 'identical' | 'same contents' | 'different'
  readonly before: DiffSide
  readonly after: DiffSide
  /** Distributions that came, went or changed their version, by name. */
  readonly distributions: readonly DistributionChange[]
  /** Files that came, went or changed, by path. */
  readonly files: readonly FileChange[]
  /** Why the bytes differ where the contents do not: sentences without full stop. */
  readonly packing: readonly string[]
}

export interface DiffSide {
  readonly path: string
  readonly codeSha256: string
  readonly zippedBytes: number
  readonly unzippedBytes: number
  readonly files: number
}

export interface DistributionChange {
  readonly name: string
  readonly before?: string | undefined
  readonly after?: string | undefined
  /** Growth of its unzipped size. */
  readonly bytes: number
}

export interface FileChange {
  readonly path: string
  readonly change: 'added' | 'removed' | 'content' | 'mode'
  readonly distribution?: string | undefined
  /** Growth in bytes. */
  readonly bytes: number
  readonly modeBefore?: number | undefined
  readonly modeAfter?: number | undefined
}

/** Compares two packages. Throws `notAZip`. */
export async function diffPackages(before: string, after: string): Promise<PackageDiff> {
  const [left, right] = [open(before), open(after)]
  try {
    const sides = await Promise.all([sideOf(left), sideOf(right)])
    const files = fileChanges(left, right)
    const isIdentical = sides[0].codeSha256 === sides[1].codeSha256
    const verdict = isIdentical ? 'identical' : files.length === 0 ? 'same contents' : 'different'
    return {
      verdict,
      before: sides[0],
      after: sides[1],
      distributions: distributionChanges(left, right),
      files,
      packing: isIdentical ? [] : packingReasons(left.listing, right.listing),
    }
  } finally {
    left.source.close()
    right.source.close()
  }
}

interface Opened {
  readonly path: string
  readonly source: FileSource
  readonly listing: Listing
  readonly files: ReadonlyMap<string, Entry>
  readonly distributions: readonly PackageDistribution[]
  readonly owners: ReadonlyMap<string, string>
}

function open(path: string): Opened {
  const { source, listing } = openArchive(path)
  const files = new Map<string, Entry>()
  for (const entry of listing.entries) {
    const inside = entryPath(entry.name)
    if (inside && !isDirectory(entry)) files.set(inside, entry)
  }
  const sizes = new Map(
    [...files].map(([name, entry]) => [name, { bytes: entry.uncompressedBytes, packedBytes: entry.compressedBytes }]),
  )
  const readText = (name: string): string | undefined => {
    const entry = files.get(name)
    try {
      return entry && readEntry(source, entry, path).toString('utf8')
    } catch {
      return undefined // a damaged file is compared by what the directory says of it
    }
  }
  return { path, source, listing, files, ...findDistributions(sizes, readText) }
}

async function sideOf({ path, listing, files }: Opened): Promise<DiffSide> {
  const hash = newSha256()
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return {
    path,
    codeSha256: hash.digest('base64'),
    zippedBytes: listing.size,
    unzippedBytes: listing.unzippedBytes,
    files: files.size,
  }
}

function distributionChanges(left: Opened, right: Opened): DistributionChange[] {
  const [before, after] = [left, right].map(
    ({ distributions }) => new Map(distributions.map((each) => [each.name, each])),
  )
  const names = [...new Set([...before!.keys(), ...after!.keys()])].sort()
  return names.flatMap((name) => {
    const [old, now] = [before!.get(name), after!.get(name)]
    if (old?.version === now?.version) return []
    return [{ name, before: old?.version, after: now?.version, bytes: (now?.bytes ?? 0) - (old?.bytes ?? 0) }]
  })
}

function fileChanges(left: Opened, right: Opened): FileChange[] {
  const paths = [...new Set([...left.files.keys(), ...right.files.keys()])].sort()
  return paths.flatMap((path): FileChange[] => {
    const [old, now] = [left.files.get(path), right.files.get(path)]
    const distribution = right.owners.get(path) ?? left.owners.get(path)
    const bytes = (now?.uncompressedBytes ?? 0) - (old?.uncompressedBytes ?? 0)
    const modes = { modeBefore: old && permissionsOf(old), modeAfter: now && permissionsOf(now) }
    if (!old || !now) return [{ path, change: old ? 'removed' : 'added', distribution, bytes, ...modes }]
    const isSame = old.crc32 === now.crc32 && bytes === 0 && isSymbolicLink(old) === isSymbolicLink(now)
    if (!isSame) return [{ path, change: 'content', distribution, bytes, ...modes }]
    return modes.modeBefore === modes.modeAfter ? [] : [{ path, change: 'mode', distribution, bytes, ...modes }]
  })
}

/** What two tools, or one tool on two days, do differently with the same files. */
function packingReasons(before: Listing, after: Listing): string[] {
  const reasons: string[] = []
  const [left, right] = [before, after].map(({ entries }) => new Map(entries.map((entry) => [entry.name, entry])))
  const shared = [...left!.keys()].filter((name) => right!.has(name))
  const differing = (of: (entry: Entry) => unknown): number =>
    shared.filter((name) => of(left!.get(name)!) !== of(right!.get(name)!)).length
  const add = (count: number, what: string): void => {
    if (count > 0) reasons.push(`${what} of ${count} ${count === 1 ? 'entry' : 'entries'} differ`)
  }
  add(
    differing((entry) => entry.dosTime),
    'modification times',
  )
  add(
    differing((entry) => entry.method),
    'compression methods',
  )
  const alike = (name: string): boolean =>
    left!.get(name)!.crc32 === right!.get(name)!.crc32 && left!.get(name)!.method === right!.get(name)!.method
  add(
    shared.filter((name) => alike(name) && left!.get(name)!.compressedBytes !== right!.get(name)!.compressedBytes)
      .length,
    'compressed sizes',
  )
  add(
    differing((entry) => entry.extraBytes),
    'extra fields',
  )
  add(
    differing((entry) => entry.creator),
    'creating systems',
  )
  add(
    differing((entry) => entry.flags),
    'flags',
  )
  add(
    differing((entry) => entry.externalAttributes),
    'attributes',
  )
  const folders = [before, after].map(({ entries }) => entries.filter(isDirectory).length)
  if (folders[0] !== folders[1]) reasons.push(`${folders[0]} and ${folders[1]} folder entries`)
  if (order(before, right!) !== order(after, left!)) reasons.push('the files are in another order')
  if (Buffer.compare(before.comment, after.comment) !== 0) reasons.push('the comments differ')
  if (before.prefixBytes !== after.prefixBytes)
    reasons.push(`${before.prefixBytes} and ${after.prefixBytes} bytes stand in front`)
  if (reasons.length === 0 && shared.length === left!.size && shared.length === right!.size)
    reasons.push('only the compressed bytes differ: another deflater, or another level of it')
  return reasons
}

function order(listing: Listing, other: ReadonlyMap<string, Entry>): string {
  return listing.entries
    .map(({ name }) => name)
    .filter((name) => other.has(name))
    .join('\0')
}
