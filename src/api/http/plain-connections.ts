/** All connections of a server that are still on the short way. Nothing is taken from Node: it gets each connection whose requests are not plain. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Arrival } from './arrival.ts'
import type { Patience } from './patience.ts'
import { PlainConnection } from './plain-connection.ts'
import type { PlainHead } from './plain-head.ts'

export class PlainConnections {
  readonly #open = new Set<PlainConnection>()
  #isEnding = false

  constructor(server: Server, patience: Patience, answer: (arrival: Arrival) => void) {
    // Node's own reading of connections begins in this listener, and still does, after a look at the first request.
    const readers = server.listeners('connection') as ((socket: Socket) => void)[]
    server.removeAllListeners('connection')
    const handOver = (socket: Socket): void => {
      for (const read of readers) read.call(server, socket)
    }
    const events = {
      takes: isForHeldBodies,
      request: answer,
      handOver,
      closed: (connection: PlainConnection) => void this.#open.delete(connection),
    }
    server.on('connection', (socket: Socket) => {
      if (this.#isEnding) return handOver(socket)
      this.#open.add(new PlainConnection(socket, patience, events))
    })
  }

  /** Ends what is idle at once and the others after their answer. */
  end(): void {
    this.#isEnding = true
    for (const connection of this.#open) connection.end()
  }

  destroy(): void {
    for (const connection of this.#open) connection.destroy()
  }
}

/** Lambda holds its small bodies to verify them; the other services stream, or are not called often enough to matter. */
function isForHeldBodies(head: PlainHead): boolean {
  return head.headers['authorization']?.includes('/lambda/aws4_request') === true
}
