import type { SpecifierSet } from './specifier.ts'
import { matches } from './specifier.ts'
import type { Tag } from './tag.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'
import { compareBuilds, tagsOf, tryParseWheelFilename, type WheelFilename } from './wheel-filename.ts'

/** A file that may be a fitting wheel. `LockedFile` and `ProjectFile` are of this shape. */
export interface WheelCandidate {
  readonly filename: string
  /** From the index: which interpreters the release is for. */
  readonly requiresPython?: SpecifierSet | undefined
  /** From the index: withdrawn, with the reason if one was given (PEP 592). */
  readonly yanked?: boolean | string | undefined
}

/** What the wheel must fit. */
export interface WheelTarget {
  /** Accepted tags, best first: `compatibleTags(target)`. */
  readonly tags: readonly Tag[]
  /** For `Requires-Python`, `3.13.9`. */
  readonly pythonFullVersion: string
}

/** Why a file is not taken, most fundamental first. */
export type Rejection<Candidate extends WheelCandidate = WheelCandidate> =
  | { readonly wheel: Candidate; readonly because: 'not-a-wheel' }
  | { readonly wheel: Candidate; readonly because: 'python'; readonly found: readonly string[] }
  | { readonly wheel: Candidate; readonly because: 'abi'; readonly found: readonly string[] }
  | { readonly wheel: Candidate; readonly because: 'platform'; readonly found: readonly string[] }
  | { readonly wheel: Candidate; readonly because: 'requires-python'; readonly found: SpecifierSet }
  | { readonly wheel: Candidate; readonly because: 'yanked'; readonly reason?: string | undefined }
  /** It fits, and another fits better. */
  | { readonly wheel: Candidate; readonly because: 'outranked' }

export interface WheelSelection<Candidate extends WheelCandidate = WheelCandidate> {
  readonly wheel?: Candidate | undefined
  /** The tag by which it was taken. */
  readonly tag?: Tag | undefined
  readonly rejected: readonly Rejection<Candidate>[]
}

export interface SelectionOptions {
  /** Take yanked files, as a version pinned by `==` or by a lock may. */
  readonly allowYanked?: boolean | undefined
}

/** Chooses among the files of one version: the best tag, then the highest build number. Pure; the reasons are values. */
export function selectWheel<Candidate extends WheelCandidate>(
  candidates: readonly Candidate[],
  target: WheelTarget,
  options: SelectionOptions = {},
): WheelSelection<Candidate> {
  const ranks = rankOf(target.tags)
  const rejected: Rejection<Candidate>[] = []
  let best: { wheel: Candidate; filename: WheelFilename; rank: number } | undefined
  for (const wheel of candidates) {
    const filename = tryParseWheelFilename(wheel.filename)
    const rejection = rejectionOf(wheel, filename, ranks, target, options)
    if (rejection) {
      rejected.push(rejection)
      continue
    }
    const rank = bestRank(filename!, ranks)!
    const order = best === undefined ? -1 : rank - best.rank || compareBuilds(best.filename.build, filename!.build)
    if (order < 0) {
      if (best) rejected.push({ wheel: best.wheel, because: 'outranked' })
      best = { wheel, filename: filename!, rank }
    } else {
      rejected.push({ wheel, because: 'outranked' })
    }
  }
  return { wheel: best?.wheel, tag: best === undefined ? undefined : target.tags[best.rank], rejected }
}

/**
 * Of several versions that have a fitting wheel, the one nearest to `wanted`: the first newer one, else the last older one. Answers
 * "what could I ask for instead?".
 */
export function nearestFittingVersion<Candidate extends WheelCandidate>(
  candidates: readonly Candidate[],
  wanted: string,
  target: WheelTarget,
): { readonly version: Version; readonly wheel: Candidate } | undefined {
  const goal = parseVersion(wanted)
  const byVersion = new Map<string, { version: Version; candidates: Candidate[] }>()
  for (const candidate of candidates) {
    const version = tryParseWheelFilename(candidate.filename)?.version
    if (!version) continue
    const group = byVersion.get(version.text) ?? { version, candidates: [] }
    group.candidates.push(candidate)
    byVersion.set(version.text, group)
  }
  const versions = [...byVersion.values()].sort((a, b) => compareVersions(a.version, b.version))
  const newer = versions.filter(({ version }) => compareVersions(version, goal) > 0)
  const older = versions.filter(({ version }) => compareVersions(version, goal) < 0).reverse()
  // Final releases before pre-releases: nobody should be sent to a beta while a release fits.
  for (const isFinal of [true, false]) {
    for (const { version, candidates: files } of [...newer, ...older]) {
      if ((version.pre === undefined && version.dev === undefined) !== isFinal) continue
      const { wheel } = selectWheel(files, target)
      if (wheel) return { version, wheel }
    }
  }
  return undefined
}

const rankings = new WeakMap<readonly Tag[], ReadonlyMap<Tag, number>>()

function rankOf(tags: readonly Tag[]): ReadonlyMap<Tag, number> {
  let ranks = rankings.get(tags)
  if (!ranks) {
    ranks = new Map(tags.map((tag, rank) => [tag, rank]))
    rankings.set(tags, ranks)
  }
  return ranks
}

function bestRank(filename: WheelFilename, ranks: ReadonlyMap<Tag, number>): number | undefined {
  let best: number | undefined
  for (const tag of tagsOf(filename)) {
    const rank = ranks.get(tag)
    if (rank !== undefined && (best === undefined || rank < best)) best = rank
  }
  return best
}

function rejectionOf<Candidate extends WheelCandidate>(
  wheel: Candidate,
  filename: WheelFilename | undefined,
  ranks: ReadonlyMap<Tag, number>,
  target: WheelTarget,
  options: SelectionOptions,
): Rejection<Candidate> | undefined {
  if (!filename) return { wheel, because: 'not-a-wheel' }
  if (bestRank(filename, ranks) === undefined) return { wheel, ...mismatch(filename, target.tags) }
  if (wheel.requiresPython && !matches(wheel.requiresPython, parseVersion(target.pythonFullVersion))) {
    return { wheel, because: 'requires-python', found: wheel.requiresPython }
  }
  if (wheel.yanked !== undefined && wheel.yanked !== false && !options.allowYanked) {
    return { wheel, because: 'yanked', reason: typeof wheel.yanked === 'string' ? wheel.yanked : undefined }
  }
  return undefined
}

/** Which of the three parts is to blame: the first that no accepted tag has, read from left to right. */
function mismatch(
  filename: WheelFilename,
  tags: readonly Tag[],
): { readonly because: 'python' | 'abi' | 'platform'; readonly found: readonly string[] } {
  const parts = tags.map((tag) => tag.split('-') as [string, string, string])
  const ofPython = parts.filter(([python]) => filename.pythons.includes(python))
  if (ofPython.length === 0) return { because: 'python', found: filename.pythons }
  if (!ofPython.some(([, , platform]) => filename.platforms.includes(platform))) {
    return { because: 'platform', found: filename.platforms }
  }
  const ofAbi = ofPython.filter(([, abi]) => filename.abis.includes(abi))
  return ofAbi.length === 0
    ? { because: 'abi', found: filename.abis }
    : { because: 'platform', found: filename.platforms }
}
