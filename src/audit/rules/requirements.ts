import { machineOf } from '../../lambda/architecture.ts'
import { evaluateMarker } from '../../pypa/marker.ts'
import { normalizeName } from '../../pypa/name.ts'
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

const noMetadata = defineFinding('ZY1409', {
  severity: 'error',
  title: 'A module asks for metadata that is not in the package',
  why: "When it is imported, it looks up a distribution's version or metadata, and no `.dist-info` folder of that name is in the package or a layer: `PackageNotFoundError: No package metadata was found for …`. Slimming scripts that delete `*.dist-info` do this, and so does copying a package's folder alone.",
  text: (p: { distribution: string; from: string; line: number }) => ({
    sentence: `\`${p.from}\` line ${p.line} looks up the metadata of \`${p.distribution}\` when it is imported, and there is no \`.dist-info\` of it`,
    hint: `Keep \`${p.distribution.replaceAll(/[-.]+/g, '_')}-*.dist-info\` in the package: its \`METADATA\` is all that is needed`,
  }),
  sample: { distribution: 'typeguard', from: 'typeguard/__init__.py', line: 12 },
})

/** What the runtime's SDK brings; the rule on the SDK speaks about these. */
const ofRuntime = new Set(['boto3', 'botocore', 's3transfer', 'jmespath', 'python-dateutil', 'six', 'urllib3'])

export const requirements: Rule = {
  name: 'requirements',
  summary: 'Does every distribution that is used have what its metadata requires?',
  findings: [absent, unfit, noMetadata],
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
    yield* lookups(facts)

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
  return graph.reachedDistributions
}

/** What modules without a distribution, as slimming leaves them, ask for while the handler is imported. */
function* lookups(facts: PackageFacts): Generator<Finding> {
  const graph = importGraph(facts)
  let known: ReadonlySet<string> | undefined
  for (const { file, isCertain, guard } of graph.reachedOwn) {
    const content = file.interest === 'python' ? file.content : undefined
    if (content?.kind !== 'python' || !content.metadata || !isCertain || guard !== 'none') continue
    for (const { distribution, line } of content.metadata) {
      const name = normalizeName(distribution)
      known ??= namesWithMetadata(facts)
      if (known.has(name) || ofRuntime.has(name) || graph.changesImports) continue
      yield noMetadata({ distribution, from: file.path, line }, { file: file.path, line })
    }
  }
}

function namesWithMetadata(facts: PackageFacts): ReadonlySet<string> {
  const names = new Set<string>()
  for (const tree of [facts.package, ...facts.layers]) {
    for (const { name } of tree.distributions) names.add(name)
    for (const path of tree.files.keys()) {
      const folder = path.includes('-info') && /(?:^|\/)([^/-]+)[^/]*\.(?:dist|egg)-info(?:\/|$)/.exec(path)
      if (folder) names.add(normalizeName(folder[1]!))
    }
  }
  return names
}
