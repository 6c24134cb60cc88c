/** How long a client may take with its requests and with our answers, so that none holds a descriptor, memory or a temporary file for ever. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import type { Clock, Timer } from '../../base/clock.ts'

/** Times in milliseconds. */
export interface HttpLimits {
  /** From the first byte of a request, or from the connection's begin, to the end of its head. */
  readonly headMs: number
  /** Silence within a body. */
  readonly bodyIdleMs: number
  /** Slowest body or answer on the whole, once it has lasted its idle limit: one byte a minute is no upload. */
  readonly bytesPerSecond: number
  /** During which a client takes nothing of an answer. */
  readonly answerIdleMs: number
  /** Silence between two requests. */
  readonly keepAliveMs: number
}

export const standardLimits: HttpLimits = {
  headMs: 30_000,
  bodyIdleMs: 60_000,
  bytesPerSecond: 500,
  answerIdleMs: 60_000,
  keepAliveMs: 65_000,
}

/** A body on its way. */
export interface BodyWatch {
  received(bytes: number): void
  cancel(): void
}

export class Patience {
  readonly limits: HttpLimits
  readonly #clock: Clock

  constructor(clock: Clock, limits: HttpLimits = standardLimits) {
    this.limits = limits
    this.#clock = clock
  }

  /** For Node's own HTTP server. A synchronous invocation may stay open for 15 minutes, so `requestTimeout`, which counts that too, is off. */
  get serverOptions(): ServerOptions {
    const { headMs, keepAliveMs } = this.limits
    return {
      requestTimeout: 0,
      headersTimeout: headMs,
      connectionsCheckingInterval: headMs,
      keepAliveTimeout: keepAliveMs,
      noDelay: true,
      // A peer that vanished without a word is found by the kernel, whatever we wait for.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    }
  }

  /**
   * Calls `stalled` when a client falls silent within its body, or has sent it too slowly; again as long as that lasts. The timer is its
   * own: the socket's is shared with other requests of the connection. Between two ticks whatever had arrived was read.
   */
  watch(isPaused: () => boolean, stalled: () => void): BodyWatch {
    const { bodyIdleMs, bytesPerSecond } = this.limits
    const tickMs = bodyIdleMs / 2
    const since = this.#clock.monotonic()
    let [received, seen, silentTicks] = [0, 0, 0]
    let timer: Timer | undefined
    const wait = (): void => {
      timer = this.#clock.after(tickMs, tick, { unref: true })
    }
    const tick = (): void => {
      wait()
      // While it is paused, it is our disk that is slow.
      silentTicks = received === seen && !isPaused() ? silentTicks + 1 : 0
      seen = received
      const allowedMs = bodyIdleMs + (received / bytesPerSecond) * 1000
      if (silentTicks >= 2 || this.#clock.monotonic() - since > allowedMs) stalled()
    }
    wait()
    return {
      received: (bytes) => {
        received += bytes
      },
      cancel: () => timer?.cancel(),
    }
  }

  /** Watches the body of a request that Node reads. */
  watchBody(request: IncomingMessage, stalled: () => void): void {
    const watch = this.watch(() => request.isPaused(), stalled)
    request.on('data', (chunk: Buffer) => watch.received(chunk.length))
    // Of a request that was read to its end, too.
    request.once('close', () => watch.cancel())
  }

  /** Calls back when a client should have taken an answer of that many bytes, however slowly; cancel it when it has. */
  whenOverdue(bytes: number, cut: () => void): Timer {
    const { answerIdleMs, bytesPerSecond } = this.limits
    return this.#clock.after(answerIdleMs + (bytes / bytesPerSecond) * 1000, cut, { unref: true })
  }

  /** Cuts off a client that takes nothing of its answer. Once that is written, Node waits for the next request. */
  watchAnswer(response: ServerResponse): void {
    response.setTimeout(this.limits.answerIdleMs, () => response.destroy())
  }
}
