import { machineOf } from '../../lambda/architecture.ts'
import { evaluateMarker } from '../../pypa/marker.ts'
import { formatRequirement, parseRequirement } from '../../pypa/requirement.ts'
import { matches } from '../../pypa/specifier.ts'
import { targetEnvironment } from '../../pypa/target-environment.ts'
import { parseVersion } from '../../pypa/version.ts'
import type { PackageFacts } from '../facts.ts'
import { defineFinding, type Finding } from '../finding.ts'
import { importGraph } from '../import-graph.ts'
import type { Rule } from '../rule.ts'

const absent = defineFinding('ZY1406', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A distribution lacks what it requires',
  why: 'Its metadata names another distribution that is neither in the package, nor in a layer, nor part of the runtime. Imports by computed names and from native code are not seen otherwise, so this catches what the rule on imports cannot.',
  text: (p: { distribution: string; requirement: string; name: string }) => ({
    sentence: `\`${p.distribution}\` requires \`${p.requirement}\`, which is not in the package`,
    hint: `Install with dependencies (without \`--no-deps\`), or add \`${p.name}\` to the requirements`,
  }),
  sample: { distribution: 'requests', requirement: 'idna<4,>=2.5', name: 'idna' },
})

const unfit = defineFinding('ZY1407', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A distribution has another version than one that is required',
  why: 'Two parts of the package disagree about a third. It may work; when it does not, the error is an `ImportError` or `AttributeError` far from the cause.',
  text: (p: { distribution: string; requirement: string; name: string; version: string }) => ({
    sentence: `\`${p.distribution}\` requires \`${p.requirement}\`, the package has \`${p.name}\` ${p.version}`,
    hint: 'Install all requirements in one go, so that they are resolved together',
  }),
  sample: { distribution: 'pydantic', requirement: 'pydantic-core==2.41.5', name: 'pydantic-core', version: '2.33.2' },
})

/** What the runtime's SDK brings; the rule on the SDK speaks about these. */
const ofRuntime = new Set(['boto3', 'botocore', 's3transfer', 'jmespath', 'python-dateutil', 'six', 'urllib3'])

export const requirements: Rule = {
  name: 'requirements',
  summary: 'Does every distribution that is used have what its metadata requires?',
  findings: [absent, unfit],
  *check(facts) {
    const { runtime, architecture } = facts.target
    const environment = targetEnvironment({
      python: runtime.python,
      glibc: runtime.glibc,
      machine: machineOf(architecture),
    })
    const distributions = [facts.package, ...facts.layers].flatMap((tree) => tree.distributions)
    const versions = new Map(distributions.map(({ name, version }) => [name, version]))
    const used = usedDistributions(facts)
    const told = new Set<string>()
    for (const { name, requires } of distributions) {
      if (used && !used.has(name)) continue
      for (const line of requires) {
        const finding = judge(name, line)
        if (finding && !told.has(finding.sentence)) {
          told.add(finding.sentence)
          yield finding
        }
      }
    }

    function judge(distribution: string, line: string): Finding | undefined {
      try {
        const requirement = parseRequirement(line)
        if (!evaluateMarker(requirement.marker, environment)) return undefined
        const name = requirement.normalizedName
        const version = versions.get(name)
        const text = formatRequirement({ ...requirement, marker: undefined })
        if (version === undefined)
          return ofRuntime.has(name) ? undefined : absent({ distribution, requirement: text, name }, { distribution })
        return matches(requirement.specifiers, parseVersion(version)) || ofRuntime.has(name)
          ? undefined
          : unfit({ distribution, requirement: text, name, version }, { distribution })
      } catch {
        // A line that cannot be read says nothing about the package.
        return undefined
      }
    }
  },
}

/** Distributions that the handler reaches; undefined when nobody knows where it starts. */
function usedDistributions(facts: PackageFacts): ReadonlySet<string> | undefined {
  const graph = importGraph(facts)
  if (!graph.startsAtHandler) return undefined
  return new Set([...graph.reached.values()].flatMap(({ file }) => file.distribution ?? []))
}
