/** Which distributions of a package the handler's imports lead to, as far as that can be said. */
import type { PackageDistribution, PackageFacts } from './facts.ts'
import { importGraph } from './import-graph.ts'

/** Whether an import that starts at the handler, or at own code without one, leads into this distribution. */
export function isReached(name: string, facts: PackageFacts): boolean {
  return importGraph(facts).reachedDistributions.has(name)
}

/** Distributions that nothing imports; none when nobody can say: without a handler, or when own code changes how modules are found. */
export function unusedDistributions(facts: PackageFacts): readonly PackageDistribution[] {
  const graph = importGraph(facts)
  if (!graph.startsAtHandler || graph.changesImports) return []
  // Native code imports without our seeing it: what a reached distribution requires counts as used.
  const required = new Set(
    facts.package.distributions
      .filter(({ name }) => graph.reachedDistributions.has(name))
      .flatMap(({ requires }) => requires.filter((line) => !line.includes('extra ==')).map(requirementName)),
  )
  return facts.package.distributions.filter(({ name }) => !isReached(name, facts) && !required.has(name))
}

/** Whether any distribution of the package requires this one, extras aside. */
export function isRequired(name: string, facts: PackageFacts): boolean {
  return facts.package.distributions.some(({ requires }) =>
    requires.some((line) => requirementName(line) === name && !line.includes('extra ==')),
  )
}

function requirementName(line: string): string {
  return (
    /^[\w.-]+/
      .exec(line.trim())?.[0]
      .toLowerCase()
      .replace(/[-_.]+/g, '-') ?? ''
  )
}
