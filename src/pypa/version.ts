import { defineError } from '../base/errors.ts'

/** A non-negative whole number of any size: a `number` while that is exact, a `bigint` beyond. `<` and `>` work between both. */
export type Natural = number | bigint

/** A version in the sense of PEP 440, taken apart. `text` is its normalised spelling. */
export interface Version {
  readonly text: string
  readonly epoch: Natural
  readonly release: readonly Natural[]
  readonly pre?: readonly [label: 'a' | 'b' | 'rc', number: Natural] | undefined
  readonly post?: Natural | undefined
  readonly dev?: Natural | undefined
  readonly local?: readonly (Natural | string)[] | undefined
}

export const invalidVersion = defineError('ZY0201', 'refused', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a version`,
  hint: 'Versions are written like `1.4.2`, `2.0rc1` or `1.0.post2` (PEP 440)',
}))

const pattern = new RegExp(
  '^\\s*v?(?:(?<epoch>\\d+)!)?(?<release>\\d+(?:\\.\\d+)*)' +
    '(?<pre>[-_.]?(?<preLabel>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?<preNumber>\\d+)?)?' +
    '(?<post>-(?<postImplicit>\\d+)|[-_.]?(?:post|rev|r)[-_.]?(?<postNumber>\\d+)?)?' +
    '(?<dev>[-_.]?dev[-_.]?(?<devNumber>\\d+)?)?' +
    '(?:\\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\\s*$',
  'i',
)

const labels: Readonly<Record<string, 'a' | 'b' | 'rc'>> = {
  a: 'a',
  alpha: 'a',
  b: 'b',
  beta: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
}

/** Reads a version, or returns `undefined` when `text` is none. */
export function tryParseVersion(text: string): Version | undefined {
  const groups = pattern.exec(text)?.groups
  if (!groups) return undefined
  const parts = {
    epoch: natural(groups['epoch'] ?? '0'),
    release: groups['release']!.split('.').map(natural),
    pre: groups['pre']
      ? ([labels[groups['preLabel']!.toLowerCase()]!, natural(groups['preNumber'] ?? '0')] as const)
      : undefined,
    post: groups['post'] ? natural(groups['postImplicit'] ?? groups['postNumber'] ?? '0') : undefined,
    dev: groups['dev'] ? natural(groups['devNumber'] ?? '0') : undefined,
    local: groups['local']
      ?.toLowerCase()
      .split(/[-_.]/)
      .map((part) => (/^\d+$/.test(part) ? natural(part) : part)),
  }
  return { text: formatVersion(parts), ...parts }
}

/**
 * Reads a version as PEP 440 spells it, with every permitted alternative spelling.
 * @example parseVersion('v1.0-ALPHA.1').text // '1.0a1'
 */
export function parseVersion(text: string): Version {
  const version = tryParseVersion(text)
  if (!version) throw invalidVersion({ text })
  return version
}

/** The normalised spelling of a version, or `text` itself when it is none. */
export function normalizeVersion(text: string): string {
  return tryParseVersion(text)?.text ?? text
}

/** The form in which names of files and folders hold a version: trailing zeros of the release taken off. */
export function canonicalVersion(version: Version): string {
  const release = version.release.slice()
  while (release.length > 1 && release.at(-1) === 0) release.pop()
  return formatVersion({ ...version, release })
}

/** Negative when `a` is older than `b`, 0 when they are the same version. */
export function compareVersions(a: Version, b: Version): number {
  return (
    compareNaturals(a.epoch, b.epoch) ||
    compareReleases(a.release, b.release) ||
    compareNaturals(preRank(a), preRank(b)) ||
    compareNaturals(a.pre?.[1] ?? 0, b.pre?.[1] ?? 0) ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareLocals(a.local, b.local)
  )
}

export function isPrerelease(version: Version): boolean {
  return version.pre !== undefined || version.dev !== undefined
}

/** The version without its local part. */
export function publicVersion(version: Version): Version {
  return version.local === undefined ? version : withText({ ...version, local: undefined })
}

/** Epoch and release alone. */
export function baseVersion(version: Version): Version {
  return withText({ text: '', epoch: version.epoch, release: version.release })
}

/** Compares release numbers; the shorter is filled up with zeros. */
export function compareReleases(a: readonly Natural[], b: readonly Natural[]): number {
  const length = Math.max(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const order = compareNaturals(a[index] ?? 0, b[index] ?? 0)
    if (order !== 0) return order
  }
  return 0
}

function withText(version: Version): Version {
  return { ...version, text: formatVersion(version) }
}

function formatVersion(version: Omit<Version, 'text'>): string {
  return (
    (version.epoch === 0 ? '' : `${version.epoch}!`) +
    version.release.join('.') +
    (version.pre ? `${version.pre[0]}${version.pre[1]}` : '') +
    (version.post === undefined ? '' : `.post${version.post}`) +
    (version.dev === undefined ? '' : `.dev${version.dev}`) +
    (version.local ? `+${version.local.join('.')}` : '')
  )
}

/** One spelling per value (a `bigint` only beyond the exact numbers), so that `===` compares values. */
function natural(digits: string): Natural {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

function compareNaturals(a: Natural, b: Natural): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `1.0.dev1` sorts before `1.0a1`, which sorts before `1.0`. */
function preRank(version: Version): number {
  if (version.pre) return { a: 1, b: 2, rc: 3 }[version.pre[0]]
  return version.post === undefined && version.dev !== undefined ? 0 : 4
}

/** `absent` says where a version without the part stands: before (-1) or after (1) those that have it. */
function compareOptional(a: Natural | undefined, b: Natural | undefined, absent: -1 | 1): number {
  if (a === undefined) return b === undefined ? 0 : absent
  if (b === undefined) return absent === -1 ? 1 : -1
  return compareNaturals(a, b)
}

/** No local part sorts first; numbers sort after words; a longer one after its own beginning. */
function compareLocals(a: Version['local'], b: Version['local']): number {
  if (!a || !b) return a ? 1 : b ? -1 : 0
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = compareLocalParts(a[index]!, b[index]!)
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

function compareLocalParts(a: Natural | string, b: Natural | string): number {
  if (typeof a === 'string' || typeof b === 'string') {
    if (typeof a !== typeof b && (typeof a === 'string') !== (typeof b === 'string'))
      return typeof a === 'string' ? -1 : 1
    return a < b ? -1 : a > b ? 1 : 0
  }
  return compareNaturals(a, b)
}
