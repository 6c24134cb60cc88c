import { readToml, type DocumentNode } from './document.ts'
import { bothMarkers, environmentVariables, parseMarker, type Marker } from './marker.ts'
import { normalizeName } from './name.ts'
import type { Requirement } from './requirement.ts'
import { parseSpecifierSet } from './specifier.ts'

/** What a `Pipfile` declares: by `''` for `[packages]`, `dev` for `[dev-packages]`, and the name of each other category. */
export type Pipfile = Readonly<Record<string, readonly Requirement[]>>

const notCategories = new Set(['source', 'requires', 'pipfile', 'pipenv', 'scripts', 'build-system'])

/** Reads a `Pipfile`. Requirements by repository, path or file are given by name alone. */
export function parsePipfile(text: string, file = 'Pipfile'): Pipfile {
  const categories = readToml(text, file)
    .entries()
    .filter(([name, table]) => !notCategories.has(name) && table.isTable)
  return Object.fromEntries(
    categories.map(([name, table]) => [
      groupOf(name),
      table.entries().map(([distribution, entry]) => readEntry(distribution, entry)),
    ]),
  )
}

function groupOf(category: string): string {
  if (category === 'packages') return ''
  return category === 'dev-packages' ? 'dev' : normalizeName(category)
}

function readEntry(name: string, entry: DocumentNode): Requirement {
  const versions = entry.isTable ? entry.at('version') : entry
  return {
    name,
    normalizedName: normalizeName(name),
    extras: entry.isTable ? entry.at('extras').strings() : [],
    specifiers: versions.optionalParsed((text) => (text.trim() === '*' ? [] : parseSpecifierSet(text))) ?? [],
    marker: entry.isTable ? markerOf(entry) : undefined,
  }
}

/** `markers = "…"`, and each variable of a marker as a key of its own: `sys_platform = "== 'win32'"`. */
function markerOf(entry: DocumentNode): Marker | undefined {
  const whole = entry.at('markers').optionalParsed(parseMarker)
  return environmentVariables.reduce(
    (marker, variable) =>
      bothMarkers(
        marker,
        entry.at(variable).optionalParsed((text) => parseMarker(`${variable} ${text}`)),
      ),
    whole,
  )
}
