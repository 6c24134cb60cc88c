import { invalidParameter, notSupported } from '../../functions/errors.ts'
import { latest, parseFunctionName, type FunctionKey, type Scope } from '../../functions/function-name.ts'
import type { SettingRow } from '../../functions/setting-store.ts'
import type { Provisioner } from './provisioner.ts'
import type { LambdaServices } from './services.ts'
import { formatTime } from './views.ts'

export interface ProvisionedInput {
  readonly FunctionName: string
  readonly Qualifier: string
}

/** The document of the setting `provisioned-concurrency`. */
export interface ProvisionedDocument {
  readonly requested: number
}

export function provisionedView(
  key: FunctionKey,
  row: Pick<SettingRow, 'qualifier' | 'document' | 'modified_at'>,
  services: LambdaServices,
): Record<string, unknown> {
  const { requested } = JSON.parse(row.document) as ProvisionedDocument
  const state = provisionerOf(services).state(key, row.qualifier, requested)
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: state.available,
    AllocatedProvisionedConcurrentExecutions: state.allocated,
    Status: state.status,
    StatusReason: state.statusReason,
    LastModified: formatTime(row.modified_at),
  }
}

/** The function and qualifier of an operation that reads or deletes. */
export function parseProvisioned(input: ProvisionedInput, scope: Scope): FunctionKey & { readonly qualifier: string } {
  const { qualifier = latest, ...key } = parseFunctionName(input.FunctionName, scope, input.Qualifier)
  if (qualifier === latest) {
    throw invalidParameter({ text: 'The function resource provided must be an alias or a published version.' })
  }
  return { ...key, qualifier }
}

/** @throws `notSupported` where nothing keeps environments ready */
export function provisionerOf(services: LambdaServices): Provisioner {
  if (!services.provisioner) throw notSupported({ what: 'Provisioned concurrency' })
  return services.provisioner
}
