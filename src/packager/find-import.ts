import { importGraph, type ImportGraph } from '../audit/import-graph.ts'
import type { Cache } from '../cache/cache.ts'
import type { Artifact } from './artifact.ts'
import type { BuildPlan } from './build-plan.ts'
import { factsOfBuild } from './facts-of-build.ts'
import { layOut } from './layout/lay-out.ts'
import type { OwnFile } from './source/own-sources.ts'

/** How the project's code comes to import a distribution. */
export interface ImportPath {
  /** A handler was named and found; else every module of the project counts as a start. */
  readonly startsAtHandler: boolean
  /** Files of the package, each imported by the one before, the last of the distribution; empty when no import leads there. */
  readonly files: readonly string[]
  /** Every import on the way runs whenever the first file is imported, not only inside a function or after a failure. Never without a handler. */
  readonly isCertain: boolean
}

/** The shortest way of imports that was found into a distribution, those that always run before others. */
export async function findImport(
  distribution: string,
  plan: BuildPlan,
  artifacts: readonly Artifact[],
  own: readonly OwnFile[],
  cache: Cache,
): Promise<ImportPath | undefined> {
  if (plan.layer !== undefined || own.length === 0) return undefined
  const layout = layOut(artifacts, own, {
    ...plan,
    slim: undefined,
    onConflict: 'first',
    mode: 'lambda',
    python: plan.target.runtime.python,
  })
  const sum = (of: (file: (typeof layout.files)[number]) => number): number =>
    layout.files.reduce((total, file) => total + of(file), 0)
  const weight = {
    bytes: sum(({ compressedBytes = 0 }) => compressedBytes),
    unzippedBytes: sum(({ uncompressedBytes }) => uncompressedBytes),
  }
  const graph = importGraph(await factsOfBuild(weight, plan, artifacts, layout, cache))
  const ways = [...graph.reached.values()]
    .filter(({ file }) => file.distribution === distribution)
    .map(({ file, isCertain }) => ({ files: wayTo(file.path, graph), isCertain }))
    .sort((a, b) => Number(b.isCertain) - Number(a.isCertain) || a.files.length - b.files.length)
  return { startsAtHandler: graph.startsAtHandler, ...(ways[0] ?? { files: [], isCertain: false }) }
}

function wayTo(path: string, graph: ImportGraph): readonly string[] {
  const way = new Set<string>()
  for (let at: string | undefined = path; at !== undefined && !way.has(at); at = graph.reached.get(at)?.importedBy)
    way.add(at)
  return [...way].reverse()
}
