/** One version of a function as it is stored: `$LATEST` or a published one. */
import type { Selectable } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { FunctionVersionTable } from '../store/tables/functions.ts'
import type { Configuration } from './configuration.ts'
import { latest, type FunctionKey } from './function-name.ts'

export interface FunctionVersion extends FunctionKey {
  /** 0 is `$LATEST`. */
  readonly number: number
  /** `$LATEST` or the number. */
  readonly version: string
  readonly revisionId: string
  readonly configuration: Configuration
  readonly codeDigest: Digest
  readonly codeBytes: number
  /** Sum of the sizes of the package's files. */
  readonly unzippedBytes: number
  readonly fingerprint: string | null
  readonly state: 'Pending' | 'Active' | 'Failed'
  readonly updateStatus: 'InProgress' | 'Successful' | 'Failed' | null
  readonly failure: string | null
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
  /** What invocations run while an update is under way, or after it failed. */
  readonly running?:
    | { readonly configuration: Configuration; readonly codeDigest: Digest; readonly codeBytes: number }
    | undefined
}

export function versionName(number: number): string {
  return number === 0 ? latest : String(number)
}

export function versionNumber(version: string): number {
  return version === latest ? 0 : Number(version)
}

export function toFunctionVersion(row: Selectable<FunctionVersionTable>): FunctionVersion {
  return {
    accountId: row.account_id,
    region: row.region,
    name: row.name,
    number: row.number,
    version: versionName(row.number),
    revisionId: row.revision_id,
    configuration: JSON.parse(row.configuration) as Configuration,
    codeDigest: row.code_digest,
    codeBytes: row.code_bytes,
    unzippedBytes: row.unzipped_bytes,
    fingerprint: row.fingerprint,
    state: row.state,
    updateStatus: row.update_status,
    failure: row.failure,
    modifiedAt: row.modified_at,
    running:
      row.running_configuration === null || row.running_digest === null
        ? undefined
        : {
            configuration: JSON.parse(row.running_configuration) as Configuration,
            codeDigest: row.running_digest,
            codeBytes: row.running_bytes ?? 0,
          },
  }
}
