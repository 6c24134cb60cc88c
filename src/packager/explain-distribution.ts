import { defineError } from '../base/errors.ts'
import { normalizeName, type NormalizedName } from '../pypa/name.ts'
import { formatRequirement } from '../pypa/requirement.ts'
import type { Artifact } from './artifact.ts'
import { withoutLocalProjects, type BuildSurroundings } from './build.ts'
import type { BuildPlan } from './build-plan.ts'
import { dependencyGraph, onlyBecauseOf, pathTo, requirersOf } from './dependency-graph.ts'
import { fetchArtifacts } from './fetch/fetch-artifacts.ts'
import { findImport, type ImportPath } from './find-import.ts'
import { resolve } from './resolve/resolve.ts'
import { gatherSources } from './source/gather-sources.ts'

/** Why a distribution is in a package, and what it costs. */
export interface Explanation {
  readonly name: string
  readonly version: string
  /** From what the project asks for to the distribution itself. */
  readonly path: readonly string[]
  /** Who asks for it, in their own words: `urllib3<3,>=1.21.1`. */
  readonly requiredBy: readonly { readonly by: string; readonly requirement: string }[]
  /** Whether the project's code imports it. Absent for layers, and where the project has no code. */
  readonly imported?: ImportPath | undefined
  readonly zippedBytes: number
  readonly unzippedBytes: number
  /** What would leave the package with it, itself first. */
  readonly leavesWithIt: readonly {
    readonly name: string
    readonly zippedBytes: number
    readonly unzippedBytes: number
  }[]
}

export const notInPackage = defineError('ZY0463', 'refused', (p: { name: string; present: readonly string[] }) => ({
  message: `\`${p.name}\` is not a distribution of this package`,
  hint:
    p.present.length === 0
      ? 'The package has no dependencies'
      : `It has ${p.present.map((name) => `\`${name}\``).join(', ')}`,
}))

/** Resolves and fetches as a build does, writes no package, and explains one distribution of it. */
export async function explainDistribution(
  plan: BuildPlan,
  text: string,
  surroundings: BuildSurroundings,
): Promise<Explanation> {
  const { target } = plan
  const sources = gatherSources(plan)
  const resolution = await resolve(
    { ...plan, folder: plan.project, input: sources.input, variables: surroundings.variables },
    surroundings,
  )
  const artifacts = await fetchArtifacts(
    resolution.distributions,
    { target, ...resolution, buildWheel: surroundings.buildWheel },
    surroundings,
  )
  const name = normalizeName(text)
  const artifact = artifacts.find((one) => one.name === name)
  if (!artifact) throw notInPackage({ name: text, present: artifacts.map((one) => one.name).sort() })
  const graph = dependencyGraph(artifacts, target)
  const own = withoutLocalProjects(sources.files, resolution, plan.project)
  const leaving = onlyBecauseOf(graph, name)
  return {
    name,
    version: artifact.version,
    path: pathTo(graph, name),
    requiredBy: requirersOf(graph, name).map(({ by, requirement }) => ({
      by,
      requirement: formatRequirement({ ...requirement, marker: undefined }),
    })),
    imported: await findImport(name, plan, artifacts, own, surroundings.cache),
    ...weightOf(artifact),
    leavesWithIt: [name, ...[...leaving].filter((other) => other !== name).sort()].map((other: NormalizedName) => ({
      name: other,
      ...weightOf(artifacts.find((one) => one.name === other)!),
    })),
  }
}

function weightOf({ index }: Artifact): { readonly zippedBytes: number; readonly unzippedBytes: number } {
  return {
    zippedBytes: index.entries.reduce((sum, entry) => sum + entry.compressedBytes, 0),
    unzippedBytes: index.entries.reduce((sum, entry) => sum + entry.uncompressedBytes, 0),
  }
}
