/** What a function has configured for its asynchronous invocations. */
import { latest, type FunctionKey } from '../functions/function-name.ts'
import type { Configuration } from '../functions/configuration.ts'
import { asynchronousDefaults } from './async-defaults.ts'
import type { CatalogQueries } from '../store/catalog.ts'

export interface AsyncSettings {
  readonly maximumRetryAttempts: number
  readonly maximumEventAgeSeconds: number
  /** ARNs. */
  readonly onSuccess?: string | undefined
  readonly onFailure?: string | undefined
  readonly deadLetter?: string | undefined
}

/** The document of PutFunctionEventInvokeConfig, in the API's own names. */
interface EventInvokeDocument {
  readonly MaximumRetryAttempts?: number
  readonly MaximumEventAgeInSeconds?: number
  readonly DestinationConfig?: {
    readonly OnSuccess?: { readonly Destination?: string }
    readonly OnFailure?: { readonly Destination?: string }
  }
}

/** Read for each event: it takes effect for events that were accepted before it was set, as on Lambda. */
export async function readAsyncSettings(
  db: CatalogQueries,
  key: FunctionKey,
  qualifier: string | undefined,
): Promise<AsyncSettings> {
  const setting = await db
    .selectFrom('function_setting')
    .select('document')
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .where('qualifier', '=', qualifier ?? latest)
    .where('kind', '=', 'event-invoke')
    .executeTakeFirst()
  const version = await db
    .selectFrom('function_version')
    .select('configuration')
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .where('number', '=', qualifier !== undefined && /^\d+$/.test(qualifier) ? Number(qualifier) : 0)
    .executeTakeFirst()
  const document: EventInvokeDocument = setting ? (JSON.parse(setting.document) as EventInvokeDocument) : {}
  const configuration = version && (JSON.parse(version.configuration) as Configuration)
  return {
    maximumRetryAttempts: document.MaximumRetryAttempts ?? asynchronousDefaults.retryAttempts,
    maximumEventAgeSeconds: document.MaximumEventAgeInSeconds ?? asynchronousDefaults.eventAgeSeconds,
    onSuccess: document.DestinationConfig?.OnSuccess?.Destination || undefined,
    onFailure: document.DestinationConfig?.OnFailure?.Destination || undefined,
    deadLetter: configuration?.DeadLetterConfig?.TargetArn || undefined,
  }
}
