import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { sha256, type Digest } from '../../base/digest.ts'
import { isUrl, type DirectReference } from '../../pypa/direct-reference.ts'
import { formatMarker, type Marker } from '../../pypa/marker.ts'
import { normalizeName } from '../../pypa/name.ts'
import type { ProjectIndexes } from '../../index/load-index-configuration.ts'
import { parsePyproject } from '../../pypa/pyproject.ts'
import { formatRequirement, parseRequirement, type Requirement } from '../../pypa/requirement.ts'
import { readRequirementsFile, type RequirementLine, type RequirementsOptions } from '../../pypa/requirements-txt.ts'
import { parseScriptMetadata } from '../../pypa/script-metadata.ts'
import type { ResolvableInput } from '../dependency-input.ts'
import { withoutCredentials } from './resolution-error.ts'
import { readRequirementsText } from './requirements-text.ts'
import type { Variables } from './scrubbed-environment.ts'

/** One thing that a project asks for. */
export interface Declared {
  readonly requirement?: Requirement | undefined
  readonly reference?: DirectReference | undefined
  /** Of a reference without a requirement: what its line says of the name, and its extras (`-e ./lib[extra]`). */
  readonly name?: string | undefined
  readonly extras?: readonly string[] | undefined
  readonly marker?: Marker | undefined
  readonly isEditable: boolean
  /** `sha256:…` */
  readonly hashes: readonly string[]
}

/** What a project asks for, in one form wherever it is written. */
export interface Declarations {
  readonly declared: readonly Declared[]
  readonly constraints: readonly Declared[]
  /** Of requirements files. */
  readonly options?: RequirementsOptions | undefined
  /** Indexes that the declarations name. */
  readonly indexes: ProjectIndexes
  /** Changes when, and only when, something changes that a resolver looks at. The same on every machine. */
  readonly digest: Digest
}

export const noDeclaration = defineError(
  'ZY0415',
  'refused',
  (p: { file: string; what: string; known: readonly string[] }) => ({
    message: `\`${p.file}\` has no ${p.what}`,
    hint:
      p.known.length > 0
        ? `It has ${p.known.map((name) => `\`${name}\``).join(', ')}`
        : 'Declare the dependencies there, or name a requirements file with `-r`',
  }),
)

/** Reads what an input declares. `folder` is the project's: relative paths of requirements start there. */
export async function readDeclarations(
  input: ResolvableInput,
  folder: string,
  variables: Variables,
): Promise<Declarations> {
  switch (input.kind) {
    case 'requirements':
      return ofRequirements(input.files, folder, variables)
    case 'pyproject':
      return ofPyproject(input, folder)
    case 'script':
      return ofScript(input.file, folder)
    case 'lines':
      return finish(
        input.lines.map((line) => declared(parseRequirement(line))),
        [],
        folder,
        {},
      )
  }
}

async function ofRequirements(files: readonly string[], folder: string, variables: Variables): Promise<Declarations> {
  const read = await Promise.all(
    files.map((file) => readRequirementsFile(file, { folder, environment: variables, read: readRequirementsText })),
  )
  const options = read.map((one) => one.options)
  const merged: RequirementsOptions = {
    indexUrl: options.findLast((one) => one.indexUrl !== undefined)?.indexUrl,
    extraIndexUrls: options.flatMap((one) => one.extraIndexUrls),
    findLinks: options.flatMap((one) => one.findLinks),
    noIndex: options.some((one) => one.noIndex),
    trustedHosts: options.flatMap((one) => one.trustedHosts),
    noBinary: options.flatMap((one) => one.noBinary),
    onlyBinary: options.flatMap((one) => one.onlyBinary),
    preferBinary: options.some((one) => one.preferBinary),
    requireHashes: options.some((one) => one.requireHashes),
    allowPrereleases: options.some((one) => one.allowPrereleases),
  }
  const lines = read.flatMap((one) => one.requirements)
  const constraints = read.flatMap((one) => one.constraints)
  return finish(lines.map(ofLine), constraints.map(ofLine), folder, {}, merged)
}

function ofLine(line: RequirementLine): Declared {
  return {
    requirement: line.requirement,
    reference: line.reference,
    name: line.name,
    extras: line.extras,
    marker: line.marker,
    isEditable: line.isEditable,
    hashes: line.hashes,
  }
}

async function ofPyproject(
  input: Extract<ResolvableInput, { kind: 'pyproject' }>,
  folder: string,
): Promise<Declarations> {
  const { project, dependencyGroups, tool } = parsePyproject(await readFile(input.file, 'utf8'), input.file)
  const find = (
    what: string,
    from: Readonly<Record<string, readonly Requirement[]>> | undefined,
    name: string,
  ): readonly Requirement[] => {
    const list = from?.[normalizeName(name)]
    if (!list) throw noDeclaration({ file: input.file, what: `${what} \`${name}\``, known: Object.keys(from ?? {}) })
    return list
  }
  const requirements = [
    ...(project?.dependencies ?? []),
    ...input.extras.flatMap((extra) => find('extra', project?.optionalDependencies, extra)),
    ...input.groups.flatMap((group) => find('dependency group', dependencyGroups, group)),
  ]
  // uv's own settings decide versions too: sources, constraints, overrides, indexes.
  return finish(requirements.map(declared), [], folder, { uv: tool.at('uv').value, dynamic: project?.dynamic })
}

