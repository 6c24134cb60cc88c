/** Reads request bodies: held in memory where the signature covers them, streamed and checked at the end for S3. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { PassThrough, Readable, Transform, type TransformCallback } from 'node:stream'
import { decodeAwsChunked, isStreamingPayload } from '../../aws/chunked.ts'
import { unsignedPayload } from '../../aws/sigv4.ts'
import type { Claim } from './authenticate.ts'
import { payloadHashMismatch, requestIncomplete, requestStalled, requestTooLarge } from './errors.ts'
import type { LargeBody } from './message.ts'
import type { Patience } from './patience.ts'

/** The bytes of a whole body as they arrived, never joined unless asked: a body may have 70 MB. */
export interface HeldBody {
  readonly chunks: readonly Buffer[]
  readonly bytes: number
  /** SHA-256 in hexadecimal digits. */
  readonly hash: string
  /** Where the bytes are, when they are not in `chunks`. */
  readonly large?: LargeBody | undefined
}

/**
 * Takes a whole body, hashing as it arrives. Beyond `limitBytes` it keeps nothing, lets the client send on, and throws
 * `requestTooLarge` at the end: clients read an answer only after they sent everything. One that stops sending gets `requestStalled`.
 *
 * @param large takes the bytes instead, and hashes them; its owner discards it
 */
export function holdBody(
  request: IncomingMessage,
  limitBytes: number,
  patience: Patience,
  large?: LargeBody,
): Promise<HeldBody> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let bytes = 0
    const hash = createHash('sha256')
    const fail = (cause?: unknown): void => reject(requestIncomplete({ received: bytes }, { cause }))
    let isStalled = false
    patience.watchBody(request, () => {
      // Told once; who then sends on, however slowly, is cut off.
      if (isStalled) request.destroy()
      isStalled = true
      chunks = []
      reject(requestStalled({ received: bytes }))
    })
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (isStalled) return
      if (bytes > limitBytes) chunks = []
      else if (large) {
        const behind = large.take(chunk)
        if (!behind) return
        request.pause()
        void behind.then(() => request.resume())
      } else {
        hash.update(chunk)
        chunks.push(chunk)
      }
    })
    request.once('end', () => {
      if (bytes > limitBytes) reject(requestTooLarge({ limitBytes }))
      else if (large) large.end().then((digest) => resolve({ chunks, bytes, hash: digest, large }), reject)
      else resolve({ chunks, bytes, hash: hash.digest('hex') })
    })
    request.once('error', fail)
    request.once('close', () => {
      if (!request.complete) fail()
    })
  })
}

/** A body that was held, as a stream that lets other work run in between. */
export function streamHeld(body: HeldBody): Readable {
  return Readable.from(inTurns(body.chunks), { objectMode: false })
}

async function* inTurns(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  let since = 0
  for (const chunk of chunks) {
    yield chunk
    since += chunk.length
    if (since > 1 << 20) {
      since = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/**
 * The body of an S3 request as a stream: decoded from `aws-chunked`, its chunk signatures, hash and trailing checksums checked.
 * The stream fails at its end when something does not match. `claim` is absent when signatures are not verified.
 */
export function streamBody(request: IncomingMessage, claim: Claim | undefined, patience: Patience): Readable {
  const sent = request.headers['x-amz-content-sha256']
  const contentSha256 = typeof sent === 'string' ? sent : undefined
  const source = heard(aborting(request, patience))
  if (isStreamingPayload(contentSha256)) {
    const length = request.headers['x-amz-decoded-content-length']
    const decoder = decodeAwsChunked({
      payload: contentSha256,
      seed: claim && {
        signature: claim.signature.signature,
        amzDate: claim.amzDate,
        scope: claim.signature.scope,
        secretAccessKey: claim.key.secret,
      },
      decodedLength: typeof length === 'string' && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
      trailers: String(request.headers['x-amz-trailer'] ?? '')
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter((name) => name !== ''),
    })
    return heard(joined(source, decoder))
  }
  const isHash = contentSha256 !== undefined && contentSha256 !== unsignedPayload && !claim?.presigned
  return isHash && claim ? heard(joined(source, new HashCheck(contentSha256))) : source
}

/** A body may fail before anybody reads it; without a listener that would end the service. Whoever reads it later is told all the same. */
function heard<Stream extends Readable>(stream: Stream): Stream {
  stream.on('error', () => undefined)
  return stream
}

/** Joins a stream into one Buffer, at most `limitBytes`. */
export async function collect(stream: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limitBytes) throw requestTooLarge({ limitBytes })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

class HashCheck extends Transform {
  readonly #expected: string
  readonly #hash = createHash('sha256')

  constructor(expected: string) {
    super()
    this.#expected = expected
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk)
    done(null, chunk)
  }

  override _flush(done: TransformCallback): void {
    const computed = this.#hash.digest('hex')
    done(computed === this.#expected ? null : payloadHashMismatch({ sent: this.#expected, computed }))
  }
}

/** Pipes; an error of the source reaches the target, a target that gives up leaves the source alone. */
function joined(source: Readable, target: Transform): Transform {
  source.on('error', (error) => target.destroy(error))
  target.on('close', () => source.destroy())
  source.pipe(target)
  return target
}

/**
 * The request's bytes; a client that goes away makes the stream fail with `requestIncomplete`, one that falls silent with
 * `requestStalled`. When the reader gives up, the rest is let through unread: destroying the request would destroy the socket, and the answer has to go out on it.
 */
function aborting(request: IncomingMessage, patience: Patience): Readable {
  const through = new PassThrough()
  let received = 0
  patience.watchBody(request, () => {
    if (through.destroyed) request.destroy()
    else through.destroy(requestStalled({ received }))
  })
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  request.on('error', () => undefined)
  request.on('close', () => {
    if (!request.complete) through.destroy(requestIncomplete({ received }))
  })
  request.pipe(through)
  through.on('close', () => {
    request.unpipe(through)
    request.resume()
  })
  return through
}
