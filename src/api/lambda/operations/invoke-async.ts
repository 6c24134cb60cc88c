import { latest, parseFunctionName } from '../../../functions/function-name.ts'
import { expectJson } from '../json-payload.ts'
import { defineOperation } from '../operation.ts'
import { newTraceHeader } from '../trace-header.ts'

export const invokeAsync = defineOperation<{ readonly FunctionName: string; readonly InvokeArgs?: Buffer }>({
  name: 'InvokeAsync',
  support: 'implemented',
  note: 'deprecated by AWS; `Invoke` with `Event` does the same',
  async handle(input, request) {
    const { id, caller, services } = request
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller)
    const target = await services.runnable.resolve(key, qualifier)
    await request.authorize('lambda:InvokeFunction', target.functionArn)
    const payload = input.InvokeArgs && input.InvokeArgs.length > 0 ? input.InvokeArgs : Buffer.from('{}')
    await expectJson(payload)
    const traceHeader = newTraceHeader(services.clock.now())
    const qualified = qualifier === latest ? undefined : qualifier
    await services.invoker.enqueue({ ...key, requestId: id, qualifier: qualified, payload, traceHeader })
    return { json: { Status: 202 } }
  },
})
