/**
 * `Code.Location`: a URL at which a deployment package can be fetched without credentials, for ten minutes.
 *
 * The link carries its own proof, made with a secret that lives as long as the process; nothing of the catalog has to be asked.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { AdminRoute } from '../api/http/server.ts'
import { signaturesEqual } from '../aws/sigv4.ts'
import type { Clock } from '../base/clock.ts'
import type { Digest } from '../base/digest.ts'
import type { Blobs } from '../store/blobs.ts'

/** How long a link holds, in milliseconds. Source: GetFunction API reference, "valid for 10 minutes". */
const lifetimeMs = 10 * 60 * 1000

export class PackageLinks {
  readonly #secret = randomBytes(32)
  readonly #clock: Clock
  readonly #blobs: Blobs

  constructor(clock: Clock, blobs: Blobs) {
    this.#clock = clock
    this.#blobs = blobs
  }

  url(origin: string, digest: Digest): string {
    const expires = this.#clock.now() + lifetimeMs
    return `${origin}/_zipyard/packages/${digest}?expires=${expires}&signature=${this.#sign(digest, expires)}`
  }

  readonly route: AdminRoute = {
    method: 'GET',
    path: '/_zipyard/packages/',
    access: 'open',
    handle: async (request) => {
      const digest = request.path.split('/').at(-1)!
      const expires = Number(request.query.get('expires'))
      const signature = request.query.get('signature') ?? ''
      const holds = /^[0-9a-f]{64}$/.test(digest) && signaturesEqual(signature, this.#sign(digest, expires))
      if (!holds || expires < this.#clock.now()) return refusal(403, 'AccessDenied', 'Request has expired')
      if (!(await this.#blobs.has(digest))) return refusal(404, 'NoSuchKey', 'The specified key does not exist.')
      return { status: 200, headers: { 'content-type': 'application/zip' }, body: await this.#blobs.read(digest) }
    },
  }

  #sign(digest: Digest, expires: number): string {
    return createHmac('sha256', this.#secret).update(`${digest}\n${expires}`).digest('hex')
  }
}

function refusal(status: number, code: string, message: string) {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml' }, body }
}
