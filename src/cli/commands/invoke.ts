import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { LambdaClient } from '../../client/lambda-client.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { dataOption, endpointOptions } from '../shared-options.ts'
import { targetOf } from '../target-of.ts'

const malformedEvent = defineError('ZY0011', 'refused', (p: { where: string; problem: string }) => ({
  message: `The event in ${p.where} is not JSON: ${p.problem}`,
  hint: 'Lambda takes any JSON value: `{"name": "Ada"}`, a list, a text in double quotes, a number',
}))

const twoEvents = defineError('ZY0012', 'usage', () => ({
  message: '`--event` and `--payload` were both given',
  hint: 'Keep one of them',
}))

export const command = defineCommand({
  positionals: [{ name: 'NAME', sentence: 'Name or ARN of the function', required: true }],
  options: {
    event: { type: 'string', short: 'e', value: 'FILE', sentence: 'Event from a file, `-` is standard input' },
    payload: { type: 'string', short: 'p', value: 'JSON', sentence: 'Event as JSON text' },
    async: { type: 'boolean', sentence: 'Hand the event over and do not wait' },
    qualifier: { type: 'string', value: 'VERSION', sentence: 'Version or alias' },
    tail: { type: 'boolean', short: 't', sentence: 'Show the log of the invocation on stderr' },
    data: dataOption,
    ...endpointOptions,
  },
  examples: [
    'zipyard invoke hello',
    'zipyard invoke hello -e event.json --tail',
    `zipyard invoke hello -p '{"name": "Ada"}'`,
  ],
  async run(context, options, [name]) {
    if (options.event !== undefined && options.payload !== undefined) throw twoEvents({})
    const payload = readEvent(context.workingDirectory, options.event, options.payload)
    const target = await targetOf(context, options)
    const result = await new LambdaClient(target).invoke(name!, {
      payload,
      qualifier: options.qualifier,
      type: options.async ? 'Event' : 'RequestResponse',
      tail: options.tail || (context.json && !options.async),
      signal: context.signal,
    })
    const log = result.log?.trimEnd()
    if (context.json) {
      const { functionError, executedVersion, requestId, timings } = result
      context.terminal.out(
        JSON.stringify({
          requestId,
          executedVersion,
          functionError,
          timings,
          payload: parsed(result.payload),
          log: log?.split('\n'),
        }),
      )
    } else {
      if (options.tail && log) context.terminal.err(context.terminal.style.dim(log))
      if (options.tail && result.timings) context.terminal.err(context.terminal.style.dim(breakdown(result.timings)))
      if (options.async) context.terminal.err(`accepted: request ${result.requestId}`)
      else context.terminal.out(result.payload.toString('utf8'))
    }
    if (result.functionError !== undefined) {
      if (!context.json)
        context.terminal.err(context.terminal.style.red(`The function failed (${result.functionError})`))
      return exitCodes.functionFailed
    }
    return exitCodes.done
  },
})

/** `queue 41.20 ms (init 38.90 ms) + handler 2.30 ms + report 0.41 ms = 43.91 ms` */
function breakdown({ queue = 0, init, handler = 0, report = 0, total = 0 }: Readonly<Record<string, number>>): string {
  const ms = (duration: number): string => `${duration.toFixed(2)} ms`
  return `queue ${ms(queue)}${init === undefined ? '' : ` (init ${ms(init)})`} + handler ${ms(handler)} + report ${ms(report)} = ${ms(total)}`
}

function readEvent(folder: string, file: string | undefined, text: string | undefined): Buffer {
  if (file === undefined && text === undefined) return Buffer.from('{}')
  const bytes = text !== undefined ? Buffer.from(text) : readFileSync(file === '-' ? 0 : resolve(folder, file!))
  const where = text !== undefined ? '`--payload`' : file === '-' ? 'standard input' : `\`${file}\``
  try {
    JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw malformedEvent({ where, problem: (error as Error).message })
  }
  return bytes
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return payload.toString('utf8')
  }
}
