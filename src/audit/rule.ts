import type { PackageFacts } from './facts.ts'
import type { DocumentedFinding, Finding } from './finding.ts'

/** A rule is a value: the audit, its documentation and its tests are made from it. */
export interface Rule {
  readonly name: string
  /** One sentence: the question it answers. */
  readonly summary: string
  readonly findings: readonly DocumentedFinding[]
  readonly check: (facts: PackageFacts) => Iterable<Finding>
}
