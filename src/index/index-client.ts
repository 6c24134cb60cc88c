import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Clock } from '../base/clock.ts'
import { normalizeName } from '../pypa/name.ts'
import { invalidIndexPage, parseProjectPage, simpleIndexAccept, type ProjectFile } from '../pypa/simple-index.ts'
import { CredentialStore, redactUrl, splitCredentials } from './credentials.ts'
import { download } from './download.ts'
import { networkForbidden, projectNotFound } from './errors.ts'
import { findLinkedFiles } from './find-links.ts'
import { Http, type HttpAnswer } from './http.ts'
import type { ConfiguredIndex, IndexConfiguration } from './index-configuration.ts'

/** A file as some index offers it. */
export interface IndexFile extends ProjectFile {
  /** The index it came from, without credentials; a folder's path for `--find-links`. */
  readonly index: string
}

/** Asks package indexes. Made by `createIndexClient`; `close` ends its connections. */
export interface IndexClient {
  /**
   * Every file that the configured places have of a project, without repetition. `indexes` asks others than the configured ones, as a
   * lock may name them; they get the credentials that are configured for their origin. With `noIndex` only `--find-links` is looked at.
   * @throws `projectNotFound` when no place knows it, and the errors of `Http.get`
   */
  files(name: string, options?: { readonly indexes?: readonly string[] }): Promise<readonly IndexFile[]>
  /** The METADATA of a wheel where the index has it apart (PEP 658), else `undefined`. */
  metadata(file: ProjectFile): Promise<string | undefined>
  /**
   * The bytes of a file, from http(s) or from disk. A connection that breaks is taken up where it broke (`Range`), with waiting between
   * the attempts; the caller checks digest and size (`cache.storeBlob`).
   */
  download(file: DownloadableFile, options?: DownloadOptions): AsyncIterable<Uint8Array>
  /** Remembers user and password that a URL holds, such as `--index-url` in a requirements file, for everything at its origin. */
  rememberCredentials(url: string): void
  /** A small text, such as a requirements file given as a URL. */
  text(url: string): Promise<string>
  close(): Promise<void>
}

export interface DownloadableFile {
  /** For messages. */
  readonly filename: string
  /** `http:`, `https:` or `file:`. */
  readonly url: string
  readonly sizeBytes?: number | undefined
}

