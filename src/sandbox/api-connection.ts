import { connect, type Socket } from 'node:net'
import { launchFailed } from './errors.ts'
import type { SandboxSpec } from './sandbox.ts'

/** Connects to the service, for a program that is handed the connection. The caller's own end is to be destroyed once it was handed on. */
export async function connectToApi(spec: Pick<SandboxSpec, 'id' | 'apiSocket'>): Promise<Socket> {
  const socket = connect(spec.apiSocket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (cause) => reject(launchFailed({ id: spec.id, because: cause.message }, { cause })))
  })
  return socket
}
