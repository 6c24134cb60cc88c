import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Dispatcher } from 'undici'
import { ZipyardError } from '../base/errors.ts'
import { sleep, systemClock, type Clock } from '../base/clock.ts'
import { basicAuthorization, redactUrl, splitCredentials, type CredentialStore } from './credentials.ts'
import {
  certificateUnreadable,
  indexFailed,
  indexRateLimited,
  indexUnauthorized,
  indexUnreachable,
  invalidAddress,
  type ConnectionProblem,
} from './errors.ts'
import type { IndexConfiguration } from './index-configuration.ts'

export interface HttpOptions {
  readonly configuration: IndexConfiguration
  /** For the proxy variables and `NODE_EXTRA_CA_CERTS`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly credentials: CredentialStore
  readonly clock?: Clock | undefined
  /** Ends every request and every pause. */
  readonly signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** After redirects, without credentials. */
  readonly url: string
  readonly body: AsyncIterable<Buffer> & { text(): Promise<string>; dump(): Promise<void> }
}

/** GET with redirects, credentials, proxies, certificates and repetition. undici is loaded when the first request goes out. */
export class Http {
  readonly #options: HttpOptions
  readonly #clock: Clock
  #dispatcher: Promise<{ undici: typeof import('undici'); agent: Dispatcher }> | undefined

  constructor(options: HttpOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  get retries(): number {
    return this.#options.configuration.retries
  }

  /**
   * Answers with status 200, 206, 304, 404 or 416; everything else is one of the errors. Faults that pass (429, 5xx, broken
   * connections) are tried again after a growing pause, or after what `Retry-After` says.
   */
  async get(
    url: string,
    headers: Readonly<Record<string, string>> = {},
    signal = this.#options.signal,
  ): Promise<HttpAnswer> {
    if (!/^https?:/i.test(url) || !URL.canParse(url)) throw invalidAddress({ text: redactUrl(url) })
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt > this.retries
      let answer: HttpAnswer & { readonly hadCredentials: boolean }
      try {
        answer = await this.#follow(url, headers, signal)
      } catch (error) {
        if (signal?.aborted) throw error
        const failure = connectionFailure(error, url)
        if (isLast || !isPassing(failure)) throw failure
        await this.pause(attempt)
        continue
      }
      const { status } = answer
      if ([200, 206, 304, 404, 410, 416].includes(status)) return answer
      await answer.body.dump().catch(() => undefined)
      const shown = redactUrl(answer.url)
      if (status === 401 || status === 403)
        throw indexUnauthorized({ url: shown, status, hadCredentials: answer.hadCredentials })
      if (status !== 429 && status !== 408 && status < 500) throw indexFailed({ url: shown, status, attempts: attempt })
      if (isLast)
        throw status === 429
          ? indexRateLimited({ url: shown, attempts: attempt })
          : indexFailed({ url: shown, status, attempts: attempt })
      await this.pause(attempt, retryAfterMs(answer.headers['retry-after'], this.#clock))
    }
  }

  /** 0.25 s, 0.5 s, 1 s … at most 8 s; what the server asks for, up to a minute, goes first. */
  async pause(attempt: number, askedMs?: number): Promise<void> {
    const ms = askedMs === undefined ? Math.min(250 * 2 ** (attempt - 1), 8_000) : Math.min(askedMs, 60_000)
    const { signal } = this.#options
    if (!signal) return sleep(this.#clock, ms)
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const timer = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', end)
        resolve()
      })
      const end = (): void => {
        timer.cancel()
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', end, { once: true })
    })
  }

  async close(): Promise<void> {
    if (!this.#dispatcher) return
    const opened = await this.#dispatcher.catch(() => undefined)
    this.#dispatcher = undefined
    await opened?.agent.destroy()
  }

  async #follow(
    start: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer & { readonly hadCredentials: boolean }> {
    this.#dispatcher ??= this.#connect()
    const { undici, agent } = await this.#dispatcher
    let { url, credentials } = splitCredentials(start)
    for (let redirects = 0; ; redirects += 1) {
      const identity = credentials ?? this.#options.credentials.find(url)
      const response = await undici.request(url, {
        dispatcher: agent,
        signal: signal ?? null,
        headers: {
          'user-agent': 'zipyard',
          'accept-encoding': 'identity',
          ...headers,
          ...(identity ? { authorization: basicAuthorization(identity) } : {}),
        },
      })
      const location = response.headers['location']
      if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string' || redirects >= 10) {
        return {
          status: response.statusCode,
          headers: response.headers,
          url,
          body: response.body,
          hadCredentials: identity !== undefined,
        }
      }
      await response.body.dump()
      const next = splitCredentials(new URL(location, url).href)
      // What was meant for one origin goes to no other.
      credentials = next.credentials ?? (new URL(next.url).origin === new URL(url).origin ? credentials : undefined)
      url = next.url
    }
  }

