import { defineError } from '../base/errors.ts'
import { readToml, type DocumentNode } from './document.ts'
import { isValidName, normalizeName, type NormalizedName } from './name.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { parseSpecifierSet, type SpecifierSet } from './specifier.ts'

/** What packaging reads of a `pyproject.toml`. */
export interface Pyproject {
  readonly file: string
  /** `[project]` (PEP 621). */
  readonly project?: PyprojectProject | undefined
  /** `[dependency-groups]` (PEP 735) by normalised name, includes followed. */
  readonly dependencyGroups: Readonly<Record<string, readonly Requirement[]>>
  /** `[build-system]`; its presence makes the folder something that can be built. */
  readonly buildSystem?: { readonly requires: readonly string[]; readonly backend?: string | undefined } | undefined
  /** `[tool]`, unread. */
  readonly tool: DocumentNode
}

export interface PyprojectProject {
  /** As written. */
  readonly name: string
  readonly normalizedName: NormalizedName
  readonly version?: string | undefined
  readonly requiresPython?: SpecifierSet | undefined
  readonly dependencies: readonly Requirement[]
  /** By normalised name. */
  readonly optionalDependencies: Readonly<Record<string, readonly Requirement[]>>
  /** Fields that only the build backend knows. */
  readonly dynamic: readonly string[]
}

export const invalidDependencyGroup = defineError(
  'ZY0215',
  'refused',
  (p: { file: string; group: string; problem: string }) => ({
    message: `\`${p.file}\`: the dependency group \`${p.group}\` ${p.problem}`,
    hint: 'Groups hold requirements and `{ include-group = "name" }` (PEP 735)',
  }),
)

export function parsePyproject(text: string, file = 'pyproject.toml'): Pyproject {
  const document = readToml(text, file)
  const project = document.at('project')
  const build = document.at('build-system')
  return {
    file,
    project: project.exists ? readProject(project) : undefined,
    dependencyGroups: readGroups(document.at('dependency-groups')),
    buildSystem: build.exists
      ? { requires: build.at('requires').strings(), backend: build.at('build-backend').optionalString() }
      : undefined,
    tool: document.at('tool'),
  }
}

function readProject(project: DocumentNode): PyprojectProject {
  const name = project.at('name').string()
  if (!isValidName(name)) project.at('name').fail(`must be the name of a distribution, found \`${name}\``)
  const optional = project.at('optional-dependencies').entries()
  return {
    name,
    normalizedName: normalizeName(name),
    version: project.at('version').optionalString(),
    requiresPython: project.at('requires-python').optionalParsed(parseSpecifierSet),
    dependencies: requirements(project.at('dependencies')),
    optionalDependencies: Object.fromEntries(
      optional.map(([extra, list]) => [normalizeName(extra), requirements(list)]),
    ),
    dynamic: project.at('dynamic').strings(),
  }
}

function requirements(list: DocumentNode): readonly Requirement[] {
  return list.items().map((item) => item.parsed(parseRequirement))
}

function readGroups(groups: DocumentNode): Readonly<Record<string, readonly Requirement[]>> {
  const byName = new Map<string, DocumentNode>()
  for (const [name, list] of groups.entries()) {
    const normalized = normalizeName(name)
    if (byName.has(normalized))
      throw invalidDependencyGroup({
        file: groups.file,
        group: name,
        problem: 'is written twice, in different spellings',
      })
    byName.set(normalized, list)
  }
  const resolved = new Map<string, readonly Requirement[]>()
  const resolve = (name: string, path: readonly string[]): readonly Requirement[] => {
    const known = resolved.get(name)
    if (known) return known
    const list = byName.get(name)
    const group = path.at(-1) ?? name
    if (!list)
      throw invalidDependencyGroup({ file: groups.file, group, problem: `includes \`${name}\`, which does not exist` })
    if (path.includes(name))
      throw invalidDependencyGroup({
        file: groups.file,
        group: name,
        problem: `includes itself, by way of ${
          path
            .slice(1)
            .map((part) => `\`${part}\``)
            .join(', ') || 'nothing else'
        }`,
      })
    const found = list.items().flatMap((item) => {
      if (item.isString) return [item.parsed(parseRequirement)]
      return [...resolve(normalizeName(item.at('include-group').string()), [...path, name])]
    })
    resolved.set(name, found)
    return found
  }
  return Object.fromEntries([...byName.keys()].map((name) => [name, resolve(name, [])]))
}
