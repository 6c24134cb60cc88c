import { auditReference } from '../audit/documentation.ts'
import { rules } from '../audit/rules.ts'
import { importProof } from './import-finding.ts'

/** The page of everything that `zipyard check` can find, by inspection and by the import proof. */
export function checkReference(): string {
  return auditReference([...rules, importProof])
}
