/** Objects that are put, uploaded in parts and removed until the service is gone, and what each key may hold afterwards. */
import { createHash } from 'node:crypto'
import { s3Request, type S3Answer } from './s3-request.ts'
import { testKey } from './side-services-open.ts'

/** The last body that was answered, and one that was sent and not answered yet. Absent is ''. */
interface Expectation {
  answered: string
  pending: string | undefined
}

const random = (limit: number): number => Math.floor(Math.random() * limit)

function bodyOf(text: string): Buffer {
  // From small enough for one step to large enough for the worker.
  return Buffer.alloc([10, 5000, 200_000, 1_500_000][text.length % 4]!, text)
}

/** The load on one bucket. Where it runs changes with every restart; what it expects stays. */
export class ObjectLoad {
  /** How many requests that change something were answered. */
  answers = 0
  readonly #key: typeof testKey
  readonly #expectations = new Map<string, Expectation>()

  constructor(key = testKey) {
    this.#key = key
  }

  async createBucket(url: string): Promise<number> {
    return (await s3Request(url, { method: 'PUT', target: '/bucket', key: this.#key })).status
  }

  /** Works on keys of its own until the service is gone. */
  async work(url: string, name: string): Promise<void> {
    for (let count = 0; ; count++) {
      const key = `${name}/${random(5)}`
      const expectation = this.#expectations.get(key) ?? { answered: '', pending: undefined }
      this.#expectations.set(key, expectation)
      const text = random(4) === 0 ? '' : `${name} ${count} ${'.'.repeat(random(9))}`
      expectation.pending = text
      const answer = await this.#change(url, key, text).catch(() => undefined)
      if (!answer) return
      if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.body}`)
      expectation.answered = text
      expectation.pending = undefined
      this.answers += 1
    }
  }

  /** Every key holds what was answered last, or what was on its way when the service died; then that is what counts. */
  async check(url: string): Promise<string[]> {
    const wrong: string[] = []
    for (const [key, expectation] of this.#expectations) {
      const got = await s3Request(url, { target: `/bucket/${key}`, key: this.#key })
      const found = [expectation.answered, expectation.pending].find((text) =>
        text === ''
          ? got.status === 404
          : text !== undefined && got.status === 200 && got.body === bodyOf(text).toString(),
      )
      if (found === undefined)
        wrong.push(`${key}: ${got.status} ${got.body.slice(0, 40)}, expected \`${expectation.answered}\``)
      else Object.assign(expectation, { answered: found, pending: undefined })
    }
    return wrong
  }

  /** Ends the uploads in parts that were cut off: their parts are still named by them. */
  async abortUploads(url: string): Promise<void> {
    const { body } = await s3Request(url, { target: '/bucket?uploads', key: this.#key })
    for (const [, key, uploadId] of body.matchAll(/<Key>([^<]+)<\/Key><UploadId>([^<]+)/g))
      await s3Request(url, { method: 'DELETE', target: `/bucket/${key}?uploadId=${uploadId}`, key: this.#key })
  }

  /** SHA-256 of every body that is there. */
  digests(): ReadonlySet<string> {
    const live = [...this.#expectations.values()].filter(({ answered }) => answered !== '')
    return new Set(live.map(({ answered }) => createHash('sha256').update(bodyOf(answered)).digest('hex')))
  }

  #change(url: string, key: string, text: string): Promise<S3Answer> {
    const target = `/bucket/${key}`
    if (text === '') return s3Request(url, { method: 'DELETE', target, key: this.#key })
    if (random(3) === 0) return this.#putInParts(url, target, bodyOf(text))
    return s3Request(url, { method: 'PUT', target, body: bodyOf(text), key: this.#key })
  }

  async #putInParts(url: string, target: string, body: Buffer): Promise<S3Answer> {
    const key = this.#key
    const begun = await s3Request(url, { method: 'POST', target: `${target}?uploads`, key })
    const uploadId = /<UploadId>([^<]+)/.exec(begun.body)![1]
    const part = await s3Request(url, {
      method: 'PUT',
      target: `${target}?partNumber=1&uploadId=${uploadId}`,
      body,
      key,
    })
    const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${String(part.headers.etag)}</ETag></Part></CompleteMultipartUpload>`
    return s3Request(url, { method: 'POST', target: `${target}?uploadId=${uploadId}`, body: list, key })
  }
}
