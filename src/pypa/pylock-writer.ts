import { hideCredentials } from './hide-credentials.ts'
import type { LockedDistribution, LockedFile } from './locked-distribution.ts'
import { formatMarker, type Marker } from './marker.ts'
import { formatSpecifierSet, type SpecifierSet } from './specifier.ts'

/** What goes into a `pylock.toml` beside its packages. */
export interface PylockContent {
  readonly createdBy: string
  readonly requiresPython?: SpecifierSet | undefined
  readonly environments?: readonly Marker[] | undefined
  readonly extras?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
  readonly defaultGroups?: readonly string[] | undefined
  readonly distributions: readonly LockedDistribution[]
  /** Written as `[tool.zipyard]`. */
  readonly tool?: Readonly<Record<string, TomlValue>> | undefined
}

export type TomlValue =
  | string
  | number
  | boolean
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue | undefined }

/**
 * Writes a `pylock.toml` (PEP 751). The same content gives the same bytes: packages by name and version, files by name, no times, no
 * credentials. pip and uv read it.
 */
export function formatPylock(content: PylockContent): string {
  const head: [string, TomlValue | undefined][] = [
    ['lock-version', '1.0'],
    ['environments', content.environments?.map(formatMarker)],
    ['requires-python', content.requiresPython && formatSpecifierSet(content.requiresPython)],
    ['extras', content.extras],
    ['dependency-groups', content.groups],
    ['default-groups', content.defaultGroups],
    ['created-by', content.createdBy],
  ]
  const packages = [...content.distributions]
    .sort((a, b) => order(a.name, b.name) || order(a.version ?? '', b.version ?? ''))
    .map((distribution) => `\n[[packages]]\n${lines(packageFields(distribution))}`)
  // PEP 751 requires `packages`, also when there are none.
  const body = packages.length > 0 ? packages.join('') : 'packages = []\n'
  const tool = content.tool ? `\n[tool.zipyard]\n${lines(Object.entries(content.tool))}` : ''
  return lines(head) + body + tool
}

function packageFields(distribution: LockedDistribution): [string, TomlValue | undefined][] {
  const { vcs, directory } = distribution
  return [
    ['name', distribution.name],
    ['version', distribution.version],
    ['marker', distribution.marker && formatMarker(distribution.marker)],
    ['requires-python', distribution.requiresPython && formatSpecifierSet(distribution.requiresPython)],
    [
      'dependencies',
      nonEmpty(
        [...new Map(distribution.dependencies.map((edge) => [`${edge.name} ${edge.version ?? ''}`, edge])).values()]
          .sort((a, b) => order(a.name, b.name))
          .map(({ name, version }) => ({ name, version })),
      ),
    ],
    [
      'vcs',
      vcs && {
        type: vcs.type,
        url: hideCredentials(vcs.url),
        'requested-revision': vcs.requestedRevision,
        'commit-id': vcs.commit,
        subdirectory: vcs.subdirectory,
      },
    ],
    [
      'directory',
      directory && {
        path: directory.path,
        editable: directory.editable || undefined,
        subdirectory: directory.subdirectory,
      },
    ],
    ['archive', distribution.archive && fileFields(distribution.archive, false)],
    ['index', distribution.index === undefined ? undefined : hideCredentials(distribution.index)],
    ['sdist', distribution.sdist && fileFields(distribution.sdist, true)],
    [
      'wheels',
      nonEmpty(
        [...distribution.wheels].sort((a, b) => order(a.filename, b.filename)).map((file) => fileFields(file, true)),
      ),
    ],
  ]
}

function fileFields(file: LockedFile, hasName: boolean): Record<string, TomlValue | undefined> {
  return {
    name: hasName ? file.filename : undefined,
    url: file.url === undefined ? undefined : hideCredentials(file.url),
    path: file.path,
    size: file.sizeBytes,
    hashes: Object.fromEntries(Object.entries(file.hashes).sort(([a], [b]) => order(a, b))),
    subdirectory: hasName ? undefined : file.subdirectory,
  }
}

function lines(fields: readonly (readonly [string, TomlValue | undefined])[]): string {
  return fields
    .filter((field): field is [string, TomlValue] => field[1] !== undefined)
    .map(([key, value]) => `${tomlKey(key)} = ${Array.isArray(value) ? tomlArray(value) : tomlInline(value)}\n`)
    .join('')
}

/** Arrays of tables go one to a line, so that a change of one file is a change of one line. */
function tomlArray(items: readonly TomlValue[]): string {
  if (!items.some((item) => typeof item === 'object')) return tomlInline(items)
  return `[\n${items.map((item) => `    ${tomlInline(item)},\n`).join('')}]`
}

function tomlInline(value: TomlValue): string {
  if (typeof value === 'string') return tomlString(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map((item) => tomlInline(item as TomlValue)).join(', ')}]`
  const fields = Object.entries(value).filter((field): field is [string, TomlValue] => field[1] !== undefined)
  return fields.length === 0
    ? '{}'
    : `{ ${fields.map(([key, item]) => `${tomlKey(key)} = ${tomlInline(item)}`).join(', ')} }`
}

function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key)
}

function tomlString(text: string): string {
  // eslint-disable-next-line no-control-regex -- TOML forbids control characters in strings
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

function nonEmpty<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length > 0 ? items : undefined
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
