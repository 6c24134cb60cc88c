import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineError } from '../base/errors.ts'
import { callJson, callRefused, encode, endpointUnreachable, needsProxy } from './call.ts'
import type { FunctionConfiguration } from './lambda-client.ts'
import type { Target } from './target.ts'

export const noPackage = defineError('ZY0712', 'refused', (p: { name: string; type: string }) => ({
  message: `\`${p.name}\` has no .zip package to download: its package type is \`${p.type}\``,
  hint: 'Only functions of the package type `Zip` can be compared',
}))

/**
 * Writes the package of a deployed function to `into`, from the presigned address that GetFunction gives.
 * @throws `callRefused` when there is no such function or the address has run out, `endpointUnreachable`, `noPackage` for a container image
 */
export async function downloadCode(
  target: Target,
  name: string,
  into: string,
  signal?: AbortSignal,
): Promise<FunctionConfiguration> {
  const { Code: code, Configuration: configuration } = await callJson<{
    readonly Code?: { readonly Location?: string; readonly ImageUri?: string }
    readonly Configuration: FunctionConfiguration & { readonly PackageType?: string }
  }>(target, 'GetFunction', {
    service: 'lambda',
    method: 'GET',
    path: `/2015-03-31/functions/${encode(name)}`,
    ...(signal ? { signal } : {}),
  })
  if (!code?.Location || code.ImageUri !== undefined)
    throw noPackage({ name, type: configuration.PackageType ?? 'unknown' })
  await pipeline(await open(new URL(code.Location), signal), createWriteStream(into))
  return configuration
}

/** The address is signed as it is: nothing is added to the request. */
async function open(location: URL, signal: AbortSignal | undefined): Promise<Readable> {
  const { EnvHttpProxyAgent, request } = await import('undici')
  const response = await request(location, {
    method: 'GET',
    signal: signal ?? null,
    ...(needsProxy(location) ? { dispatcher: new EnvHttpProxyAgent() } : {}),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause
    throw endpointUnreachable({ endpoint: location.origin }, { cause })
  })
  if (response.statusCode === 200) return response.body
  const text = (await response.body.text()).slice(0, 4096)
  throw callRefused({
    call: 'The download of the code',
    status: response.statusCode,
    type: /<Code>([^<]*)/.exec(text)?.[1] ?? 'Unknown',
    message: /<Message>([^<]*)/.exec(text)?.[1] ?? 'no reason was given',
  })
}
