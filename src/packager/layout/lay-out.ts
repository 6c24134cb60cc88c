import type { Cache } from '../../cache/cache.ts'
import type { Artifact } from '../artifact.ts'
import type { OwnFile } from '../source/own-sources.ts'
import type { Layout } from './layout.ts'
import { makeLayout } from './make-layout.ts'
import { layOutWheel, type LayoutMode, type Slimming, type WheelLayout } from './lay-out-wheel.ts'
import { mergeFiles, type ConflictPolicy } from './merge.ts'
import { layOutOwnFiles } from './own-files.ts'
import { readyWheelOf, topOf, type ReadyWheel } from './ready-wheel.ts'

export interface LayoutOptions {
  readonly mode: LayoutMode
  readonly interpreter: string
  readonly python: string
  readonly onConflict: ConflictPolicy
  readonly executable: readonly string[]
  readonly slim?: Slimming | undefined
  readonly prefix?: string | undefined
}

/** Lays out a whole package: every wheel, then the project's own files, below `prefix` for a layer. */
export function layOut(artifacts: readonly Artifact[], own: readonly OwnFile[], options: LayoutOptions): Layout {
  const wheels = artifacts.map((artifact) => layOutWheel(artifact, options))
  const { files, notes } = mergeFiles(
    wheels.map((wheel) => wheel.files),
    layOutOwnFiles(own, options.executable),
    options.onConflict,
  )
  const { prefix } = options
  return makeLayout({
    stretches: [],
    singles: prefix === undefined ? files : files.map((file) => ({ ...file, path: `${prefix}/${file.path}` })),
    leftOut: wheels.flatMap((wheel) => wheel.leftOut),
    notes,
  })
}

/**
 * The same layout in less time, for what is built most: wheels whose files nobody else's can meet, told by the first parts of their paths,
 * are taken in whole stretches.
 */
export async function layOutReady(
  artifacts: readonly Artifact[],
  own: readonly OwnFile[],
  options: LayoutOptions,
  cache: Cache,
): Promise<Layout> {
  const isUsual = options.mode === 'lambda' && !options.slim && options.prefix === undefined
  if (!isUsual) return layOut(artifacts, own, options)
  const wheels: (ReadyWheel | WheelLayout)[] = []
  for (const artifact of artifacts) wheels.push((await readyWheelOf(artifact, cache)) ?? layOutWheel(artifact, options))
  const claims = claimsOf(wheels, own)
  const clear: ReadyWheel[] = []
  const laidOut = wheels.map((wheel, index): WheelLayout => {
    if (!('tops' in wheel)) return wheel
    if (!wheel.tops.every((top) => claims.get(keyOf(top)) === 1)) return layOutWheel(artifacts[index]!, options)
    clear.push(wheel)
    return { files: wheel.moved, leftOut: wheel.leftOut }
  })
  const { files, notes } = mergeFiles(
    laidOut.map((wheel) => wheel.files),
    layOutOwnFiles(own, options.executable),
    options.onConflict,
  )
  return makeLayout({
    stretches: clear.flatMap(({ stretches }) => stretches),
    singles: [...files, ...clear.flatMap(({ record }) => record ?? [])],
    leftOut: laidOut.flatMap(({ leftOut }) => leftOut),
    notes,
  })
}

/** How many sources claim a first part of paths, each source once. */
function claimsOf(wheels: readonly (ReadyWheel | WheelLayout)[], own: readonly OwnFile[]): ReadonlyMap<string, number> {
  const claims = new Map<string, number>()
  const claim = (tops: readonly string[]): void => {
    for (const key of new Set(tops.map(keyOf))) claims.set(key, (claims.get(key) ?? 0) + 1)
  }
  const topsOf = (files: readonly { readonly path: string }[]): string[] => files.map(({ path }) => topOf(path))
  for (const wheel of wheels) claim('tops' in wheel ? [...wheel.tops, ...topsOf(wheel.moved)] : topsOf(wheel.files))
  // A module of the project hides behind a package of its name, and must be told from the package's files.
  claim(own.flatMap(({ path }) => [topOf(path), path.replace(/^([^/]+)\.py$/, '$1')]))
  return claims
}

/** A file and a folder of one name are in each other's way, and names that differ in case are on some systems. */
const keyOf = (top: string): string => (top.endsWith('/') ? top.slice(0, -1) : top).toLowerCase()