export interface DownloadOptions {
  /** Called with the bytes received so far, and the total where it is known. */
  readonly onProgress?: ((receivedBytes: number, totalBytes: number | undefined) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface IndexClientOptions {
  readonly configuration: IndexConfiguration
  /** For proxy variables and `NODE_EXTRA_CA_CERTS`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Nothing goes out; pages come from `pages`. */
  readonly offline?: boolean | undefined
  /** Keeps answers of indexes between runs: `cache.readEntry('index-page', …)` and `writeEntry`. */
  readonly pages?: PageStore | undefined
  readonly clock?: Clock | undefined
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal | undefined
}

/** Answers of indexes, by address. */
export interface PageStore {
  read(url: string): Promise<Uint8Array | undefined>
  write(url: string, page: string): Promise<void>
}

export async function createIndexClient(options: IndexClientOptions): Promise<IndexClient> {
  const { netrcFile } = options.configuration
  const netrc = netrcFile === undefined ? undefined : await readFile(netrcFile, 'utf8').catch(() => undefined)
  return new Client(options, new CredentialStore(netrc))
}

interface StoredPage {
  readonly url: string
  readonly contentType: string
  readonly etag?: string | undefined
  readonly body: string
}

class Client implements IndexClient {
  readonly #options: IndexClientOptions
  readonly #http: Http
  readonly #credentials: CredentialStore
  readonly #indexes: readonly ConfiguredIndex[]
  readonly #asked = new Map<string, Promise<readonly IndexFile[] | undefined>>()

  constructor(options: IndexClientOptions, credentials: CredentialStore) {
    this.#options = options
    const { configuration, environment, clock, signal } = options
    this.#credentials = credentials
    for (const url of [...configuration.indexes.map((index) => index.url), ...(configuration.lockedPlaces ?? [])])
      this.rememberCredentials(url)
    // Credentials live in the store alone from here on: no address below can leak them.
    this.#indexes = configuration.indexes.map((index) => ({ ...index, url: splitCredentials(index.url).url }))
    this.#http = new Http({ configuration, environment, credentials, clock, signal })
  }

  async files(name: string, options: { readonly indexes?: readonly string[] } = {}): Promise<readonly IndexFile[]> {
    const { configuration } = this.#options
    const project = normalizeName(name)
    const linked = (await Promise.all(configuration.findLinks.map((place) => this.#linked(place, project)))).flat()
    const indexes = configuration.noIndex ? [] : (options.indexes ?? this.#indexes.map(({ url }) => url))
    const found: IndexFile[] = [...linked]
    let isKnown = linked.length > 0
    for (const index of indexes) {
      const files = await this.#project(index, project)
      if (!files) continue
      isKnown = true
      found.push(...files)
      if (configuration.strategy === 'first-index') break
    }
    if (!isKnown)
      throw projectNotFound({ name: project, indexes: [...configuration.findLinks, ...indexes].map(redactUrl) })
    return [
      ...new Map(
        found.toReversed().map((file) => [`${file.filename} ${file.hashes['sha256'] ?? file.url}`, file]),
      ).values(),
    ].toReversed()
  }

  async metadata(file: ProjectFile): Promise<string | undefined> {
    if (file.metadata === undefined || !/^https?:/.test(file.url)) return undefined
    this.#refuseOffline(`the metadata of \`${file.filename}\``, file.url)
    const answer = await this.#http.get(`${file.url}.metadata`)
    if (answer.status === 200) return answer.body.text()
    await answer.body.dump()
    return undefined
  }

  download(file: DownloadableFile, options: DownloadOptions = {}): AsyncIterable<Uint8Array> {
    if (/^https?:/.test(file.url)) this.#refuseOffline(`\`${file.filename}\``, file.url)
    return download(this.#http, file, options)
  }

  rememberCredentials(url: string): void {
    const split = splitCredentials(url)
    if (split.credentials) this.#credentials.add(split.url, split.credentials)
  }

  async text(url: string): Promise<string> {
    this.#refuseOffline('a file', url)
    const answer = await this.#http.get(url)
    if (answer.status === 200) return answer.body.text()
    await answer.body.dump()
    throw projectNotFound({ name: redactUrl(url), indexes: [] })
  }

  async close(): Promise<void> {
    await this.#http.close()
  }

  #refuseOffline(what: string, url: string): void {
    if (this.#options.offline) throw networkForbidden({ what, url: redactUrl(url) })
  }

  /** One index is asked once for one project. */
  #project(index: string, project: string): Promise<readonly IndexFile[] | undefined> {
    const url = `${index.endsWith('/') ? index : `${index}/`}${project}/`
    let asked = this.#asked.get(url)
    if (!asked) {
      asked = this.#ask(url, redactUrl(index), project)
      this.#asked.set(url, asked)
      // A failure is not remembered: the next question may be answered.
      asked.catch(() => this.#asked.delete(url))
    }
    return asked
  }

  async #ask(url: string, index: string, project: string): Promise<readonly IndexFile[] | undefined> {
    if (url.startsWith('file:'))
      return findLinkedFiles(`${url}index.html`, project).then(
        (files) => files.map((file) => ({ ...file, index })),
        () => undefined,
      )
    const page = await this.#page(url, project)
    return (
      page &&
      parseProjectPage(page.body, page.contentType, redactedBase(page.url)).files.map((file) => ({ ...file, index }))
    )
  }

  async #page(url: string, project: string): Promise<StoredPage | undefined> {
    const { pages, offline } = this.#options
    const key = splitCredentials(url).url
    const kept = await this.#kept(key)
    if (offline) {
      if (kept) return kept
      if (!pages || this.#indexes.length > 0)
        throw networkForbidden({ what: `what versions \`${project}\` has`, url: redactUrl(url) })
    }
    const answer = await this.#http.get(url, {
      accept: simpleIndexAccept,
      'accept-encoding': 'gzip',
      ...(kept?.etag ? { 'if-none-match': kept.etag } : {}),
    })
    if (answer.status === 304 && kept) {
      await answer.body.dump()
      return kept
    }
    if (answer.status !== 200) {
      await answer.body.dump()
      return undefined
    }
    const page = await readPage(answer)
    await pages?.write(key, JSON.stringify(page)).catch(() => undefined)
    return page
  }

  async #kept(key: string): Promise<StoredPage | undefined> {
    const bytes = await this.#options.pages?.read(key).catch(() => undefined)
    if (!bytes) return undefined
    try {
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredPage
    } catch {
      return undefined
    }
  }

  async #linked(place: string, project: string): Promise<readonly IndexFile[]> {
    if (!/^https?:/.test(place))
      return findLinkedFiles(place, project).then((files) => files.map((file) => ({ ...file, index: place })))
    const page = await this.#page(place, project)
    const index = redactUrl(place)
    const files = page ? parseProjectPage(page.body, page.contentType, redactedBase(page.url)).files : []
    return files.filter((file) => belongsTo(file.filename, project)).map((file) => ({ ...file, index }))
  }
}

function belongsTo(filename: string, project: string): boolean {
  return normalizeName(filename).startsWith(`${project}-`)
}

async function readPage(answer: HttpAnswer): Promise<StoredPage> {
  const type = answer.headers['content-type']
  const etag = answer.headers['etag']
  const page = {
    url: answer.url,
    contentType: (Array.isArray(type) ? type[0] : type) ?? 'text/html',
    etag: Array.isArray(etag) ? etag[0] : etag,
    body: await readText(answer),
  }
  if (/html/i.test(page.contentType)) {
    const problem = strangePage(page.body)
    if (problem !== undefined) throw invalidIndexPage({ url: redactUrl(page.url), problem })
  }
  return page
}

/** A page that is none of an index: of a proxy, a portal, a parked domain. Pages of an index say so even when they list nothing. */
function strangePage(body: string): string | undefined {
  if (/<input\b[^>]{0,500}\btype\s*=\s*["']?password/i.test(body)) return 'it is a login page'
  const isOfAnIndex = /<a\b/i.test(body) || /repository-version|links for|simple index/i.test(body)
  return isOfAnIndex ? undefined : 'it is a web page without a single link'
}

/** No page of an index is larger, and a small answer that unpacks to more is no page. */
const largestPageBytes = 256 * 1024 * 1024

/** Pages of large projects are megabytes of JSON, a tenth of it on the wire. Only what is asked for is unpacked. */
async function readText(answer: HttpAnswer): Promise<string> {
  if (answer.headers['content-encoding'] !== 'gzip') return answer.body.text()
  const chunks: Buffer[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  try {
    return gunzipSync(Buffer.concat(chunks), { maxOutputLength: largestPageBytes }).toString('utf8')
  } catch (error) {
    throw invalidIndexPage(
      { url: redactUrl(answer.url), problem: 'it says that it is gzip and is not, or is too large' },
      { cause: error },
    )
  }
}

/** Relative links are resolved against the page's address with its query, and without credentials. */
function redactedBase(url: string): string {
  return splitCredentials(url).url
}
