import { defineError } from '../base/errors.ts'
import type { Digest } from '../base/digest.ts'
import { checkPackage, type CheckResult } from '../audit/check-package.ts'
import type { ContentFacts } from '../audit/content-facts.ts'
import type { Finding } from '../audit/finding.ts'
import { interestIn, readContent } from '../audit/read-content.ts'
import type { Cache } from '../cache/cache.ts'
import { readEntry } from '../zip/entry-data.ts'
import { openFileSource } from '../zip/source.ts'
import type { Artifact } from './artifact.ts'
import type { BuildPlan } from './build-plan.ts'
import type { Layout } from './layout/layout.ts'

export const auditRefused = defineError('ZY0460', 'refused', (p: { name: string; findings: readonly Finding[] }) => {
  const [first] = p.findings
  return {
    message:
      p.findings.length === 1
        ? `\`${p.name}\` was not written, it would not run on Lambda: ${first!.sentence} (${first!.code})`
        : `\`${p.name}\` was not written, it would not run on Lambda, for ${p.findings.length} reasons`,
    hint: `${first!.hint}${first!.hint.endsWith('?') ? ' Or' : '; or'} write it nevertheless with \`--no-check\``,
  }
})

/** Bump when facts of earlier versions of Zipyard must not be used any more. */
const factsVersion = 1

/** What is known of one file of a wheel: `null` when there is nothing of interest in it. */
type WheelFacts = ReadonlyMap<string, ContentFacts | null>

/**
 * Judges a written archive before it takes its place. What the wheels' files say was read when they first came, so that an audit
 * costs little more than reading the archive's directory.
 * @throws `auditRefused` when a rule finds an error
 */
export async function auditBuilt(
  archivePath: string,
  plan: BuildPlan,
  artifacts: readonly Artifact[],
  layout: Layout,
  cache: Cache,
): Promise<CheckResult> {
  const facts = new Map<string, WheelFacts>()
  for (const artifact of artifacts) facts.set(artifact.path, await factsOf(artifact, cache))
  const known = new Map<string, ContentFacts | null>()
  for (const { path, source } of layout.files) {
    const content = 'archive' in source ? facts.get(source.archive)?.get(source.entry.name) : undefined
    if (content !== undefined) known.set(path, content)
  }
  const result = checkPackage(
    {
      path: archivePath,
      runtime: plan.target.runtime.id,
      architecture: plan.target.architecture,
      handler: plan.handler,
      layers: plan.layers,
    },
    { known: ({ path }) => known.get(path) },
  )
  const errors = result.findings.filter((finding) => finding.severity === 'error')
  if (errors.length > 0) {
    const cause =
      errors.length === 1
        ? undefined
        : new Error(errors.map(({ sentence, code }) => `${sentence} (${code})`).join('\n'))
    throw auditRefused({ name: plan.out, findings: errors }, { cause })
  }
  return result
}

async function factsOf(artifact: Artifact, cache: Cache): Promise<WheelFacts> {
  const stored = await cache.readEntry('wheel-facts', artifact.digest)
  const known = stored && decode(stored)
  if (known) return known
  const facts = readFacts(artifact)
  await cache.writeEntry('wheel-facts', artifact.digest satisfies Digest, JSON.stringify([factsVersion, [...facts]]))
  return facts
}

function decode(stored: Buffer): WheelFacts | undefined {
  const [version, entries] = JSON.parse(stored.toString('utf8')) as [number, [string, ContentFacts | null][]]
  return version === factsVersion ? new Map(entries) : undefined
}

function readFacts(artifact: Artifact): WheelFacts {
  const source = openFileSource(artifact.path)
  try {
    const facts = new Map<string, ContentFacts | null>()
    for (const entry of artifact.index.entries) {
      const file = { path: entry.name, bytes: entry.uncompressedBytes, permissions: entry.mode, isOwn: false }
      const interest = interestIn(file)
      if (interest)
        facts.set(entry.name, readContent(interest, readEntry(source, entry, artifact.filename), file) ?? null)
    }
    return facts
  } finally {
    source.close()
  }
}
