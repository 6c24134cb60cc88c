/** Where the Runtime API of an environment is found: a socket in its folder, and an address for programs that know TCP only. */
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxSpec } from '../sandbox/sandbox.ts'
import { RuntimeApi, type OtherRequests, type RuntimeApiListener } from './runtime-api.ts'

export interface RuntimeEndpoint {
  readonly api: RuntimeApi
  /** `host:port` for `AWS_LAMBDA_RUNTIME_API`, if a program needs one. */
  readonly address?: string | undefined
  /** What the sandbox must lead to the socket for that. */
  readonly relays?: SandboxSpec['relays']
}

export interface RuntimeEndpointOptions {
  readonly folder: string
  readonly id: string
  readonly listener: RuntimeApiListener
  readonly extensions: OtherRequests | undefined
  readonly needsTcp: boolean
  /** Where a program with a network of its own finds what is relayed; without it, TCP is the host's loopback. */
  readonly relayAddress: string | undefined
}

/** Where Lambda's runtimes find the Runtime API. */
const relayPort = 9001

export async function openRuntimeEndpoint(options: RuntimeEndpointOptions): Promise<RuntimeEndpoint> {
  const { folder, id, listener, extensions, needsTcp, relayAddress } = options
  await mkdir(folder, { recursive: true, mode: 0o711 })
  const inFolder = join(folder, 'api.sock')
  // A unix socket's path must fit into 107 bytes.
  const path = Buffer.byteLength(inFolder) < 104 ? inFolder : join(tmpdir(), `zipyard-${id.slice(0, 16)}.sock`)
  const api = await RuntimeApi.listen(path, listener, extensions)
  if (!needsTcp) return { api }
  if (relayAddress === undefined) return { api, address: await api.listenTcp() }
  return { api, address: `${relayAddress}:${relayPort}`, relays: [{ port: relayPort, socket: path }] }
}
