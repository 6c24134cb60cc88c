import { budgetFacts } from '../audit/baseline.ts'
import { auditFacts, checkPackage, type CheckResult } from '../audit/check-package.ts'
import type { Finding } from '../audit/finding.ts'
import { rememberPackage } from '../audit/known-package.ts'
import { isOverBudget } from '../audit/rules/budget.ts'
import { defineError } from '../base/errors.ts'
import type { Cache } from '../cache/cache.ts'
import type { Archive } from '../zip/splicer.ts'
import type { Artifact } from './artifact.ts'
import type { BuildPlan } from './build-plan.ts'
import { factsOfBuild } from './facts-of-build.ts'
import type { Layout } from './layout/layout.ts'

export const auditRefused = defineError('ZY0460', 'refused', (p: { name: string; findings: readonly Finding[] }) => {
  const [first] = p.findings
  const why = p.findings.every(isOverBudget) ? 'it is over its budget' : 'it would not run on Lambda'
  return {
    message:
      p.findings.length === 1
        ? `\`${p.name}\` was not written, ${why}: ${first!.sentence} (${first!.code})`
        : `\`${p.name}\` was not written, ${why}, for ${p.findings.length} reasons`,
    hint: `${first!.hint}${first!.hint.endsWith('?') ? ' Or' : '; or'} write it nevertheless with \`--no-check\``,
  }
})

/**
 * Judges a written archive before it takes its place, by the rules of `zipyard check`. What wheels hold was read when they first came, and where
 * everything lies is known from the layout: nothing of the archive is read back.
 * @throws `auditRefused` when a rule finds an error
 */
export async function auditBuilt(
  archive: Pick<Archive, 'bytes' | 'unzippedBytes'>,
  plan: BuildPlan,
  artifacts: readonly Artifact[],
  layout: Layout,
  cache: Cache,
): Promise<readonly Finding[]> {
  const facts = await factsOfBuild(archive, plan, artifacts, layout, cache)
  return accepted(plan, auditFacts({ ...facts, budget: budgetFacts(plan.budget, plan.target) }))
}

/**
 * As `auditBuilt`, for a function that has layers, or a folder that pip filled: the archive is read, and layers with it.
 * @throws `auditRefused`
 */
export async function auditReadBack(
  archive: Archive,
  plan: BuildPlan,
  artifacts: readonly Artifact[],
  layout: Layout,
  cache: Cache,
): Promise<readonly Finding[]> {
  await factsOfBuild(archive, plan, artifacts, layout, cache) // what wheels hold is kept for the check
  await rememberBuilt(archive, plan, artifacts, cache)
  const result = checkPackage({
    path: archive.path,
    runtime: plan.target.runtime.id,
    architecture: plan.target.architecture,
    handler: plan.handler,
    layers: plan.layers,
    budget: plan.budget,
    cacheFolder: cache.folder,
    digest: archive.digest,
  })
  return accepted(plan, result)
}

function accepted(plan: BuildPlan, { findings }: CheckResult): readonly Finding[] {
  const errors = findings.filter((finding) => finding.severity === 'error')
  if (errors.length === 0) return findings
  const cause =
    errors.length === 1 ? undefined : new Error(errors.map(({ sentence, code }) => `${sentence} (${code})`).join('\n'))
  throw auditRefused({ name: plan.out, findings: errors }, { cause })
}

/** Lets later checks of the package use what is known of its wheels. A cache that may only be read is no reason to fail. */
export async function rememberBuilt(
  { path, digest }: Pick<Archive, 'path' | 'digest'>,
  { layer }: BuildPlan,
  artifacts: readonly Artifact[],
  cache: Cache,
): Promise<void> {
  const wheels = artifacts.map((artifact) => [artifact.name, artifact.digest] as const)
  await rememberPackage(cache, { path, digest, wheels, prefix: layer }).catch(() => undefined)
}
