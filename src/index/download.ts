import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { redactUrl } from './credentials.ts'
import { downloadTruncated, fileNotFound, indexUnreachable, notAFile } from './errors.ts'
import { connectionFailure, type Http, type HttpAnswer } from './http.ts'
import type { DownloadableFile, DownloadOptions } from './index-client.ts'

/** Streams a file. What has arrived is never asked for twice unless the server cannot continue (no `Range`). */
export async function* download(
  http: Http,
  file: DownloadableFile,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  if (file.url.startsWith('file:')) {
    yield* readLocal(fileURLToPath(file.url), file, options)
    return
  }
  let received = 0
  let total = file.sizeBytes
  let etag: string | undefined
  let failures = 0
  // A server that breaks off after every few bytes is given up on in the end, too.
  for (let attempt = 1; attempt <= 100 && failures <= http.retries; attempt += 1) {
    if (failures > 0) await http.pause(failures)
    const before = received
    const answer = await http.get(file.url, resumeHeaders(received, etag), options.signal)
    refuseOther(answer, file)
    if (answer.status === 416) break
    try {
      // 200 to a `Range` request is the whole file again: what was delivered already is skipped.
      let skip = answer.status === 200 ? received : 0
      total ??= totalOf(answer, received)
      etag ??= strongEtag(answer)
      for await (const chunk of answer.body) {
        const rest = skip > 0 ? chunk.subarray(Math.min(skip, chunk.byteLength)) : chunk
        skip -= chunk.byteLength - rest.byteLength
        if (rest.byteLength === 0) continue
        received += rest.byteLength
        options.onProgress?.(received, total)
        yield rest
      }
      if (total === undefined || received >= total) return
    } catch (error) {
      if (options.signal?.aborted) throw error
      const failure = connectionFailure(error, file.url)
      if (!indexUnreachable.is(failure)) throw failure
    }
    failures = received > before ? 1 : failures + 1
  }
  throw downloadTruncated({ url: redactUrl(file.url), received, expected: total, attempts: failures })
}

function resumeHeaders(received: number, etag: string | undefined): Record<string, string> {
  if (received === 0) return {}
  return { range: `bytes=${received}-`, ...(etag === undefined ? {} : { 'if-range': etag }) }
}

function refuseOther(answer: HttpAnswer, file: DownloadableFile): void {
  if (answer.status === 404 || answer.status === 410) throw fileNotFound({ url: redactUrl(file.url) })
  const type = answer.headers['content-type']
  const isPage = /^text\/html\b/i.test((Array.isArray(type) ? type[0] : type) ?? '')
  if (isPage && !/\.html?$/i.test(file.filename)) {
    answer.body.dump().catch(() => undefined)
    throw notAFile({ url: redactUrl(file.url) })
  }
}

function totalOf(answer: HttpAnswer, received: number): number | undefined {
  const range = /\/(\d+)$/.exec(String(answer.headers['content-range'] ?? ''))
  if (range) return Number(range[1])
  const length = answer.headers['content-length']
  if (typeof length !== 'string' || answer.headers['content-encoding'] !== undefined) return undefined
  return Number(length) + (answer.status === 206 ? received : 0)
}

function strongEtag(answer: HttpAnswer): string | undefined {
  const etag = answer.headers['etag']
  return typeof etag === 'string' && !etag.startsWith('W/') ? etag : undefined
}

async function* readLocal(path: string, file: DownloadableFile, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  let received = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      received += (chunk as Buffer).byteLength
      options.onProgress?.(received, file.sizeBytes)
      yield chunk as Buffer
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? fileNotFound({ url: path }, { cause: error }) : error
  }
}
