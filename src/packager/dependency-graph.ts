import { evaluateMarker } from '../pypa/marker.ts'
import { parseMetadata, type DistributionMetadata } from '../pypa/metadata.ts'
import type { NormalizedName } from '../pypa/name.ts'
import type { Requirement } from '../pypa/requirement.ts'
import { readEntry } from '../zip/entry-data.ts'
import { openFileSource } from '../zip/source.ts'
import type { Artifact } from './artifact.ts'
import type { Target } from './target.ts'

/** Which distribution needs which, as their own metadata says, for a target. */
export interface DependencyGraph {
  /** What the project asks for itself. */
  readonly roots: readonly NormalizedName[]
  readonly edges: ReadonlyMap<NormalizedName, readonly DependencyEdge[]>
}

export interface DependencyEdge {
  readonly to: NormalizedName
  readonly requirement: Requirement
}

/** Reads the metadata of every wheel. Extras count when somebody asks for them. */
export function dependencyGraph(
  artifacts: readonly Artifact[],
  target: Target,
  requested: readonly Requirement[] = [],
): DependencyGraph {
  const metadata = new Map(artifacts.map((artifact) => [artifact.name, metadataOf(artifact)]))
  const edges = new Map<NormalizedName, DependencyEdge[]>()
  const asked = new Map<NormalizedName, Set<string>>()
  const roots = artifacts.filter((artifact) => artifact.isRequested).map((artifact) => artifact.name)
  const queue: { name: NormalizedName; extras: readonly string[] }[] = artifacts.map(({ name }) => ({
    name,
    extras: requested.find((requirement) => requirement.normalizedName === name)?.extras ?? [],
  }))
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { name } = next
    const known = asked.get(name)
    const extras = new Set([...(known ?? []), ...next.extras])
    if (known && extras.size === known.size) continue
    asked.set(name, extras)
    const found: DependencyEdge[] = []
    for (const requirement of metadata.get(name)?.requiresDist ?? []) {
      if (!evaluateMarker(requirement.marker, target.environment, { extras: [...extras] })) continue
      if (!metadata.has(requirement.normalizedName)) continue
      found.push({ to: requirement.normalizedName, requirement })
      if (requirement.extras.length > 0) queue.push({ name: requirement.normalizedName, extras: requirement.extras })
    }
    edges.set(name, found)
  }
  return { roots, edges }
}

/** The shortest way from something the project asks for to `name`; empty when nothing needs it. */
export function pathTo(graph: DependencyGraph, name: NormalizedName): readonly NormalizedName[] {
  const queue: NormalizedName[][] = graph.roots.map((root) => [root])
  const seen = new Set<NormalizedName>(graph.roots)
  for (let path = queue.shift(); path; path = queue.shift()) {
    const last = path.at(-1)!
    if (last === name) return path
    for (const { to } of graph.edges.get(last) ?? []) {
      if (seen.has(to)) continue
      seen.add(to)
      queue.push([...path, to])
    }
  }
  return []
}

/** Who asks for `name` directly, with the words they use. */
export function requirersOf(
  graph: DependencyGraph,
  name: NormalizedName,
): readonly { readonly by: NormalizedName; readonly requirement: Requirement }[] {
  return [...graph.edges].flatMap(([by, edges]) =>
    edges.filter(({ to }) => to === name).map(({ requirement }) => ({ by, requirement })),
  )
}

/** What leaves the package when `name` does: itself, and what nothing else needs. */
export function onlyBecauseOf(graph: DependencyGraph, name: NormalizedName): ReadonlySet<NormalizedName> {
  const kept = new Set<NormalizedName>()
  const queue = graph.roots.filter((root) => root !== name)
  for (let next = queue.shift(); next; next = queue.shift()) {
    if (kept.has(next) || next === name) continue
    kept.add(next)
    for (const { to } of graph.edges.get(next) ?? []) queue.push(to)
  }
  return new Set([...graph.edges.keys()].filter((other) => !kept.has(other)))
}

export function metadataOf(artifact: Artifact): DistributionMetadata {
  const entry = artifact.index.entries.find((candidate) => /^[^/]+\.dist-info\/METADATA$/.test(candidate.name))!
  const source = openFileSource(artifact.path)
  try {
    return parseMetadata(
      readEntry(source, entry, artifact.filename).toString('utf8'),
      `${artifact.filename}: ${entry.name}`,
    )
  } finally {
    source.close()
  }
}
