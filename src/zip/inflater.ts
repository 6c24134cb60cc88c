import { constants, createInflateRaw, type InflateRaw } from 'node:zlib'

/** What stands behind a stream of `node:zlib`. */
interface Handle {
  onerror: () => void
  reset(): void
  writeSync(flush: number, input: Buffer, from: number, length: number, output: Buffer, at: number, room: number): void
}

/** Room that is made at first, in bytes: most files fit. */
const firstRoom = 256 * 1024

/**
 * Unpacks one deflated file after the other with one engine and into one buffer. `inflateRawSync` makes a stream, an engine and a buffer each time, which
 * for files of a few kilobytes takes as long as unpacking them.
 *
 * Node offers nothing public for that, so this looks behind a stream, and wherever something is not as expected it answers nothing: then `inflateRawSync`
 * unpacks, and says what is wrong.
 */
export class Inflater {
  #engine: { readonly handle: Handle; readonly left: Uint32Array; readonly stream: InflateRaw } | undefined | null
  #room: Buffer = Buffer.alloc(0)
  #failed = false

  /** All of the unpacked bytes, until the next call; undefined when they are not so many, more input follows, or this Node is another one. */
  inflate(packed: Buffer, unpackedBytes: number): Buffer | undefined {
    if (this.#engine === undefined) this.#engine = this.#start() ?? null
    if (!this.#engine) return undefined
    const { handle, left } = this.#engine
    // One byte more tells that there is too much.
    const room = unpackedBytes + 1
    if (this.#room.length < room) this.#room = Buffer.allocUnsafeSlow(Math.max(room, firstRoom))
    this.#failed = false
    try {
      handle.reset()
      handle.writeSync(constants.Z_FINISH, packed, 0, packed.length, this.#room, 0, room)
    } catch {
      this.#failed = true
    }
    if (!this.#failed) return left[0] === 1 && left[1] === 0 ? this.#room.subarray(0, unpackedBytes) : undefined
    this.close()
    return undefined
  }

  /** Frees the engine; another one is made when something is to be unpacked again. */
  close(): void {
    this.#engine?.stream.close()
    this.#engine = undefined
  }

  #start() {
    const stream = createInflateRaw() as InflateRaw & {
      readonly _handle?: Partial<Handle>
      readonly _writeState?: unknown
    }
    const { _handle: handle, _writeState: left } = stream
    if (typeof handle?.writeSync !== 'function' || typeof handle.reset !== 'function' || !(left instanceof Uint32Array))
      return undefined
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a property that Node calls, no event
    handle.onerror = () => {
      this.#failed = true
    }
    return { handle: handle as Handle, left, stream }
  }
}