async function ofScript(file: string, folder: string): Promise<Declarations> {
  const script = parseScriptMetadata(await readFile(file, 'utf8'), file)
  if (!script) throw noDeclaration({ file, what: 'inline metadata (`# /// script`)', known: [] })
  return finish(script.dependencies.map(declared), [], folder, { uv: script.tool.at('uv').value })
}

function declared(requirement: Requirement): Declared {
  return { requirement, marker: requirement.marker, isEditable: false, hashes: [] }
}

function finish(
  list: readonly Declared[],
  constraints: readonly Declared[],
  folder: string,
  settings: Readonly<Record<string, unknown>>,
  options?: RequirementsOptions,
): Declarations {
  const describe = (one: Declared): string =>
    [
      formatDeclared(one, folder),
      one.marker ? formatMarker(one.marker) : '',
      ...one.hashes,
      localManifest(one, folder),
    ].join('\n')
  const content = {
    declared: list.map(describe).sort(),
    constraints: constraints.map(describe).sort(),
    settings,
    options: options && {
      noBinary: options.noBinary,
      onlyBinary: options.onlyBinary,
      requireHashes: options.requireHashes,
      allowPrereleases: options.allowPrereleases,
    },
  }
  return {
    declared: list,
    constraints,
    options,
    indexes: options ? indexesOf(options) : uvIndexes(settings['uv']),
    digest: sha256(withoutCredentials(JSON.stringify(content))),
  }
}

/** What requirements files say about indexes. */
export function indexesOf({
  indexUrl,
  extraIndexUrls,
  findLinks,
  noIndex,
  trustedHosts,
}: RequirementsOptions): ProjectIndexes {
  return { indexUrl, extraIndexUrls, findLinks, noIndex: noIndex || undefined, trustedHosts }
}

interface UvIndex {
  readonly name?: unknown
  readonly url?: unknown
  readonly default?: unknown
  readonly explicit?: unknown
}

/** `[[tool.uv.index]]` of a pyproject.toml. */
function uvIndexes(
  uv: unknown,
  isWanted: (index: UvIndex) => boolean = ({ explicit }) => explicit !== true,
): ProjectIndexes {
  const list = (uv as { readonly index?: unknown } | undefined)?.index
  if (!Array.isArray(list)) return {}
  const named = (list as UvIndex[])
    .filter(isWanted)
    .flatMap(({ name, url, default: isDefault }) =>
      typeof url === 'string'
        ? [{ url, name: typeof name === 'string' ? name : undefined, isDefault: isDefault === true }]
        : [],
    )
  return named.length > 0 ? { named } : {}
}

/** Indexes whose files a lock of uv has addresses of: what is configured for them (`UV_INDEX_NAME_PASSWORD`) opens the files too. */
export function lockedIndexes(uv: unknown): ProjectIndexes {
  return uvIndexes(uv, ({ url }) => typeof url === 'string' && /^https?:/.test(url))
}

/** What a local project says about its own dependencies decides the resolution too. */
function localManifest({ reference }: Declared, folder: string): string {
  const path = reference?.kind === 'directory' ? reference.path : undefined
  if (path === undefined) return ''
  const files = ['pyproject.toml', 'setup.cfg', 'setup.py'].map((name) =>
    join(isAbsolute(path) ? path : join(folder, path), name),
  )
  return files.map((file) => (existsSync(file) ? sha256(readFileSync(file)) : '')).join(' ')
}

/** The declaration as a line of a requirements file, without marker and hashes. Paths are relative to the project where they can be. */
export function formatDeclared(one: Declared, folder: string): string {
  const { requirement, reference } = one
  if (!reference) return requirement ? formatRequirement({ ...requirement, marker: undefined }) : ''
  const list = requirement?.extras ?? one.extras ?? []
  const extras = list.length > 0 ? `[${list.join(',')}]` : ''
  if (requirement && !one.isEditable)
    return `${requirement.name}${extras} @ ${formatReference(reference, folder, '', true)}`
  const editable = one.isEditable ? '-e ' : ''
  // A repository has no file name behind which its extras could stand.
  if (extras !== '' && reference.kind === 'vcs') {
    const egg = one.name === undefined ? '' : `egg=${one.name}${extras}`
    return `${editable}${formatReference(reference, folder, '', false, egg)}`
  }
  return `${editable}${formatReference(reference, folder, extras, false)}`
}

/** @param behind stands right behind the place; `egg` in the fragment */
function formatReference(
  reference: DirectReference,
  folder: string,
  behind: string,
  isNamed: boolean,
  egg = '',
): string {
  const parts = [egg, reference.subdirectory ? `subdirectory=${reference.subdirectory}` : ''].filter(
    (one) => one !== '',
  )
  const fragment = parts.length > 0 ? `#${parts.join('&')}` : ''
  if (reference.kind === 'vcs')
    return `${reference.vcs}+${reference.url}${reference.revision ? `@${reference.revision}` : ''}${fragment}`
  const place = reference.kind === 'archive' && reference.url !== undefined ? reference.url : reference.path!
  if (isUrl(place)) return `${place}${behind}${fragment}`
  const path = relative(folder, place).split(sep).join('/')
  const local = path.startsWith('..') || isAbsolute(path) ? path : `./${path}`
  return isNamed ? `file:${local}${fragment}` : `${local}${behind}${fragment}`
}
