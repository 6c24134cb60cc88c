import { sha256 } from '../../base/digest.ts'
import type { Cache } from '../../cache/cache.ts'
import { readEntrySync } from '../../cache/read-entry.ts'
import { treeHazards } from '../../zip/directory.ts'
import { pack, type PackedData } from '../../zip/deflate.ts'
import type { Strip } from '../../zip/strip.ts'
import type { Artifact } from '../artifact.ts'
import { layOutWheel } from './lay-out-wheel.ts'
import type { LayoutFile, LayoutStretch, LeaveOutReason, LeftOut } from './layout.ts'
import { stripFile } from './make-layout.ts'

/** A wheel as the default mode packs it, which depends on nothing but the wheel: decided once, when it first comes. */
export interface ReadyWheel {
  readonly stretches: readonly LayoutStretch[]
  /** The files that lie elsewhere in the package than in the wheel. */
  readonly moved: readonly LayoutFile[]
  /** Its RECORD, when that must tell of other files than the wheel's does. No other file can have its path. */
  readonly record: LayoutFile | undefined
  readonly leftOut: readonly LeftOut[]
  /** First parts of the paths of `stretches`, with a `/` behind those of folders. */
  readonly tops: readonly string[]
}

/** Raised when a wheel is laid out in another way, or the deflater changes. */
const recipe = 1

/**
 * Undefined for a wheel that has to be laid out file by file: one without a strip, or whose files are in each other's way, which laying
 * them out tells.
 */
export async function readyWheelOf(artifact: Artifact, cache: Cache): Promise<ReadyWheel | undefined> {
  const { strip } = artifact.index
  if (!strip) return undefined
  const key = sha256(`ready wheel ${recipe} ${artifact.filename} ${artifact.digest}`)
  const stored = readEntrySync(cache.folder, 'wheel-facts', key)
  if (stored) return revive(artifact, strip, JSON.parse(stored.toString('utf8')) as Stored)
  const made = decide(artifact, strip)
  if (!made) return undefined
  await cache.writeEntry('wheel-facts', key, JSON.stringify(made))
  return revive(artifact, strip, made)
}

/** What the cache keeps; numbers are indexes into the strip. */
interface Stored {
  readonly ranges: readonly (readonly [from: number, to: number])[]
  readonly moved: readonly (readonly [index: number, path: string])[]
  readonly record?: { readonly path: string; readonly packed: Omit<PackedData, 'data'>; readonly data: string }
  readonly leftOut: readonly (readonly [path: string, because: LeaveOutReason, uncompressedBytes: number])[]
  readonly tops: readonly string[]
  readonly distInfo: string
}

function decide(artifact: Artifact, strip: Strip): Stored | undefined {
  const { files, leftOut } = layOutWheel(artifact, { mode: 'lambda', interpreter: '', python: '' })
  if (treeHazards(files.map(({ path }) => ({ name: path }))).length > 0) return undefined
  const indexes = new Map(strip.paths.map((path, index) => [path, index]))
  const kept = new Set<number>()
  const moved: [number, string][] = []
  let record: Stored['record']
  for (const { path, source } of files) {
    if ('bytes' in source) {
      const { data, ...packed } = pack(source.bytes)
      record = { path, packed, data: Buffer.from(data).toString('base64') }
    } else if ('archive' in source) {
      const index = indexes.get(source.entry.name)!
      if (path === source.entry.name) kept.add(index)
      else moved.push([index, path])
    }
  }
  const paths = [...kept].map((index) => strip.paths[index]!)
  const metadata = paths.find((path) => path.endsWith('.dist-info/METADATA'))
  if (metadata === undefined) return undefined
  return {
    ranges: rangesOf(kept, strip.count),
    moved,
    ...(record && { record }),
    leftOut: leftOut.map(({ path, because, uncompressedBytes }) => [path, because, uncompressedBytes]),
    tops: [...new Set(paths.map(topOf))],
    distInfo: metadata.slice(0, -'/METADATA'.length),
  }
}

function rangesOf(kept: ReadonlySet<number>, count: number): [number, number][] {
  const ranges: [number, number][] = []
  for (let index = 0; index < count; index++) {
    if (!kept.has(index)) continue
    const last = ranges.at(-1)
    if (last?.[1] === index) last[1] = index + 1
    else ranges.push([index, index + 1])
  }
  return ranges
}

function revive({ name, path: archive }: Artifact, strip: Strip, stored: Stored): ReadyWheel {
  const owner = { distribution: name }
  const { record } = stored
  const packed = record && { ...record.packed, data: Buffer.from(record.data, 'base64') }
  return {
    stretches: stored.ranges.map(([from, to]) => ({ strip, archive, from, to, owner, distInfo: stored.distInfo })),
    moved: stored.moved.map(([index, path]) => stripFile({ strip, archive, owner }, index, path)),
    record: record &&
      packed && {
        path: record.path,
        mode: 0o644,
        source: { packed },
        owner,
        uncompressedBytes: packed.uncompressedBytes,
        compressedBytes: packed.data.length,
      },
    leftOut: stored.leftOut.map(([path, because, uncompressedBytes]) => ({
      distribution: name,
      path,
      because,
      uncompressedBytes,
    })),
    tops: stored.tops,
  }
}

/** @example topOf('numpy/core/x.py') // 'numpy/' */
export function topOf(path: string): string {
  return path.slice(0, path.indexOf('/') + 1) || path
}
