import { sleep, systemClock } from '../base/clock.ts'
import { defineError } from '../base/errors.ts'
import { callJson, encode, refusal, send } from './call.ts'
import type { Target } from './target.ts'

/** The members of a function's configuration that deploy compares and prints. */
export interface FunctionConfiguration {
  readonly FunctionName: string
  readonly FunctionArn: string
  readonly CodeSha256: string
  readonly CodeSize: number
  readonly Version: string
  readonly RevisionId: string
  readonly Runtime?: string
  readonly Handler?: string
  readonly Role?: string
  readonly Description?: string
  readonly Timeout?: number
  readonly MemorySize?: number
  readonly Architectures?: readonly string[]
  readonly EphemeralStorage?: { readonly Size: number }
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> }
  readonly Layers?: readonly { readonly Arn: string }[]
  readonly State?: string
  readonly StateReason?: string
  readonly LastUpdateStatus?: string
  readonly LastUpdateStatusReason?: string
}

export interface InvokeResult {
  readonly payload: Buffer
  readonly functionError: string | undefined
  readonly executedVersion: string | undefined
  /** Text of the log tail, when asked for. */
  readonly log: string | undefined
  readonly requestId: string | undefined
  /** Where the time went, in milliseconds: `queue`, `init`, `handler`, `report`, `total`. Zipyard tells it with the log tail, AWS does not. */
  readonly timings: Readonly<Record<string, number>> | undefined
}

export const functionNotReady = defineError(
  'ZY0705',
  'refused',
  (p: { name: string; state: string; reason: string }) => ({
    message: `\`${p.name}\` did not become ready: ${p.state}${p.reason ? `, ${p.reason}` : ''}`,
    hint: 'See `aws lambda get-function-configuration`, correct it and deploy again',
  }),
)

const functions = '/2015-03-31/functions'

/** Typed calls of the Lambda API; the same code reaches AWS and Zipyard. */
export class LambdaClient {
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  /** `undefined` when there is no such function. */
  async getConfiguration(name: string, qualifier?: string): Promise<FunctionConfiguration | undefined> {
    const result = await send(this.#target, {
      service: 'lambda',
      method: 'GET',
      path: `${functions}/${encode(name)}/configuration`,
      ...(qualifier ? { query: { Qualifier: qualifier } } : {}),
    })
    if (result.status === 404) return undefined
    if (result.status >= 300) throw refusal('GetFunctionConfiguration', result)
    return JSON.parse(result.body.toString('utf8')) as FunctionConfiguration
  }

  create(input: object): Promise<FunctionConfiguration> {
    return this.#json('CreateFunction', 'POST', functions, input)
  }

  updateCode(name: string, input: object): Promise<FunctionConfiguration> {
    return this.#json('UpdateFunctionCode', 'PUT', `${functions}/${encode(name)}/code`, input)
  }

  updateConfiguration(name: string, input: object): Promise<FunctionConfiguration> {
    return this.#json('UpdateFunctionConfiguration', 'PUT', `${functions}/${encode(name)}/configuration`, input)
  }

  publishVersion(name: string): Promise<FunctionConfiguration> {
    return this.#json('PublishVersion', 'POST', `${functions}/${encode(name)}/versions`, {})
  }

  /** Points an alias at a version, making it if needed. */
  async putAlias(name: string, alias: string, version: string): Promise<void> {
    const path = `${functions}/${encode(name)}/aliases`
    const found = await send(this.#target, { service: 'lambda', method: 'GET', path: `${path}/${encode(alias)}` })
    if (found.status === 404) await this.#json('CreateAlias', 'POST', path, { Name: alias, FunctionVersion: version })
    else await this.#json('UpdateAlias', 'PUT', `${path}/${encode(alias)}`, { FunctionVersion: version })
  }

  /** Waits until the function is active and its last update is done. */
  async waitUntilReady(name: string, signal?: AbortSignal): Promise<FunctionConfiguration> {
    for (let pause = 50; ; pause = Math.min(pause * 1.5, 2000)) {
      const current = await this.getConfiguration(name)
      if (!current || current.State === 'Failed' || current.LastUpdateStatus === 'Failed')
        throw functionNotReady({
          name,
          state:
            current?.State === 'Failed' ? 'State is Failed' : current ? 'LastUpdateStatus is Failed' : 'it is gone',
          reason: current?.StateReason ?? current?.LastUpdateStatusReason ?? '',
        })
      if (current.State !== 'Pending' && current.LastUpdateStatus !== 'InProgress') return current
      signal?.throwIfAborted()
      await sleep(systemClock, pause)
    }
  }

  async invoke(
    name: string,
    options: {
      payload: Buffer
      qualifier?: string | undefined
      type?: 'RequestResponse' | 'Event'
      tail?: boolean
      signal?: AbortSignal
    },
  ): Promise<InvokeResult> {
    const result = await send(this.#target, {
      service: 'lambda',
      method: 'POST',
      path: `${functions}/${encode(name)}/invocations`,
      ...(options.qualifier ? { query: { Qualifier: options.qualifier } } : {}),
      headers: {
        'x-amz-invocation-type': options.type ?? 'RequestResponse',
        ...(options.tail ? { 'x-amz-log-type': 'Tail' } : {}),
      },
      body: options.payload,
      ...(options.signal ? { signal: options.signal } : {}),
    })
    if (result.status >= 300) throw refusal('Invoke', result)
    const header = (key: string): string | undefined => result.headers[key] as string | undefined
    const log = header('x-amz-log-result')
    return {
      payload: result.body,
      functionError: header('x-amz-function-error'),
      executedVersion: header('x-amz-executed-version'),
      log: log === undefined ? undefined : Buffer.from(log, 'base64').toString('utf8'),
      requestId: header('x-amzn-requestid'),
      timings: parseServerTiming(header('server-timing')),
    }
  }

  #json(name: string, method: string, path: string, input: object): Promise<FunctionConfiguration> {
    const headers = { 'content-type': 'application/json' }
    return callJson(this.#target, name, { service: 'lambda', method, path, headers, body: JSON.stringify(input) })
  }
}

/** @example parseServerTiming('queue;dur=1.20, handler;dur=3.00') // { queue: 1.2, handler: 3 } */
function parseServerTiming(header: string | undefined): Readonly<Record<string, number>> | undefined {
  const parts = [...(header ?? '').matchAll(/(\w+);dur=([\d.]+)/g)]
  return parts.length === 0
    ? undefined
    : Object.fromEntries(parts.map(([, name, duration]) => [name!, Number(duration)]))
}
