import type { SpecifierSet } from './specifier.ts'
import { matches } from './specifier.ts'
import type { Tag } from './tag.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'
import { compareBuilds, tagPartsOf, tagsOf, tryParseWheelFilename, type WheelFilename } from './wheel-filename.ts'

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
  const index = indexOf(target.tags)
  const rejected: Rejection<Candidate>[] = []
  let best: { wheel: Candidate; filename: WheelFilename; rank: number } | undefined
  for (const wheel of candidates) {
    const judged = judge(wheel, index, target, options)
    if ('because' in judged) {
      rejected.push(judged)
      continue
    }
    const order =
      best === undefined ? -1 : judged.rank - best.rank || compareBuilds(best.filename.build, judged.filename.build)
    if (order < 0) {
      if (best) rejected.push({ wheel: best.wheel, because: 'outranked' })
      best = { wheel, ...judged }
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

/** What is asked of a list of tags again and again, made once per list: a lock of a large project has ten thousand wheels. */
interface TagIndex {
  readonly rank: ReadonlyMap<Tag, number>
  /** By Python tag: the ABIs and platforms that go with it. */
  readonly byPython: ReadonlyMap<string, { readonly abis: Set<string>; readonly platforms: Set<string> }>
}

const indexes = new WeakMap<readonly Tag[], TagIndex>()

function indexOf(tags: readonly Tag[]): TagIndex {
  const known = indexes.get(tags)
  if (known) return known
  const byPython = new Map<string, { abis: Set<string>; platforms: Set<string> }>()
  for (const tag of tags) {
    const [python, abi, platform] = tag.split('-') as [string, string, string]
    const group = byPython.get(python) ?? { abis: new Set(), platforms: new Set() }
    byPython.set(python, group)
    group.abis.add(abi)
    group.platforms.add(platform)
  }
  const index = { rank: new Map(tags.map((tag, rank) => [tag, rank])), byPython }
  indexes.set(tags, index)
  return index
}

/** Parts of a wheel's name that decide whether it fits. */
type TagParts = Pick<WheelFilename, 'pythons' | 'abis' | 'platforms'>

function bestRank(parts: TagParts, { rank: ranks }: TagIndex): number | undefined {
  let best: number | undefined
  for (const tag of tagsOf(parts)) {
    const rank = ranks.get(tag)
    if (rank !== undefined && (best === undefined || rank < best)) best = rank
  }
  return best
}

function judge<Candidate extends WheelCandidate>(
  wheel: Candidate,
  index: TagIndex,
  target: WheelTarget,
  options: SelectionOptions,
): Rejection<Candidate> | { readonly filename: WheelFilename; readonly rank: number } {
  const parts = tagPartsOf(wheel.filename)
  if (!parts) return { wheel, because: 'not-a-wheel' }
  const rank = bestRank(parts, index)
  if (rank === undefined) return { wheel, ...mismatch(parts, index) }
  const filename = tryParseWheelFilename(wheel.filename)
  if (!filename) return { wheel, because: 'not-a-wheel' }
  if (wheel.requiresPython && !matches(wheel.requiresPython, parseVersion(target.pythonFullVersion))) {
    return { wheel, because: 'requires-python', found: wheel.requiresPython }
  }
  if (wheel.yanked !== undefined && wheel.yanked !== false && !options.allowYanked) {
    return { wheel, because: 'yanked', reason: typeof wheel.yanked === 'string' ? wheel.yanked : undefined }
  }
  return { filename, rank }
}

/** Which of the three parts is to blame: the Python, then the platform, then the ABI that goes with that Python. */
function mismatch(
  filename: TagParts,
  { byPython }: TagIndex,
): { readonly because: 'python' | 'abi' | 'platform'; readonly found: readonly string[] } {
  const groups = filename.pythons.flatMap((python) => byPython.get(python) ?? [])
  if (groups.length === 0) return { because: 'python', found: filename.pythons }
  if (!groups.some(({ platforms }) => filename.platforms.some((platform) => platforms.has(platform)))) {
    return { because: 'platform', found: filename.platforms }
  }
  const hasAbi = groups.some(({ abis }) => filename.abis.some((abi) => abis.has(abi)))
  return hasAbi ? { because: 'platform', found: filename.platforms } : { because: 'abi', found: filename.abis }
}
