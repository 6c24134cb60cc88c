import { parseNetrc, type NetrcEntry } from './netrc.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** A URL fit to be shown and kept: no user, password, query or fragment. Takes text that is no URL as it is, user parts removed. */
export function redactUrl(text: string): string {
  try {
    const url = new URL(text)
    url.username = ''
    url.password = ''
    url.search = ''
    url.hash = ''
    return url.href
  } catch {
    return text.replace(/\/\/[^/@\s]*@/g, '//').replace(/[?#].*$/s, '')
  }
}

/** Takes user and password off a URL. */
export function splitCredentials(text: string): {
  readonly url: string
  readonly credentials?: Credentials | undefined
} {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return { url: text }
  const credentials = { username: decode(url.username), password: decode(url.password) }
  url.username = ''
  url.password = ''
  return { url: url.href, credentials }
}

/** `Authorization: Basic …` */
export function basicAuthorization(credentials: Credentials): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
}

/**
 * Who to be at which address. In this order: what the URL says; what an index at the same origin was configured with (files usually lie
 * beside their index), the longest common path first; netrc. Credentials never go to another origin.
 */
export class CredentialStore {
  readonly #configured: { readonly origin: string; readonly path: string; readonly credentials: Credentials }[] = []
  readonly #netrc: readonly NetrcEntry[]

  constructor(netrc: string | undefined) {
    this.#netrc = netrc === undefined ? [] : parseNetrc(netrc)
  }

  add(url: string, credentials: Credentials): void {
    const { origin, pathname } = new URL(url)
    this.#configured.push({ origin, path: pathname, credentials })
  }

  find(url: string): Credentials | undefined {
    const { origin, pathname, hostname } = new URL(url)
    const best = this.#configured
      .filter((entry) => entry.origin === origin)
      .sort((a, b) => commonLength(b.path, pathname) - commonLength(a.path, pathname))[0]
    if (best) return best.credentials
    const entry =
      this.#netrc.find(({ machine }) => machine === hostname) ??
      this.#netrc.find(({ machine }) => machine === undefined)
    return entry && { username: entry.login, password: entry.password }
  }
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
