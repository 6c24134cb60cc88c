import { normalizeName } from '../../pypa/name.ts'
import { parseRequirement } from '../../pypa/requirement.ts'
import { formatSpecifierSet, matches } from '../../pypa/specifier.ts'
import { parseVersion } from '../../pypa/version.ts'
import { isGuarded } from '../../python/block-stack.ts'
import type { PackageDistribution, PackageFacts } from '../facts.ts'
import { defineFinding, type Finding } from '../finding.ts'
import { importGraph } from '../import-graph.ts'
import type { Rule } from '../rule.ts'
import { sdkDependencies, sdkModules } from '../runtime-modules.ts'

const halfBundled = defineFinding('ZY1201', {
  severity: 'error',
  certainty: 'likely',
  title: 'Only one half of the AWS SDK is in the package',
  why: '`boto3` and `botocore` are released together and pin each other. A packaged half meets the other half of the runtime, whose version differs by region and moves without notice: `ImportError: cannot import name …` or `DataNotFoundError` after an update of the runtime.',
  text: (p: { has: string; version: string; lacks: string }) => ({
    sentence: `the package has \`${p.has}\` ${p.version} and takes \`${p.lacks}\` from the runtime, in whatever version that is`,
    hint: `Pack both (\`pip install boto3\` brings \`botocore\`, \`s3transfer\` and \`jmespath\`), or neither`,
  }),
  sample: { has: 'boto3', version: '1.40.70', lacks: 'botocore' },
})

const contradiction = defineFinding('ZY1202', {
  severity: 'error',
  title: 'The packaged parts of the AWS SDK do not fit together',
  why: "The SDK's parts use each other's internals; a combination that its own metadata excludes fails at import or at the first call.",
  text: (p: { name: string; version: string; needs: string; other: string; found: string }) => ({
    sentence: `\`${p.name}\` ${p.version} needs \`${p.other}${p.needs}\`, the package has ${p.found}`,
    hint: `Install them together: \`pip install --upgrade ${p.name}\``,
  }),
  sample: { name: 'boto3', version: '1.40.70', needs: '<1.41.0,>=1.40.70', other: 'botocore', found: '1.34.0' },
})

const fromRuntime = defineFinding('ZY1203', {
  severity: 'info',
  title: 'The AWS SDK comes from the runtime',
  why: "AWS updates the runtime's SDK when it likes and no longer publishes its version. AWS itself recommends to package all dependencies where control matters.",
  text: (p: { modules: readonly string[] }) => ({
    sentence: `${p.modules.map((module) => `\`${module}\``).join(' and ')} ${p.modules.length > 1 ? 'come' : 'comes'} from the runtime, in a version that moves`,
    hint: 'Nothing to do, unless a service or parameter is new: then add `boto3` to the requirements (`--sdk bundled`)',
  }),
  sample: { modules: ['boto3'] },
})

const borrowed = defineFinding('ZY1204', {
  severity: 'warning',
  certainty: 'likely',
  title: "A dependency is borrowed from the runtime's SDK",
  why: '`urllib3`, `six`, `dateutil`, `jmespath` and `s3transfer` are in the runtime only because its SDK needs them. They change and vanish with it.',
  text: (p: { module: string; from: string; line: number }) => ({
    sentence: `\`${p.module}\`, imported by \`${p.from}\` line ${p.line}, is only there as a part of the runtime's SDK`,
    hint: `Add \`${p.module === 'dateutil' ? 'python-dateutil' : p.module}\` to the requirements`,
  }),
  sample: { module: 'dateutil', from: 'app.py', line: 2 },
})

const vendoredRequests = defineFinding('ZY1205', {
  severity: 'error',
  title: '`botocore.vendored.requests` is gone',
  why: 'Old examples import `requests` out of botocore. Botocore removed it in 2021; on every current runtime the import fails with `ModuleNotFoundError` or `AttributeError`.',
  text: (p: { from: string; line: number }) => ({
    sentence: `\`${p.from}\` line ${p.line} imports \`botocore.vendored.requests\`, which no current runtime has`,
    hint: 'Add `requests` to the requirements and `import requests`',
  }),
  sample: { from: 'lambda_function.py', line: 1 },
})

const tooOld = defineFinding('ZY1206', {
  severity: 'warning',
  certainty: 'likely',
  title: 'The packaged AWS SDK is older than what is used',
  why: "A distribution of the package needs a newer SDK than the one that is packed with it, and the packed one wins over the runtime's. What it lacks fails at the call: `UnknownServiceError`, `ParamValidationError: Unknown parameter in input`, or `AttributeError`.",
  text: (p: { distribution: string; requirement: string; name: string; version: string }) => ({
    sentence: `\`${p.distribution}\` requires \`${p.requirement}\`, the package has \`${p.name}\` ${p.version}`,
    hint: `Install them together: \`pip install --upgrade ${p.name} ${p.distribution}\`; or leave the SDK out (\`--sdk runtime\`)`,
  }),
  sample: { distribution: 'aws-encryption-sdk', requirement: 'boto3>=1.40.0', name: 'boto3', version: '1.34.100' },
})

