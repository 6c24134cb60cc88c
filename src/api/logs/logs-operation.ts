import type { Clock } from '../../base/clock.ts'
import type { LogGroupKey } from '../../logs/log-group.ts'
import type { LogStore } from '../../logs/log-store.ts'
import type { Catalog } from '../../store/catalog.ts'
import type { Caller } from '../http/message.ts'
import { invalidParameter, LogsFault } from './logs-fault.ts'
import { groupName, type LogsInput } from './logs-input.ts'

export interface LogsContext {
  readonly catalog: Catalog
  readonly logs: LogStore
  readonly clock: Clock
  readonly caller: Caller
  readonly input: LogsInput
}

/** Gives the members of the answer, or nothing for actions that only succeed. */
export type LogsAction = (context: LogsContext) => Promise<object | undefined>

/** The group that `logGroupName` names. */
export function namedGroup(context: LogsContext): LogGroupKey {
  return groupKey(context, context.input.requiredText('logGroupName', groupName))
}

/** The group of `logGroupName`, or of `logGroupIdentifier`, which is a name or an ARN. */
export function identifiedGroup(context: LogsContext): LogGroupKey {
  const name = context.input.text('logGroupName', groupName)
  const identifier = context.input.text('logGroupIdentifier', {
    min: 1,
    max: 2048,
    pattern: '[\\w#+=/:,.@-]*',
    isHidden: true,
  })
  if (name !== undefined && identifier !== undefined) {
    throw invalidParameter('LogGroup name and LogGroup identifier cannot both be specified.')
  }
  if (name !== undefined) return groupKey(context, name)
  if (identifier === undefined) throw invalidParameter('LogGroup name or LogGroup identifier must be specified.')
  return identifier.startsWith('arn:') ? groupOfArn(context, identifier) : groupKey(context, identifier)
}

/** @throws InvalidParameterException; AccessDeniedException for groups of others */
export function groupOfArn(context: LogsContext, arn: string): LogGroupKey {
  const match = /^arn:aws[\w-]*:logs:([a-z0-9-]+):(\d{12}):log-group:([.\-_/#A-Za-z0-9]{1,512})(?::\*)?$/.exec(arn)
  if (!match) throw invalidParameter(`The specified resource ARN is not valid: ${arn}`)
  if (match[2] !== context.caller.accountId) {
    throw new LogsFault('AccessDeniedException', `User: ${context.caller.arn} is not authorized to use ${arn}`)
  }
  return { accountId: match[2]!, region: match[1]!, group: match[3]! }
}

function groupKey(context: LogsContext, group: string): LogGroupKey {
  const { accountId, region } = context.caller
  return { accountId, region, group }
}
