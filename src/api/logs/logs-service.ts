/** CloudWatch Logs over awsJson1.1: the operation stands in `X-Amz-Target`. */
import type { Clock } from '../../base/clock.ts'
import type { LogStore } from '../../logs/log-store.ts'
import type { Catalog } from '../../store/catalog.ts'
import { mayCall, type IsGranted } from '../grants.ts'
import type { ApiRequest, ApiResponse, ApiService } from '../http/message.ts'
import { eventActions } from './event-actions.ts'
import { groupActions } from './group-actions.ts'
import { LogsFault, renderLogsError } from './logs-fault.ts'
import { LogsInput } from './logs-input.ts'
import type { LogsAction } from './logs-operation.ts'

/** Everything CloudWatch Logs that is served. */
export const logsOperations: Readonly<Record<string, LogsAction>> = { ...groupActions, ...eventActions }

/** PutLogEvents sends 1 MiB of messages at most; JSON may need six bytes for one of them. */
const bodyLimitBytes = 8 * 1024 * 1024

export interface LogsServiceOptions {
  readonly catalog: Catalog
  readonly logs: LogStore
  readonly clock: Clock
  readonly isGranted: IsGranted
}

export function createLogsService(options: LogsServiceOptions): ApiService {
  return {
    name: 'logs',
    bodyLimitBytes: () => bodyLimitBytes,
    renderError: renderLogsError,
    handle: (request) => handle(options, request),
  }
}

async function handle(options: LogsServiceOptions, request: ApiRequest): Promise<ApiResponse> {
  const { caller } = request
  const name = String(request.headers['x-amz-target'] ?? '').replace(/^Logs_20140328\./, '')
  const action = Object.hasOwn(logsOperations, name) ? logsOperations[name] : undefined
  if (!action) {
    throw new LogsFault(
      'UnknownOperationException',
      `Zipyard does not serve the operation \`${name}\` of CloudWatch Logs`,
    )
  }
  const input = new LogsInput(await request.body(bodyLimitBytes))
  const group = input.text('logGroupName') ?? '*'
  const resource = `arn:aws:logs:${caller.region}:${caller.accountId}:log-group:${group}:*`
  if (!(await mayCall(options.isGranted, caller, { action: `logs:${name}`, resource }))) {
    throw new LogsFault(
      'AccessDeniedException',
      `User: ${caller.arn} is not authorized to perform: logs:${name} on resource: ${resource} because no identity-based policy allows the logs:${name} action`,
    )
  }
  const { catalog, logs, clock } = options
  const members = await action({ catalog, logs, clock, caller, input })
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: members === undefined ? '' : JSON.stringify(members),
  }
}
