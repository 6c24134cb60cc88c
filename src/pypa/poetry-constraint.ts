import { parseMarker, type Marker } from './marker.ts'
import { parseSpecifierSet, type SpecifierSet } from './specifier.ts'
import { parseVersion } from './version.ts'

/**
 * Poetry's way of writing versions beside PEP 440: `^1.2` (up to the next change of the first number that is not 0), `~1.2` (up to
 * the next minor), a bare `1.2` (exactly), `1.2.*`, `*`, and `||` between alternatives.
 * @returns one set per alternative
 */
export function parsePoetryConstraint(text: string): readonly SpecifierSet[] {
  return text.split(/\|\|?/).map((alternative) =>
    alternative
      .trim()
      .replace(/\s*,\s*/g, ',')
      .replace(/([=<>!~^])\s+/g, '$1')
      .split(/[,\s]+/)
      .filter((clause) => clause !== '' && clause !== '*')
      .flatMap(parseClause),
  )
}

/** `python = "^3.8"` of a Poetry dependency as a marker. */
export function pythonMarker(text: string): Marker | undefined {
  const alternatives = parsePoetryConstraint(text)
  if (alternatives.some((set) => set.length === 0)) return undefined
  const comparisons = alternatives.map((set) =>
    set.map((clause) => `python_full_version ${clause.operator} '${clause.versionText}'`).join(' and '),
  )
  return parseMarker(comparisons.map((comparison) => `(${comparison})`).join(' or '))
}

function parseClause(clause: string): SpecifierSet {
  const match = /^(\^|~(?!=))(.+)$/.exec(clause)
  if (match) {
    const version = parseVersion(match[2]!)
    return parseSpecifierSet(
      `>=${version.text},<${match[1] === '^' ? afterCaret(version.release) : afterTilde(version.release)}`,
    )
  }
  if (/^\d/.test(clause)) return parseSpecifierSet(`==${clause.replace(/\.[xX]$/, '.*')}`)
  return parseSpecifierSet(clause)
}

function afterCaret(release: readonly (number | bigint)[]): string {
  const first = release.findIndex((number) => number !== 0)
  const index = first < 0 ? release.length - 1 : first
  return release
    .slice(0, index + 1)
    .map((number, at) => (at === index ? BigInt(number) + 1n : number))
    .join('.')
}

function afterTilde(release: readonly (number | bigint)[]): string {
  const index = Math.min(1, release.length - 1)
  return release
    .slice(0, index + 1)
    .map((number, at) => (at === index ? BigInt(number) + 1n : number))
    .join('.')
}
