/**
 * Decodes bodies in `aws-chunked` encoding: `SIZE[;chunk-signature=…]\r\n BYTES \r\n … 0\r\n [trailers] \r\n`.
 *
 * Nothing is trusted before its signature: a signed chunk is held until its own signature matched, so its size is bounded.
 * @see "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", S3 API reference
 */
import { createHash, type Hash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { checksumOfHeader, newChecksum, type Checksum } from './checksums.ts'
import { bodyLengthMismatch, checksumMismatch, chunkSignatureMismatch, malformedChunk } from './errors.ts'
import { emptyPayloadHash, formatScope, signaturesEqual, signText, type CredentialScope } from './sigv4.ts'

export type StreamingPayload =
  | 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  | 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  | 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'

export function isStreamingPayload(contentSha256: string | undefined): contentSha256 is StreamingPayload {
  return (
    contentSha256 === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' ||
    contentSha256 === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' ||
    contentSha256 === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
  )
}

/** Largest chunk that is held for its signature, in bytes. SDKs send 64 KiB to a few MiB. */
const largestSignedChunk = 16 * 1024 * 1024
const longestLine = 8 * 1024

export interface ChunkedOptions {
  readonly payload: StreamingPayload
  /** Of the request's header: the first link of the chain of chunk signatures. Absent when signatures are not verified. */
  readonly seed?:
    | {
        readonly signature: string
        readonly amzDate: string
        readonly scope: CredentialScope
        readonly secretAccessKey: string
      }
    | undefined
  /** `x-amz-decoded-content-length`, when it was sent. */
  readonly decodedLength?: number | undefined
  /** Names in `x-amz-trailer`, lower-case. */
  readonly trailers: readonly string[]
}

/** A stream that takes the encoded body and gives the bytes; fails with a defined error when anything does not match. */
export function decodeAwsChunked(options: ChunkedOptions): Transform {
  return new ChunkedDecoder(options)
}

class ChunkedDecoder extends Transform {
  readonly #options: ChunkedOptions
  readonly #signed: boolean
  #state: 'header' | 'bytes' | 'line-end' | 'trailers' | 'done' = 'header'
  /** Unread input: at most one line, or what arrived with it. */
  #pending: Buffer = Buffer.alloc(0)
  #remaining = 0
  #chunk = 0
  #received = 0
  #signature: string | undefined
  #previousSignature: string
  #held: Buffer[] = []
  #chunkHash: Hash | undefined
  readonly #checksums = new Map<string, Checksum>()
  readonly #trailers = new Map<string, string>()

  constructor(options: ChunkedOptions) {
    super()
    this.#options = options
    this.#signed = options.payload !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' && options.seed !== undefined
    this.#previousSignature = options.seed?.signature ?? ''
    for (const name of options.trailers) {
      const algorithm = checksumOfHeader(name)
      if (algorithm) this.#checksums.set(name, newChecksum(algorithm))
    }
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, input]) : input
      while (this.#step());
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      if (this.#state !== 'done') throw malformedChunk({ because: 'it ends before the last chunk' })
      const expected = this.#options.decodedLength
      if (expected !== undefined && expected !== this.#received) {
        throw bodyLengthMismatch({ expected, received: this.#received })
      }
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  /** Takes one line or one run of bytes; false when more input is needed. */
  #step(): boolean {
    if (this.#state === 'done') {
      if (this.#pending.length > 0) throw malformedChunk({ because: 'bytes follow its end' })
      return false
    }
    if (this.#state === 'bytes') return this.#takeBytes()
    const line = this.#takeLine()
    if (line === undefined) return false
    if (this.#state === 'header') this.#startChunk(line)
    else if (this.#state === 'trailers') this.#takeTrailer(line)
    else {
      if (line !== '') throw malformedChunk({ because: `chunk \`${this.#chunk}\` is longer than its size` })
      this.#endChunk()
      this.#state = 'header'
    }
    return true
  }

  #takeLine(): string | undefined {
    const end = this.#pending.indexOf('\r\n')
    if (end < 0) {
      if (this.#pending.length > longestLine) throw malformedChunk({ because: 'a line has no end' })
      return undefined
    }
    const line = this.#pending.toString('latin1', 0, end)
    this.#pending = this.#pending.subarray(end + 2)
    return line
  }

  #startChunk(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?\s*$/.exec(line)
    if (!match) throw malformedChunk({ because: `\`${line.slice(0, 60)}\` is not the head of a chunk` })
    this.#remaining = Number.parseInt(match[1]!, 16)
    this.#signature = match[2]
    this.#chunk += 1
    if (this.#signed) {
      if (!this.#signature) throw chunkSignatureMismatch({ chunk: this.#chunk })
      if (this.#remaining > largestSignedChunk) throw malformedChunk({ because: 'a signed chunk is larger than 16 MB' })
      this.#chunkHash = createHash('sha256')
    }
    if (this.#remaining > 0) this.#state = 'bytes'
    else {
      this.#endChunk()
      this.#state = 'trailers'
    }
  }

  #takeBytes(): boolean {
    if (this.#pending.length === 0) return false
    const bytes = this.#pending.subarray(0, this.#remaining)
    this.#pending = this.#pending.subarray(bytes.length)
    this.#remaining -= bytes.length
    this.#received += bytes.length
    for (const checksum of this.#checksums.values()) checksum.update(bytes)
    if (this.#signed) {
      this.#chunkHash!.update(bytes)
      this.#held.push(bytes)
    } else this.push(bytes)
    if (this.#remaining === 0) this.#state = 'line-end'
    return true
  }

  #endChunk(): void {
    if (!this.#signed) return
    const hash = this.#chunkHash!.digest('hex')
    this.#expectSignature('AWS4-HMAC-SHA256-PAYLOAD', `${emptyPayloadHash}\n${hash}`, this.#signature!)
    for (const bytes of this.#held) this.push(bytes)
    this.#held = []
  }

  #expectSignature(kind: string, hashes: string, signature: string): void {
    const { amzDate, scope, secretAccessKey } = this.#options.seed!
    const text = `${kind}\n${amzDate}\n${formatScope(scope)}\n${this.#previousSignature}\n${hashes}`
    const expected = signText(text, secretAccessKey, scope)
    if (!signaturesEqual(expected, signature)) throw chunkSignatureMismatch({ chunk: this.#chunk })
    this.#previousSignature = expected
  }

  #takeTrailer(line: string): void {
    if (line === '') {
      this.#checkTrailers()
      this.#state = 'done'
      return
    }
    const colon = line.indexOf(':')
    if (colon < 1 || this.#trailers.size >= 16) throw malformedChunk({ because: 'its trailer is not a header' })
    this.#trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }

  #checkTrailers(): void {
    const signature = this.#trailers.get('x-amz-trailer-signature')
    this.#trailers.delete('x-amz-trailer-signature')
    if (this.#signed && this.#options.payload.endsWith('-TRAILER')) {
      const text = [...this.#trailers].map(([name, value]) => `${name}:${value}\n`).join('')
      const hash = createHash('sha256').update(text, 'latin1').digest('hex')
      this.#expectSignature('AWS4-HMAC-SHA256-TRAILER', hash, signature ?? '')
    }
    for (const [header, checksum] of this.#checksums) {
      const computed = checksum.digest()
      const sent = this.#trailers.get(header)
      if (sent !== computed) throw checksumMismatch({ header, sent: sent ?? '', computed })
    }
  }
}