export const sdk: Rule = {
  name: 'sdk',
  summary: "Do the packaged and the runtime's parts of the AWS SDK fit together?",
  findings: [halfBundled, contradiction, fromRuntime, borrowed, vendoredRequests, tooOld],
  *check(facts) {
    const parts = new Map(
      [facts.package, ...facts.layers].flatMap((tree) => tree.distributions.map((each) => [each.name, each] as const)),
    )
    const [boto3, botocore] = [parts.get('boto3'), parts.get('botocore')]
    if (boto3 && !botocore)
      yield halfBundled({ has: 'boto3', version: boto3.version, lacks: 'botocore' }, { distribution: 'boto3' })
    if (botocore && !boto3 && usesRuntime(facts, 'boto3'))
      yield halfBundled({ has: 'botocore', version: botocore.version, lacks: 'boto3' }, { distribution: 'botocore' })
    for (const name of ['boto3', 's3transfer', 'botocore']) yield* contradictions(parts.get(name), parts)
    yield* demands(parts)
    yield* runtimeUse(facts)
    yield* vendored(facts)
  },
}

function usesRuntime(facts: PackageFacts, module: string): boolean {
  return importGraph(facts).fromRuntime.some((site) => site.module.split('.')[0] === module)
}

function* contradictions(
  of: PackageDistribution | undefined,
  parts: ReadonlyMap<string, PackageDistribution>,
): Generator<Finding> {
  for (const { needs, other } of of ? unmet(of, parts) : [])
    yield contradiction({ name: of!.name, version: of!.version, needs, other: other.name, found: other.version }, { distribution: of!.name }) // prettier-ignore
}

interface Unmet {
  /** As it stands in the metadata, without marker: `botocore<1.41,>=1.40`. */
  readonly requirement: string
  readonly needs: string
  readonly other: PackageDistribution
}

/** Requirements of a distribution that what is packed does not meet. */
function* unmet(of: PackageDistribution, parts: ReadonlyMap<string, PackageDistribution>): Generator<Unmet> {
  for (const line of of.requires) {
    try {
      const requirement = parseRequirement(line)
      const other = parts.get(normalizeName(requirement.name))
      if (!other || requirement.marker || requirement.specifiers.length === 0) continue
      const needs = formatSpecifierSet(requirement.specifiers)
      if (!matches(requirement.specifiers, parseVersion(other.version)))
        yield { requirement: `${requirement.name}${needs}`, needs, other }
    } catch {
      // A requirement or version that cannot be read says nothing.
    }
  }
}

/** What is no part of the SDK and needs a newer one than is packed. */
function* demands(parts: ReadonlyMap<string, PackageDistribution>): Generator<Finding> {
  for (const of of parts.values())
    if (!sdkParts.has(of.name))
      for (const { requirement, other } of unmet(of, parts))
        if (sdkParts.has(other.name))
          yield tooOld({ distribution: of.name, requirement, name: other.name, version: other.version }, { distribution: of.name }) // prettier-ignore
}

const sdkParts = new Set(['boto3', 'botocore', 's3transfer'])

function* runtimeUse(facts: PackageFacts): Generator<Finding> {
  const modules = new Set<string>()
  const borrowedFrom = new Map<string, { from: string; line: number }>()
  for (const { module, file, found } of importGraph(facts).fromRuntime) {
    const top = module.split('.')[0]!
    if (sdkModules.has(top)) modules.add(top)
    else if (
      sdkDependencies.has(top) &&
      !isGuarded(found.context) &&
      found.context !== 'fallback' &&
      !borrowedFrom.has(top)
    )
      borrowedFrom.set(top, { from: file.path, line: found.line })
  }
  if (modules.size > 0) yield fromRuntime({ modules: [...modules].sort() })
  for (const [module, site] of borrowedFrom) yield borrowed({ module, ...site }, { file: site.from, line: site.line })
}

function* vendored(facts: PackageFacts): Generator<Finding> {
  for (const { file } of importGraph(facts).reachedOwn) {
    if (file.content?.kind !== 'python') continue
    for (const { module, names, line, context } of file.content.imports)
      if (
        (module.startsWith('botocore.vendored.requests') ||
          (module === 'botocore.vendored' && names?.includes('requests'))) &&
        context === 'always'
      )
        return yield vendoredRequests({ from: file.path, line }, { file: file.path, line })
  }
}
