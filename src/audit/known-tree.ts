/** A package most of which came from known wheels, told from its directory and from what is kept of them. */
import { basename } from 'node:path'
import { readHeadersAt } from '../zip/directory.ts'
import { readEndRecord } from '../zip/end-record.ts'
import type { Entry } from '../zip/entry.ts'
import { entryPath } from '../zip/entry-name.ts'
import type { Hazard } from '../zip/hazard.ts'
import { openFileSource, runSync, type FileSource } from '../zip/source.ts'
import type { PackageDistribution, PackageFile, TreeFacts } from './facts.ts'
import { claimsOf, matchWheels } from './match-wheels.ts'
import { weigh, type Weights } from './tree-files.ts'
import type { WholeWheel } from './wheel-facts.ts'
import { PartedFiles, WheelPart, type WheelParts } from './wheel-parts.ts'

/** An archive whose wheels were found; what is to be looked at is the rest. */
export interface MatchedArchive {
  readonly source: FileSource
  readonly name: string
  readonly wheels: readonly WheelPart[]
  readonly byTop: ReadonlyMap<string, WheelPart>
  readonly restEntries: readonly Entry[]
  /** Where the header of each of them starts. */
  readonly restHeaders: readonly number[]
  readonly hazards: readonly Hazard[]
}

/** Opens an archive by its wheels; undefined where none is whole, or where something about it asks for a look at every file. */
export function openByWheels(path: string, known: readonly WholeWheel[]): MatchedArchive | undefined {
  if (known.length === 0) return undefined
  const source = openFileSource(path)
  let isKept = false
  try {
    const end = runSync(readEndRecord(path, source.size), source)
    const directory = source.readSync(end.directoryOffset, end.directoryBytes)
    // More headers than bytes are a claim, not a count.
    const matched = end.entryCount * 46 <= directory.length ? matchWheels(directory, end.entryCount, known) : undefined
    if (!matched || matched.wheels.length === 0) return undefined
    const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength)
    const wheels = matched.wheels.map((wheel, index) => new WheelPart(index, wheel, view))
    const rest = readHeadersAt(directory, matched.rest, end.prefixBytes)
    const byTop = new Map(wheels.flatMap((part) => part.whole.summary.tops.map((top) => [top, part] as const)))
    const claims = new Set([...byTop.keys()].flatMap(claimsOf))
    const isClaimed = (top: string): boolean => claimsOf(top).some((claim) => claims.has(claim))
    if (rest.entries.some(({ name }) => isClaimed(topOf(entryPath(name) ?? '')))) return undefined
    const names = new Set(wheels.map(({ name }) => name))
    if (names.size < wheels.length) return undefined
    isKept = true
    return {
      source,
      name: basename(path),
      wheels,
      byTop,
      restEntries: rest.entries,
      restHeaders: matched.rest,
      hazards: [...end.hazards, ...rest.hazards],
    }
  } finally {
    if (!isKept) source.close()
  }
}

function topOf(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash)
}

/** The rest of an archive as a tree of its own, and what RECORDs in it say beyond it. */
export interface RestTree extends TreeFacts {
  readonly absent: readonly string[]
  readonly isGuessed: boolean
}

/**
 * Joins wheels and rest to one tree. Undefined when the rest reaches into the wheels: by a RECORD that may claim their files, a name that one of them has,
 * a folder that is searched for modules.
 */
export function joinTree(
  { name, wheels, byTop, restHeaders, restEntries, source }: MatchedArchive,
  rest: RestTree,
): TreeFacts | undefined {
  if (rest.isGuessed || rest.absent.some((path) => byTop.has(topOf(path)))) return undefined
  const names = new Set(wheels.map((wheel) => wheel.name))
  if (rest.distributions.some((distribution) => names.has(distribution.name))) return undefined
  for (const file of rest.files.values()) if (file.interest === 'path configuration') return undefined
  const headers = new Map<string, number>()
  for (const [index, entry] of restEntries.entries()) headers.set(entryPath(entry.name) ?? '', restHeaders[index]!)
  const headerOf = (path: string): number => headers.get(path) ?? 0
  const parts: WheelParts = { wheels, byTop, rest: rest.files }
  const inOrder = <Value>(items: readonly (readonly [header: number, value: Value])[]): readonly Value[] =>
    [...items].sort(([a], [b]) => a - b).map(([, value]) => value)
  const files = new PartedFiles(parts, () => {
    const all: (readonly [number, PackageFile])[] = [...rest.files].map(([path, file]) => [headerOf(path), file])
    for (const wheel of wheels)
      for (let index = 0; index < wheel.weights.files; index++) all.push([wheel.header(index), wheel.file(index)])
    return new Map(inOrder(all).map((file) => [file.path, file]))
  })
  const weights: (readonly [number, readonly [string | undefined, Weights]])[] = []
  for (const wheel of wheels) weights.push([wheel.first, [wheel.name, wheel.weights]])
  const firstOf = new Map<string | undefined, number>()
  for (const [path, { distribution }] of rest.files)
    firstOf.set(distribution, Math.min(firstOf.get(distribution) ?? Infinity, headerOf(path)))
  for (const item of weigh(rest.files.values())) weights.push([firstOf.get(item[0])!, item])
  const distributions: (readonly [number, PackageDistribution])[] = [
    ...wheels.map((wheel) => [wheel.header(wheel.whole.summary.metadata), wheel.distribution] as const),
    ...rest.distributions.map((one) => [headerOf(`${one.folder}/METADATA`), one] as const),
  ]
  return {
    name,
    zippedBytes: source.size,
    unzippedBytes: weights.reduce((sum, [, [, { bytes }]]) => sum + bytes, 0),
    files,
    folders: rest.folders,
    hazards: rest.hazards,
    distributions: inOrder(distributions),
    weights: new Map(inOrder(weights)),
    noteworthy: inOrder([
      ...[...rest.files].map(([path, file]) => [headerOf(path), file] as const),
      ...wheels.flatMap((wheel) => wheel.noteworthy.map((file) => [file.header, file] as const)),
    ]),
    wheels: parts,
  }
}
