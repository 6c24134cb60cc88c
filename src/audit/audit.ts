import type { PackageFacts } from './facts.ts'
import type { Finding, Severity } from './finding.ts'
import { rules } from './rules.ts'

const order: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

/**
 * Answers whether a package will run on Lambda, from facts alone: no file is read, no clock asked, nothing executed.
 * Errors come first, within one severity in the order of the rules.
 */
export function auditPackage(facts: PackageFacts): readonly Finding[] {
  return rules.flatMap((rule) => [...rule.check(facts)]).sort((a, b) => order[a.severity] - order[b.severity])
}
