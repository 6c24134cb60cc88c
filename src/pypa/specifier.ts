import { defineError } from '../base/errors.ts'
import {
  compareReleases,
  compareVersions,
  isPrerelease,
  publicVersion,
  tryParseVersion,
  type Version,
} from './version.ts'

export type SpecifierOperator = '~=' | '==' | '!=' | '<=' | '>=' | '<' | '>' | '==='

/** One clause such as `>=1.2` or `==1.4.*`. */
export interface Specifier {
  readonly operator: SpecifierOperator
  /** As written, `.*` included. */
  readonly versionText: string
  /** Absent for `===` with something that is no version. */
  readonly version?: Version | undefined
  /** Ends in `.*`. */
  readonly isPrefix: boolean
}

/** Clauses that must all hold; none at all accepts every version. */
export type SpecifierSet = readonly Specifier[]

export const invalidSpecifier = defineError('ZY0202', 'refused', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a version specifier`,
  hint: 'Write an operator and a version, such as `>=1.2`, `==1.4.*` or `~=2.0` (PEP 440)',
}))

/** @example parseSpecifierSet('>=1.2, <2') */
export function parseSpecifierSet(text: string): SpecifierSet {
  return text
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
    .map(parseSpecifier)
}

export function parseSpecifier(text: string): Specifier {
  const specifier = tryParseSpecifier(text)
  if (!specifier) throw invalidSpecifier({ text })
  return specifier
}

/** Reads one clause, or returns `undefined` when `text` is none. */
export function tryParseSpecifier(text: string): Specifier | undefined {
  const match = /^\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;)]+)\s*$/.exec(text)
  if (!match) return undefined
  const operator = match[1] as SpecifierOperator
  const versionText = match[2]!
  if (operator === '===') return { operator, versionText, version: tryParseVersion(versionText), isPrefix: false }
  const isPrefix = versionText.endsWith('.*')
  const version = tryParseVersion(isPrefix ? versionText.slice(0, -2) : versionText)
  if (!version || !isAllowed(operator, version, isPrefix)) return undefined
  return { operator, versionText, version, isPrefix }
}

/** PEP 440: only `==` and `!=` know prefixes and local versions, a prefix is of release numbers alone, `~=` needs two numbers. */
function isAllowed(operator: SpecifierOperator, version: Version, isPrefix: boolean): boolean {
  const isEquality = operator === '==' || operator === '!='
  if (isPrefix)
    return (
      isEquality &&
      version.pre === undefined &&
      version.post === undefined &&
      version.dev === undefined &&
      version.local === undefined
    )
  if (version.local !== undefined && !isEquality) return false
  return operator !== '~=' || version.release.length > 1
}

/** The set as one would write it, in the order in which it was read. */
export function formatSpecifierSet(set: SpecifierSet): string {
  return set.map((clause) => `${clause.operator}${clause.versionText}`).join(',')
}

export interface PrereleasePolicy {
  /**
   * `allow` takes them, `forbid` refuses them. Without it PEP 440 decides: a pre-release is taken when a clause names one, or when
   * nothing else fits (`filterVersions`).
   */
  readonly prereleases?: 'allow' | 'forbid' | undefined
}

/** Whether every clause holds for `version`, pre-release or not. */
export function matches(set: SpecifierSet, version: Version): boolean {
  return set.every((clause) => matchesClause(clause, version))
}

/** Whether a clause names a pre-release, by which it asks for them. */
export function namesPrerelease(set: SpecifierSet): boolean {
  return set.some(
    (clause) =>
      clause.operator !== '!=' && !clause.isPrefix && clause.version !== undefined && isPrerelease(clause.version),
  )
}

/** Those versions that the set accepts, in their own order, with the rule of PEP 440 for pre-releases. */
export function filterVersions(
  set: SpecifierSet,
  versions: readonly Version[],
  policy: PrereleasePolicy = {},
): readonly Version[] {
  const fitting = versions.filter((version) => matches(set, version))
  if (policy.prereleases === 'allow' || (policy.prereleases === undefined && namesPrerelease(set))) return fitting
  const final = fitting.filter((version) => !isPrerelease(version))
  return policy.prereleases === 'forbid' || final.length > 0 ? final : fitting
}

function matchesClause(clause: Specifier, candidate: Version): boolean {
  const { operator, version } = clause
  if (operator === '===') return candidate.text.toLowerCase() === clause.versionText.toLowerCase()
  const wanted = version!
  switch (operator) {
    case '==':
      return isEqual(clause, wanted, candidate)
    case '!=':
      return !isEqual(clause, wanted, candidate)
    case '<=':
      return compareVersions(publicVersion(candidate), wanted) <= 0
    case '>=':
      return compareVersions(publicVersion(candidate), wanted) >= 0
    case '~=':
      return (
        compareVersions(publicVersion(candidate), wanted) >= 0 &&
        hasPrefix(wanted.release.slice(0, -1), wanted.epoch, candidate)
      )
    case '<':
      return isBelow(candidate, wanted)
    case '>':
      return isAbove(candidate, wanted)
  }
}

function isEqual(clause: Specifier, wanted: Version, candidate: Version): boolean {
  if (clause.isPrefix) return hasPrefix(wanted.release, wanted.epoch, candidate)
  return compareVersions(wanted.local === undefined ? publicVersion(candidate) : candidate, wanted) === 0
}

/** `<1.0` leaves out the pre-releases of 1.0 itself, unless it names one. */
function isBelow(candidate: Version, wanted: Version): boolean {
  return compareVersions(candidate, isPrerelease(wanted) ? wanted : { ...wanted, dev: 0 }) < 0
}

/** `>1.0` leaves out `1.0+local` and the post-releases of 1.0 itself, unless it names one. */
function isAbove(candidate: Version, wanted: Version): boolean {
  if (compareVersions(publicVersion(candidate), wanted) <= 0) return false
  if (wanted.dev !== undefined || wanted.post !== undefined) return true
  return compareVersions({ ...candidate, post: undefined, dev: undefined, local: undefined }, wanted) !== 0
}

/** Number by number, as PEP 440 says: `1.1.*` has `1.1.post1` and `1.1a1`, not `1.10`. */
function hasPrefix(release: Version['release'], epoch: Version['epoch'], candidate: Version): boolean {
  return candidate.epoch === epoch && compareReleases(candidate.release.slice(0, release.length), release) === 0
}
