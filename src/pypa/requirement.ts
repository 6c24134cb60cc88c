import { defineError, ZipyardError } from '../base/errors.ts'
import { hideCredentials } from './hide-credentials.ts'
import { formatMarker, parseMarker, type Marker } from './marker.ts'
import { normalizeName, type NormalizedName } from './name.ts'
import { formatSpecifierSet, parseSpecifierSet, type SpecifierSet } from './specifier.ts'

/** A dependency specifier (PEP 508): a name with versions, or a name with a URL. */
export interface Requirement {
  /** As written. */
  readonly name: string
  readonly normalizedName: NormalizedName
  /** Normalised, sorted, without repetition. */
  readonly extras: readonly string[]
  readonly specifiers: SpecifierSet
  /** Of `name @ URL`. */
  readonly url?: string | undefined
  readonly marker?: Marker | undefined
}

export const invalidRequirement = defineError('ZY0204', 'refused', (p: { text: string; problem: string }) => ({
  message: `\`${p.text}\` is not a requirement: ${p.problem}`,
  hint: "Write a name and versions, such as `requests>=2.31`, `pydantic[email]==2.*` or `numpy; python_version < '3.13'`",
}))

/** @example parseRequirement("requests[socks] >=2.31, <3 ; python_version < '3.13'") */
export function parseRequirement(text: string): Requirement {
  const fail = (problem: string, cause?: unknown): never => {
    throw invalidRequirement(
      { text: hideCredentials(text.trim()), problem: hideCredentials(problem) },
      cause === undefined ? undefined : { cause },
    )
  }
  const head = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*/.exec(text)
  if (!head) return fail('it does not begin with a name')
  const name = head[1]!
  const extras = parseExtras(head[2], fail)
  const rest = text.slice(head[0].length)
  const base = { name, normalizedName: normalizeName(name), extras }
  if (rest.startsWith('@')) {
    const match = /^@\s*(\S+?)(?:\s+;(.*)|\s*)$/s.exec(rest)
    if (!match) return fail('after `@` there must be one URL, and a marker only after a space and `;`')
    return { ...base, specifiers: [], url: match[1]!, marker: parsedMarker(match[2], fail) }
  }
  const semicolon = rest.indexOf(';')
  const versions = (semicolon < 0 ? rest : rest.slice(0, semicolon)).trim()
  const inner = /^\(\s*(.*?)\s*\)$/s.exec(versions)?.[1] ?? versions
  return {
    ...base,
    specifiers: parsedSpecifiers(inner, fail),
    marker: parsedMarker(semicolon < 0 ? undefined : rest.slice(semicolon + 1), fail),
  }
}

/** The requirement in one line, as `parseRequirement` reads it. */
export function formatRequirement(requirement: Requirement): string {
  const extras = requirement.extras.length > 0 ? `[${requirement.extras.join(',')}]` : ''
  const marker = requirement.marker ? formatMarker(requirement.marker) : undefined
  if (requirement.url !== undefined) {
    return `${requirement.name}${extras} @ ${requirement.url}${marker === undefined ? '' : ` ; ${marker}`}`
  }
  return `${requirement.name}${extras}${formatSpecifierSet(requirement.specifiers)}${marker === undefined ? '' : `; ${marker}`}`
}

type Fail = (problem: string, cause?: unknown) => never

function parseExtras(text: string | undefined, fail: Fail): readonly string[] {
  if (text === undefined || text.trim() === '') return []
  const names = text.split(',').map((extra) => extra.trim())
  for (const extra of names) {
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(extra)) fail(`\`${extra}\` is not the name of an extra`)
  }
  return [...new Set(names.map(normalizeName))].sort()
}

function parsedSpecifiers(text: string, fail: Fail): SpecifierSet {
  if (text === '') return []
  if (!/^[~=!<>]/.test(text))
    return fail(`\`${text}\` follows the name, where an operator such as \`==\` or \`>=\` belongs`)
  if (/,\s*,/.test(text)) return fail('two commas follow each other')
  try {
    return parseSpecifierSet(text)
  } catch (error) {
    return fail(error instanceof ZipyardError ? error.message : String(error), error)
  }
}

function parsedMarker(text: string | undefined, fail: Fail): Marker | undefined {
  if (text === undefined) return undefined
  try {
    return parseMarker(text)
  } catch (error) {
    return fail(error instanceof ZipyardError ? error.message : String(error), error)
  }
}
