/**
 * What a function writes, as log events: standard output and error split at line ends, telemetry taken frame by frame.
 *
 * A line is an event as it stands, its `\r` included; a frame is one event whatever it holds. Empty lines are none (recorded in November 2025).
 */
import type { Readable } from 'node:stream'

export interface LogEvent {
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
  /** With its line end. */
  readonly message: string
}

export type LogEventListener = (event: LogEvent) => void

/** What our own bootstrap writes into the telemetry pipe when a function begins to wait for the copy of the SDK: a frame without text. AWS has no such type. */
const waitsFrame = 0xa55affff

/** Longest line; what is longer becomes several events. Source: CloudWatch Logs quotas, event size of 256 KB. */
const lineLimit = 256 * 1024
const newline = 0x0a
const empty = Buffer.alloc(0)

/** Splits a stream at `\n`. `flush` gives out a last line that has no end. */
export class LineSplitter {
  readonly #listener: LogEventListener
  readonly #now: () => number
  #rest: Buffer = empty

  constructor(now: () => number, listener: LogEventListener) {
    this.#now = now
    this.#listener = listener
  }

  write(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (;;) {
      const end = bytes.indexOf(newline)
      if (end < 0 && bytes.length <= lineLimit) break
      const length = end < 0 || end > lineLimit ? lineLimit : end
      this.#emit(bytes.subarray(0, length))
      bytes = bytes.subarray(end === length ? length + 1 : length)
    }
    // A copy: the piece must not keep the whole chunk alive, nor be changed with it.
    this.#rest = bytes.length === 0 ? empty : Buffer.from(bytes)
  }

  flush(): void {
    if (this.#rest.length > 0) this.#emit(this.#rest)
    this.#rest = empty
  }

  #emit(line: Buffer): void {
    if (line.length > 0) this.#listener({ timestamp: this.#now(), message: `${line.toString('utf8')}\n` })
  }
}

/** Takes frames apart: type, length and microseconds, all big-endian, then UTF-8. */
export class FrameSplitter {
  readonly #listener: LogEventListener
  readonly #onWait: () => void
  #rest: Buffer = empty

  /** @param onWait the function waits for the copy of the SDK */
  constructor(listener: LogEventListener, onWait: () => void = () => undefined) {
    this.#listener = listener
    this.#onWait = onWait
  }

  write(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (bytes.length >= 16) {
      const length = bytes.readUInt32BE(4)
      if (bytes.readUInt16BE(0) !== 0xa55a) {
        // Not a frame: somebody wrote to the descriptor. What cannot be told apart is dropped, not guessed.
        bytes = empty
        break
      }
      if (bytes.length < 16 + length) break
      if (bytes.readUInt32BE(0) === waitsFrame) this.#onWait()
      else this.#emit(bytes.subarray(16, 16 + length), Number(bytes.readBigUInt64BE(8) / 1000n))
      bytes = bytes.subarray(16 + length)
    }
    this.#rest = bytes.length === 0 ? empty : Buffer.from(bytes)
  }

  #emit(body: Buffer, timestamp: number): void {
    for (let from = 0; from < body.length; from += lineLimit) {
      const text = body.toString('utf8', from, Math.min(body.length, from + lineLimit))
      this.#listener({ timestamp, message: text.endsWith('\n') ? text : `${text}\n` })
    }
  }
}

/** Listens to the three pipes of a process; resolves `ended` when all have. */
export function readLogPipes(
  process: { readonly stdout: Readable; readonly stderr: Readable; readonly telemetry: Readable },
  now: () => number,
  listener: LogEventListener,
  onWait: () => void,
): { readonly flush: () => void; readonly ended: Promise<void> } {
  const out = new LineSplitter(now, listener)
  const err = new LineSplitter(now, listener)
  const frames = new FrameSplitter(listener, onWait)
  const pipes = [
    [process.stdout, out],
    [process.stderr, err],
    [process.telemetry, frames],
  ] as const
  const ended = Promise.all(
    pipes.map(
      ([pipe, splitter]) =>
        new Promise<void>((resolve) => {
          pipe.on('data', (chunk: Buffer) => splitter.write(chunk))
          pipe.on('error', () => undefined)
          pipe.once('close', resolve)
          pipe.once('end', resolve)
        }),
    ),
  ).then(() => undefined)
  return {
    flush() {
      out.flush()
      err.flush()
    },
    ended,
  }
}
