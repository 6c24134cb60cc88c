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
/** What the shell that started an extension writes when that has ended: a frame without text, the last byte of its time is the exit status. */
const extensionEndedFrame = 0xa55afffe

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
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let from = 0
    while (from < bytes.length) {
      // By the byte: a flood of empty lines must cost less than it costs to write.
      if (bytes[from] === newline) {
        from += 1
        continue
      }
      const end = bytes.indexOf(newline, from)
      if (end < 0 && bytes.length - from <= lineLimit) break
      const to = end < 0 || end - from > lineLimit ? from + lineLimit : end
      this.#emit(bytes.subarray(from, to))
      from = to
    }
    // A copy: the piece must not keep the whole chunk alive, nor be changed with it.
    this.#rest = from === bytes.length ? empty : Buffer.from(bytes.subarray(from))
  }

  flush(): void {
    if (this.#rest.length > 0) this.#emit(this.#rest)
    this.#rest = empty
  }

  #emit(line: Buffer): void {
    this.#listener({ timestamp: this.#now(), message: `${line.toString('utf8')}\n` })
  }
}

/**
 * Takes frames apart: type, length and microseconds, all big-endian, then UTF-8. What a frame says of its length is not believed: nothing is kept for
 * longer than an event can be.
 */
export class FrameSplitter {
  readonly #listener: LogEventListener
  readonly #signals: FrameSignals
  /** The beginning of a head, or of a part of a body. */
  #rest: Buffer[] = []
  #restBytes = 0
  /** How much of the body is to come. */
  #left = 0
  #timestamp = 0

  constructor(listener: LogEventListener, signals: FrameSignals = {}) {
    this.#listener = listener
    this.#signals = signals
  }

  write(chunk: Buffer): void {
    let bytes = chunk
    while (bytes.length > 0) {
      const wanted = this.#left > 0 ? Math.min(this.#left, lineLimit) : headBytes
      const taken = Math.min(bytes.length, wanted - this.#restBytes)
      const part = bytes.subarray(0, taken)
      bytes = bytes.subarray(taken)
      if (this.#restBytes + taken < wanted) {
        // A copy: the piece must not keep the whole chunk alive, nor be changed with it.
        this.#rest.push(Buffer.from(part))
        this.#restBytes += taken
        return
      }
      const whole = this.#restBytes === 0 ? part : Buffer.concat([...this.#rest, part])
      this.#rest = []
      this.#restBytes = 0
      if (this.#left > 0) {
        this.#left -= whole.length
        const text = whole.toString('utf8')
        this.#listener({ timestamp: this.#timestamp, message: text.endsWith('\n') ? text : `${text}\n` })
        // Not a frame: somebody wrote to the descriptor. What cannot be told apart is dropped, not guessed.
      } else if (whole.readUInt16BE(0) !== 0xa55a) return
      else {
        const type = whole.readUInt32BE(0)
        if (type === waitsFrame) this.#signals.waitsForSdk?.()
        else if (type === extensionEndedFrame) this.#signals.extensionEnded?.(whole[15]!)
        this.#left = whole.readUInt32BE(4)
        this.#timestamp = Number(whole.readBigUInt64BE(8) / 1000n)
      }
    }
  }
}

const headBytes = 16

/** Frames that are no log events, but tell the service something. */
export interface FrameSignals {
  /** The function waits for the copy of the SDK. */
  readonly waitsForSdk?: () => void
  /** A program of /opt/extensions ended, with the exit status that its shell saw. */
  readonly extensionEnded?: (status: number) => void
}

/** What is read of a process. */
export interface LogPipes {
  /** Last lines without an end are given out as they are. */
  flush(): void
  /** Calls back when what was written by now has been read, though there be no room. */
  settle(callback: () => void): void
  readonly ended: Promise<void>
}

/**
 * Listens to the three pipes of a process; resolves `ended` when all have.
 *
 * @param room what to wait for before more is read; whoever writes meanwhile waits at a full pipe
 */
export function readLogPipes(
  process: { readonly stdout: Readable; readonly stderr: Readable; readonly telemetry: Readable },
  now: () => number,
  listener: LogEventListener,
  signals: FrameSignals,
  room: () => Promise<void> | undefined = () => undefined,
): LogPipes {
  const out = new LineSplitter(now, listener)
  const err = new LineSplitter(now, listener)
  const frames = new FrameSplitter(listener, signals)
  const settling: (() => void)[] = []
  const pipes = [
    [process.stdout, out],
    [process.stderr, err],
    [process.telemetry, frames],
  ] as const
  const ended = Promise.all(
    pipes.map(
      ([pipe, splitter]) =>
        new Promise<void>((resolve) => {
          pipe.on('data', (chunk: Buffer) => {
            splitter.write(chunk)
            const wait = room()
            if (wait === undefined || pipe.isPaused()) return
            pipe.pause()
            void wait.then(() => pipe.resume())
          })
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
    settle(callback) {
      if (settling.length > 0) return void settling.push(callback)
      const paused = pipes.map(([pipe]) => pipe).filter((pipe) => pipe.isPaused())
      // What was written before this turn of the event loop is read in it; what waits in a pipe that nobody read takes another two.
      if (paused.length === 0) return void setImmediate(callback)
      for (const pipe of paused) pipe.resume()
      settling.push(callback)
      setImmediate(() => setImmediate(() => setImmediate(() => settling.splice(0).forEach((settled) => settled()))))
    },
    ended,
  }
}