  async #connect(): Promise<{ undici: typeof import('undici'); agent: Dispatcher }> {
    const undici = await import('undici')
    const { configuration, environment } = this.#options
    const milliseconds = configuration.timeoutSeconds * 1000
    const secureContext = certificates(configuration, environment)
    const timeouts = { headersTimeout: milliseconds, bodyTimeout: milliseconds, connectTimeout: milliseconds }
    const tls = { ...(secureContext ? { secureContext } : {}), timeout: milliseconds }
    const trusted = new Set(configuration.trustedHosts.map((host) => host.toLowerCase()))
    const variable = (name: string): string | undefined =>
      environment[name.toLowerCase()] || environment[name.toUpperCase()] || undefined
    const all = configuration.proxy ?? variable('ALL_PROXY')
    const trustedTls = { ...tls, rejectUnauthorized: false }
    const agentFor = (isTrusted: boolean): Dispatcher =>
      new undici.EnvHttpProxyAgent({
        ...timeouts,
        connections: 8,
        connect: isTrusted ? trustedTls : tls,
        requestTls: isTrusted ? trustedTls : tls,
        proxyTls: tls,
        httpProxy: configuration.proxy ?? variable('HTTP_PROXY') ?? all ?? '',
        httpsProxy: configuration.proxy ?? variable('HTTPS_PROXY') ?? all ?? '',
        noProxy: variable('NO_PROXY') ?? '',
      })
    const main = agentFor(false)
    if (trusted.size === 0) return { undici, agent: main }
    const lax = agentFor(true)
    return { undici, agent: new TrustingDispatcher(main, lax, trusted) as unknown as Dispatcher }
  }
}

/** Sends requests to hosts that a person trusts by name through an agent that does not check certificates. */
class TrustingDispatcher {
  readonly #main: Dispatcher
  readonly #lax: Dispatcher
  readonly #trusted: ReadonlySet<string>

  constructor(main: Dispatcher, lax: Dispatcher, trusted: ReadonlySet<string>) {
    this.#main = main
    this.#lax = lax
    this.#trusted = trusted
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { host, hostname } = new URL(String(options.origin))
    const isTrusted = this.#trusted.has(host.toLowerCase()) || this.#trusted.has(hostname.toLowerCase())
    return (isTrusted ? this.#lax : this.#main).dispatch(options, handler)
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#main.destroy(), this.#lax.destroy()])
  }
}

/**
 * The certificates that are trusted, as a context made once: a bundle has 140 of them, and reading it for every connection costs more
 * than the connection. `undefined` leaves it to Node, which then also reads `NODE_EXTRA_CA_CERTS` itself.
 */
function certificates(
  configuration: IndexConfiguration,
  environment: HttpOptions['environment'],
): ReturnType<typeof createSecureContext> | undefined {
  const client =
    configuration.clientCertificateFile === undefined ? undefined : readCertificate(configuration.clientCertificateFile)
  const files = configuration.certificateFiles.map(readCertificate)
  if (files.length === 0 && client === undefined) return undefined
  const extra = environment['NODE_EXTRA_CA_CERTS']
  if (files.length > 0 && extra && !configuration.certificateFiles.includes(extra)) {
    try {
      files.push(readFileSync(extra, 'utf8'))
    } catch {
      // Node itself only warns about it.
    }
  }
  return createSecureContext({
    ...(files.length > 0 ? { ca: files } : {}),
    ...(client === undefined ? {} : { cert: client, key: client }),
  })
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw certificateUnreadable({ file }, { cause: error })
  }
}

function retryAfterMs(header: string | string[] | undefined, clock: Clock): number | undefined {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined) return undefined
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now())
}

/** Errors of the socket, of TLS and of undici, by what a person can do about them. */
export function connectionFailure(error: unknown, url: string): Error {
  if (error instanceof ZipyardError) return error
  const codes: string[] = []
  for (
    let current = error as { code?: unknown; cause?: unknown } | undefined, depth = 0;
    current && depth < 5;
    depth += 1
  ) {
    if (typeof current.code === 'string') codes.push(current.code)
    const { errors } = current as { errors?: { code?: unknown }[] }
    if (Array.isArray(errors) && typeof errors[0]?.code === 'string') codes.push(errors[0].code)
    current = current.cause as typeof current
  }
  if (codes.length === 0) return error instanceof Error ? error : new Error(String(error))
  const code = codes.at(-1)!
  return indexUnreachable({ url: redactUrl(url), problem: problemOf(code, error), code }, { cause: error })
}

function problemOf(code: string, error: unknown): ConnectionProblem {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') return 'name'
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'refused'
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|DEPTH_ZERO/.test(code)) return 'certificate'
  if (code === 'ETIMEDOUT' || /TIMEOUT/.test(code)) return 'timeout'
  return error instanceof Error && /[Pp]roxy/.test(error.message) ? 'proxy' : 'broken'
}

/** A name that does not exist and a certificate that is not trusted will not be otherwise in a second. */
function isPassing(error: Error): boolean {
  if (!indexUnreachable.is(error)) return false
  const { problem, code } = error.details
  return code === 'EAI_AGAIN' || problem === 'refused' || problem === 'timeout' || problem === 'broken'
}
