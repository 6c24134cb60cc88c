import type { SpecifierSet } from '../pypa/specifier.ts'
import type { Artifact } from './artifact.ts'
import { dependencyGraph } from './dependency-graph.ts'
import type { Note } from './layout/layout.ts'
import { sdkDistributions } from './sdk-copy.ts'
import type { Target } from './target.ts'

/** Parts of the SDK that others use too; without them, a packaged `requests` would run on the runtime's `urllib3`. */
const shared = new Set<string>(['urllib3', 'six', 'python-dateutil', 'jmespath'])

/**
 * Leaves the AWS SDK to the runtime's own copy: whatever of it nothing else in the package needs. A part that another distribution
 * needs stays: shared ones whenever it asks for them, those of AWS when it asks for particular versions. The SDK never stays by half.
 */
export function leaveSdk(
  artifacts: readonly Artifact[],
  target: Target,
): { readonly artifacts: readonly Artifact[]; readonly notes: readonly Note[] } {
  const sdk = new Set<string>(sdkDistributions)
  const { edges } = dependencyGraph(artifacts, target)
  const reasons: string[] = []
  const kept = new Set<string>()
  for (const [by, needed] of edges) {
    if (sdk.has(by)) continue
    for (const { to, requirement } of needed) {
      if (!sdk.has(to) || !(shared.has(to) || isParticular(requirement.specifiers))) continue
      kept.add(to)
      if (!shared.has(to)) reasons.push(`\`${by}\` needs a particular \`${to}\``)
    }
  }
  const holdsSdk = ['boto3', 'botocore', 's3transfer'].some((name) => kept.has(name))
  if (holdsSdk)
    return {
      artifacts,
      notes: [{ code: 'ZY0461', message: `The AWS SDK stays in the package: ${[...new Set(reasons)].join(', ')}` }],
    }
  const left = artifacts.filter(({ name }) => sdk.has(name) && !kept.has(name))
  if (left.length === 0) return { artifacts, notes: [] }
  return {
    artifacts: artifacts.filter((artifact) => !left.includes(artifact)),
    notes: [
      {
        code: 'ZY0462',
        message: `Left to the runtime: ${left.map(({ name, version }) => `\`${name} ${version}\``).join(', ')}`,
        hint: 'AWS moves these versions without notice; pack them (`--sdk bundled`) when the function depends on a new feature',
      },
    ],
  }
}

/** Whether a requirement could fail with another version than the one locked: anything but a lower bound. */
function isParticular(specifiers: SpecifierSet): boolean {
  return specifiers.some(({ operator }) => operator !== '>=' && operator !== '>' && operator !== '!=')
}
