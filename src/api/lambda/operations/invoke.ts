import {
  functionArn,
  latest,
  parseFunctionName,
  splitFunctionName,
  type FunctionKey,
} from '../../../functions/function-name.ts'
import { codeTooLarge } from '../../../functions/errors.ts'
import type { InvocationTimings } from '../../../invoker/invocation.ts'
import { asynchronousPayloadLimit } from '../../../lambda/quotas.ts'
import { parseClientContext } from '../client-context.ts'
import { expectJson } from '../json-payload.ts'
import { defineOperation, type OperationRequest } from '../operation.ts'
import { isGrantedByPolicy } from '../policy-access.ts'
import { newTraceHeader } from '../trace-header.ts'

interface Input {
  readonly FunctionName: string
  readonly Qualifier?: string
  readonly InvocationType?: 'RequestResponse' | 'Event' | 'DryRun'
  readonly LogType?: 'None' | 'Tail'
  readonly ClientContext?: string
  readonly Payload?: Buffer
}

const emptyEvent = Buffer.from('{}')
const action = 'lambda:InvokeFunction'

export const invoke = defineOperation<Input>({
  name: 'Invoke',
  support: 'implemented',
  note: '`RequestResponse`, `Event` and `DryRun`',
  async handle(input, request) {
    const { id, services } = request
    const key = await parseInvoked(input, request)
    const { qualifier } = key
    const invokedArn = functionArn(key, qualifier)
    await request.authorize(action, invokedArn)
    const target = await services.runnable.resolve(key, qualifier)
    if (input.InvocationType === 'DryRun') return { status: 204 }
    const payload = input.Payload && input.Payload.length > 0 ? input.Payload : emptyEvent
    const clientContext = parseClientContext(input.ClientContext)
    const traceHeader = newTraceHeader(services.clock.now(), request.headers['x-amzn-trace-id'])
    const headers: Record<string, string> = { 'X-Amzn-Trace-Id': traceHeader }
    if (input.InvocationType === 'Event') {
      if (payload.length > asynchronousPayloadLimit) {
        throw codeTooLarge({
          text: `${payload.length} byte payload is too large for the Event invocation type (limit ${asynchronousPayloadLimit} bytes)`,
        })
      }
      await expectJson(payload)
      await services.invoker.enqueue({ ...key, requestId: id, payload, clientContext, traceHeader })
      return { status: 202, headers }
    }
    await expectJson(payload)
    const result = await services.invoker.invoke({
      requestId: id,
      target,
      invokedArn,
      payload,
      clientContext,
      traceHeader,
      wantsLogTail: input.LogType === 'Tail',
    })
    headers['content-type'] = 'application/json'
    headers['X-Amz-Executed-Version'] = result.executedVersion || latest
    headers['x-amzn-Remapped-Content-Length'] = '0'
    if (result.functionError) headers['X-Amz-Function-Error'] = result.functionError
    if (input.LogType === 'Tail') {
      headers['X-Amz-Log-Result'] = result.logTail.toString('base64')
      headers['Server-Timing'] = serverTiming(result.timings)
    }
    return { body: result.payload, headers }
  },
})

/** Where the time went, as the W3C's header has it; no client of AWS minds it. */
const serverTiming = (timings: InvocationTimings): string =>
  Object.entries(timings)
    .filter(([, duration]) => duration !== undefined)
    .map(([name, duration]) => `${name};dur=${(duration as number).toFixed(2)}`)
    .join(', ')

/** A function of another account may be invoked by its ARN when its policy lets the caller's account or user. */
async function parseInvoked(
  input: Input,
  { caller, services }: OperationRequest,
): Promise<FunctionKey & { readonly qualifier: string | undefined }> {
  const { accountId = caller.accountId, qualifier: derived } = splitFunctionName(input.FunctionName)
  const scope = { accountId, region: caller.region }
  if (accountId === caller.accountId) return parseFunctionName(input.FunctionName, caller, input.Qualifier)
  const key = { ...scope, name: splitFunctionName(input.FunctionName).name }
  const isGranted = await isGrantedByPolicy(services.catalog.db, key, input.Qualifier ?? derived, { action, caller })
  // Without the grant, as any function of another account is refused.
  return parseFunctionName(input.FunctionName, isGranted ? scope : caller, input.Qualifier)
}
