import { existsSync, readFileSync } from 'node:fs'
import { defineError } from '../base/errors.ts'
import { openFacts } from './collect.ts'
import { weightsOf } from './tree-files.ts'
import type { Budget } from '../settings/budget.ts'
import type { AuditTarget, Baseline, BudgetFacts, PackageFacts } from './facts.ts'

export const badBaseline = defineError('ZY0091', 'refused', (p: { path: string }) => ({
  message: `The baseline \`${p.path}\` is neither a package nor what \`zipyard check --json\` says of one`,
  hint: `Make it anew: \`zipyard check dist/app.zip --json > ${p.path}\``,
}))

/** A budget with the baseline that it names. */
export function budgetFacts(limits: Budget | undefined, target: AuditTarget): BudgetFacts | undefined {
  return limits && { limits, baseline: limits.growth && readBaseline(limits.growth.baseline, target) }
}

/** Reads a zip, a folder, or the JSON of `zipyard check`; undefined where nothing is. */
function readBaseline(path: string, target: AuditTarget): Baseline | undefined {
  if (!existsSync(path)) return undefined
  if (path.endsWith('.json')) return fromReport(path)
  const { facts, close } = openFacts(path, { target })
  close()
  return { unzippedBytes: facts.package.unzippedBytes, parts: partsOf(facts) }
}

function fromReport(path: string): Baseline {
  try {
    const { summary } = JSON.parse(readFileSync(path, 'utf8')) as { summary: Record<string, unknown> }
    const { unzippedBytes, distributions } = summary
    if (typeof unzippedBytes !== 'number' || !Array.isArray(distributions)) throw new Error('no summary')
    const shares = distributions as readonly { readonly name?: string; readonly unzippedBytes: number }[]
    return {
      unzippedBytes,
      parts: new Map(shares.map((share) => [share.name ?? '', Number(share.unzippedBytes)])),
    }
  } catch {
    throw badBaseline({ path })
  }
}

/** Unzipped bytes by distribution, with layers; own files under `''`. */
export function partsOf(facts: Pick<PackageFacts, 'package' | 'layers'>): ReadonlyMap<string, number> {
  const parts = new Map<string, number>()
  for (const tree of [facts.package, ...facts.layers])
    for (const [distribution = '', { bytes }] of weightsOf(tree))
      parts.set(distribution, (parts.get(distribution) ?? 0) + bytes)
  return parts
}
