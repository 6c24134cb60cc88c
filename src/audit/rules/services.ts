import { compareVersions, parseVersion } from '../../pypa/version.ts'
import { didYouMean } from '../did-you-mean.ts'
import type { PackageFacts } from '../facts.ts'
import { defineFinding, type Finding } from '../finding.ts'
import { importGraph } from '../import-graph.ts'
import type { Rule } from '../rule.ts'
import { runtimeServices, serviceSince } from '../runtime-services.ts'

const unknownToPacked = defineFinding('ZY1207', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A service is called that the packed AWS SDK does not know',
  why: "botocore knows a service by a folder of its data. The packed copy wins over the runtime's; where it is older than the service, or a slimming tool took the folder away, the call ends with `UnknownServiceError: Unknown service: '…'`.",
  text: (p: {
    service: string
    from: string
    line: number
    version: string
    since?: string | undefined
    meant?: string | undefined
  }) => ({
    sentence: `\`${p.from}\` line ${p.line} calls the service \`${p.service}\`, of which the packed \`botocore\` ${p.version} has no data`,
    hint:
      p.since === undefined
        ? p.meant
          ? `Did you mean \`${p.meant}\`? If not: \`pip install --upgrade boto3\``
          : 'Pack a newer SDK: `pip install --upgrade boto3`'
        : isNewer(p.since, p.version)
          ? `Pack a newer SDK: \`pip install 'boto3>=${p.since}'\` knows it; or leave the SDK out (\`--sdk runtime\`)`
          : `Keep the folder \`botocore/data/${p.service}\`: something took it out of the package, or AWS has retired the service`,
  }),
  sample: { service: 's3vectors', from: 'app.py', line: 3, version: '1.35.0', since: '1.42.97' },
})

const unknownToRuntime = defineFinding('ZY1208', {
  severity: 'warning',
  certainty: 'likely',
  title: "A service is called that the runtime's AWS SDK does not know",
  why: "The package brings no botocore, so the runtime's own is called. No release that the runtime's Python can run has a service of this name: `UnknownServiceError: Unknown service: '…'` at the call.",
  text: (p: {
    service: string
    from: string
    line: number
    version: string
    runtime: string
    isKnownLater: boolean
    meant?: string | undefined
  }) => ({
    sentence: `\`${p.from}\` line ${p.line} calls the service \`${p.service}\`, which the AWS SDK of \`${p.runtime}\` (botocore ${p.version} at most) does not know`,
    hint: p.isKnownLater
      ? 'Use a newer runtime: later releases of `botocore`, for later Pythons, know it'
      : p.meant
        ? `Did you mean \`${p.meant}\`?`
        : 'If the service is new, add `boto3` to the requirements (`--sdk bundled`); else look how it is spelled',
  }),
  sample: {
    service: 's3vectors',
    from: 'app.py',
    line: 3,
    version: '1.37.38',
    runtime: 'python3.8',
    isKnownLater: true,
  },
})

export const services: Rule = {
  name: 'services',
  summary: 'Does the AWS SDK that the function will find know the services that it calls?',
  findings: [unknownToPacked, unknownToRuntime],
  check: unknownServices,
}

/** Clients that own files make, of services that the SDK which will be found has never heard of; each service once. */
function* unknownServices(facts: PackageFacts): Generator<Finding> {
  const calls = new Map<string, { readonly from: string; readonly line: number }>()
  for (const { file } of importGraph(facts).reachedOwn) {
    // Only own files tell which services they call; asking a dependency's would unpack it.
    const content = file.interest === 'python' ? file.content : undefined
    for (const { service, line } of content?.kind === 'python' ? (content.services ?? []) : [])
      if (!calls.has(service)) calls.set(service, { from: file.path, line })
  }
  if (calls.size === 0) return
  const packed = packedServices(facts)
  const runtime = runtimeServices(facts.target.runtime)
  for (const [service, place] of calls) {
    const at = { file: place.from, line: place.line }
    if (packed ? packed.has(service) : runtime.names.has(service)) continue
    const since = serviceSince(service)
    const meant = since === undefined ? didYouMean(service, packed ?? runtime.names) : undefined
    if (packed) yield unknownToPacked({ service, ...place, version: versionOf(facts), since, meant }, at)
    else
      yield unknownToRuntime(
        {
          service,
          ...place,
          version: runtime.version,
          runtime: facts.target.runtime.id,
          isKnownLater: since !== undefined,
          meant,
        },
        at,
      )
  }
}

/** Folders of the botocore that is packed, or comes with a layer; undefined when the runtime's is used. */
function packedServices(facts: PackageFacts): ReadonlySet<string> | undefined {
  for (const tree of [facts.package, ...facts.layers]) {
    const names = new Set<string>()
    for (const path of tree.files.keys()) {
      const service = path.includes('botocore/data/') ? serviceData.exec(path)?.[1] : undefined
      if (service !== undefined) names.add(service)
    }
    if (names.size > 0) return names
  }
  return undefined
}

const serviceData = /(?:^|\/)botocore\/data\/([^/]+)\/[^/]+\/service-2\.json(?:\.gz)?$/

function versionOf(facts: PackageFacts): string {
  const distributions = [facts.package, ...facts.layers].flatMap((tree) => tree.distributions)
  return distributions.find(({ name }) => name === 'botocore')?.version ?? ''
}

/** Whether one version comes after the other; what cannot be read does not. */
function isNewer(version: string, than: string): boolean {
  try {
    return compareVersions(parseVersion(version), parseVersion(than)) > 0
  } catch {
    return false
  }
}
