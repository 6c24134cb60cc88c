/** Where functions with a network of their own find this service: at an address inside that leads to a socket of it, and nowhere else. */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NetworkMode, SandboxFacts, SandboxSpec } from '../sandbox/sandbox.ts'

export interface InsideEndpoint {
  /** A name of the service that only functions use. */
  readonly host: string
  readonly url: string
  readonly relay: NonNullable<SandboxSpec['relays']>[number]
}

/** As the service's own port is, unless told otherwise. */
const port = 4570

/** @returns `undefined` where functions share the host's network, or have none to speak of */
export function insideEndpoint(
  { relayAddress }: Pick<SandboxFacts, 'relayAddress'>,
  network: NetworkMode,
  dataFolder: string,
): InsideEndpoint | undefined {
  if (network === 'host' || relayAddress === undefined) return undefined
  const inFolder = join(dataFolder, 'run', 'aws.sock')
  // A unix socket's path must fit into 107 bytes.
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16)
  const socket = Buffer.byteLength(inFolder) < 104 ? inFolder : join(tmpdir(), `zipyard-aws-${name}.sock`)
  return { host: relayAddress, url: `http://${relayAddress}:${port}`, relay: { port, socket } }
}
