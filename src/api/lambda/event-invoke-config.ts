/** What the five operations on configurations of asynchronous invocation share. */
import { invalidParameter, resourceNotFound } from '../../functions/errors.ts'
import { functionArn, latest, splitFunctionName, type FunctionKey } from '../../functions/function-name.ts'
import { hasQualifier } from '../../functions/qualifiers.ts'
import type { SettingRow } from '../../functions/setting-store.ts'
import type { CatalogQueries } from '../../store/catalog.ts'

export interface DestinationConfig {
  readonly OnSuccess?: { readonly Destination?: string }
  readonly OnFailure?: { readonly Destination?: string }
}

export interface EventInvokeInput {
  readonly FunctionName: string
  readonly Qualifier?: string
  readonly MaximumRetryAttempts?: number
  readonly MaximumEventAgeInSeconds?: number
  readonly DestinationConfig?: DestinationConfig
}

export type EventInvokeDocument = Omit<EventInvokeInput, 'FunctionName' | 'Qualifier'>

export function documentOf(input: EventInvokeInput): EventInvokeDocument {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = input
  return { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } as EventInvokeDocument
}

export function eventInvokeView(row: SettingRow): Record<string, unknown> {
  const document = JSON.parse(row.document) as EventInvokeDocument
  const key = { accountId: row.account_id, region: row.region, name: row.name }
  return {
    FunctionArn: functionArn(key, row.qualifier),
    LastModified: row.modified_at / 1000,
    MaximumRetryAttempts: document.MaximumRetryAttempts,
    MaximumEventAgeInSeconds: document.MaximumEventAgeInSeconds,
    DestinationConfig: {
      OnSuccess: document.DestinationConfig?.OnSuccess ?? {},
      OnFailure: document.DestinationConfig?.OnFailure ?? {},
    },
  }
}

export function noEventInvokeConfig(key: FunctionKey, qualifier: string | undefined): Error {
  const arn = functionArn(key, qualifier ?? latest)
  return resourceNotFound({ text: `The function ${arn} doesn't have an EventInvokeConfig` })
}

export function expectSomething(document: EventInvokeDocument): void {
  if (Object.values(document).some((value) => value !== undefined)) return
  throw invalidParameter({ text: 'You must specify at least one of error handling or destination setting.' })
}

/** As these operations say that a function, version or alias is not there. */
export async function expectTarget(db: CatalogQueries, key: FunctionKey, qualifier: string | undefined): Promise<void> {
  if (await hasQualifier(db, key, qualifier ?? latest)) return
  throw resourceNotFound({ text: "The function doesn't exist." })
}

/** Services that may take records of asynchronous invocations. */
const destinationServices: ReadonlySet<string> = new Set(['lambda', 'sqs', 'sns', 'events', 's3'])

export async function checkDestinations(
  db: CatalogQueries,
  key: FunctionKey,
  config: DestinationConfig | undefined,
): Promise<void> {
  for (const destination of [config?.OnSuccess?.Destination, config?.OnFailure?.Destination]) {
    if (!destination) continue
    const service = destination.split(':')[2] ?? ''
    if (!destinationServices.has(service)) {
      throw invalidParameter({ text: `The provided destination config ${toJavaText(config!)} is invalid.` })
    }
    if (service !== 'lambda') continue
    const { accountId = key.accountId, region = key.region, name, qualifier } = splitFunctionName(destination)
    const target = { accountId, region, name }
    if (functionArn(target) === functionArn(key)) {
      throw invalidParameter({ text: "You can't specify the function as a destination for itself." })
    }
    if (
      accountId !== key.accountId ||
      region !== key.region ||
      !(await hasQualifier(db, target, qualifier ?? latest))
    ) {
      throw invalidParameter({ text: `The destination ARN ${destination} is invalid.` })
    }
  }
}

/** The service prints the object as Java would. */
function toJavaText(config: DestinationConfig): string {
  return `DestinationConfig(onSuccess=${destinationText('OnSuccess', config.OnSuccess)}, onFailure=${destinationText('OnFailure', config.OnFailure)})`
}

function destinationText(name: string, value: { readonly Destination?: string } | undefined): string {
  return value ? `${name}(destination=${value.Destination ?? 'null'})` : 'null'
}
