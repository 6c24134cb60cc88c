import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs'
import { sha256, type Digest } from '../base/digest.ts'
import type { Cache } from '../cache/cache.ts'
import { readEntrySync } from '../cache/read-entry.ts'
import type { KnownPackage } from './collect.ts'
import { wheelFactsKey } from './gather-wheel-facts.ts'
import { decodeWheelFacts, wheelFactsVersion, type WheelFacts, type WholeWheel } from './wheel-facts.ts'

/** A package that was just written, and the wheels that its distributions came from. */
export interface BuiltPackage {
  readonly path: string
  readonly digest: Digest
  /** Normalised names and the wheels' digests. */
  readonly wheels: readonly (readonly [distribution: string, wheel: Digest])[]
  /** Of a layer: the folder that the wheels' files lie in, `python`. */
  readonly prefix?: string | undefined
}

/** What the cache keeps of a package. */
interface PackageRecord {
  readonly digest: Digest
  readonly wheels: BuiltPackage['wheels']
  readonly prefix?: string | undefined
  /** The file as it lay there; absent when it was too young to tell a later change by. */
  readonly file?: string | undefined
}

/**
 * Remembers which wheels a package was made of, so that a later check of it can use what is known of them.
 *
 * Facts are believed only for the very bytes they were gathered from: `knownContent` answers when the file is untouched since, by its
 * number, size and both times, and else when its SHA-256 is the one that was written.
 */
export async function rememberPackage(cache: Cache, { path, ...built }: BuiltPackage): Promise<void> {
  const seen = look(path)
  if (!seen) return
  const isOld = Date.now() - Number(seen.stat.mtimeMs) >= oldEnoughMilliseconds
  const record: PackageRecord = isOld ? { ...built, file: identityOf(seen.stat) } : built
  await cache.writeEntry('wheel-facts', seen.key, JSON.stringify(record))
}

/**
 * What the cache knows of a package's files, `undefined` when that is nothing.
 * @param digest SHA-256 of the file, where the caller knows it
 */
export function knownContent(path: string, cacheFolder: string, digest?: Digest): KnownPackage | undefined {
  const seen = look(path)
  const stored = seen && readEntrySync(cacheFolder, 'wheel-facts', seen.key)
  if (!stored) return undefined
  const record = JSON.parse(stored.toString('utf8')) as PackageRecord
  const isTheSame =
    digest === undefined
      ? record.file === identityOf(seen.stat) || record.digest === digestOf(path)
      : record.digest === digest
  if (!isTheSame) return undefined
  const wheels = new Map(record.wheels)
  const prefix = record.prefix === undefined ? '' : `${record.prefix}/`
  const facts = new Map<string, WheelFacts | undefined>()
  const factsOf = (distribution: string): WheelFacts | undefined => {
    if (!facts.has(distribution)) {
      const wheel = wheels.get(distribution)
      const found = wheel && readEntrySync(cacheFolder, 'wheel-facts', wheelFactsKey(wheel))
      facts.set(distribution, found && decodeWheelFacts(found))
    }
    return facts.get(distribution)
  }
  return {
    contentOf: ({ path: name, crc32, bytes, distribution }) =>
      name.startsWith(prefix) ? factsOf(distribution)?.contentOf(name.slice(prefix.length), crc32, bytes) : undefined,
    wheels: () =>
      prefix === ''
        ? [...wheels.keys()].flatMap((name): readonly WholeWheel[] => {
            const whole = factsOf(name)?.whole
            return whole ? [whole] : []
          })
        : [],
  }
}

/**
 * Clocks of file systems tick every 10 ms at worst: a change within the tick of the last one leaves no trace in the file's times, so
 * the times of a younger file say nothing.
 */
const oldEnoughMilliseconds = 50

/** The end of a zip names most of its last files with their checksums: enough to find the record, never to believe it. */
const tailBytes = 64 * 1024

function look(path: string): { readonly stat: BigIntStats; readonly key: string } | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const stat = fstatSync(descriptor, { bigint: true })
    if (!stat.isFile()) return undefined
    const size = Number(stat.size)
    const tail = Buffer.alloc(Math.min(size, tailBytes))
    if (readSync(descriptor, tail, 0, tail.length, size - tail.length) < tail.length) return undefined
    return { stat, key: sha256(`package ${wheelFactsVersion} ${size} ${sha256(tail)}`) }
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

function digestOf(path: string): Digest | undefined {
  const hash = createHash('sha256')
  const piece = Buffer.alloc(1 << 20)
  const descriptor = openSync(path, 'r')
  try {
    for (;;) {
      const length = readSync(descriptor, piece)
      if (length === 0) return hash.digest('hex')
      hash.update(piece.subarray(0, length))
    }
  } finally {
    closeSync(descriptor)
  }
}
