/**
 * The head of a request that needs nothing of HTTP but its simplest form: HTTP/1.1, a length or no body, no header twice, no upgrade,
 * no expectation. What is not plain is no error: Node's own server then reads it, and judges it.
 */

export interface PlainHead {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  /** Names in lower case, values without the white space around them. */
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
  /** What it was read from, for the next one on the connection. */
  readonly lines: readonly string[]
}

/** Larger bodies take the way that can stream. */
const largestBody = 256 * 1024

const requestLine = /^(GET|POST|PUT|DELETE|PATCH) (\/[!-~]*) HTTP\/1\.1$/
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// Control characters end or hide things; Latin-1 is read as Node reads it.
// oxlint-disable-next-line no-control-regex
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const notPlain: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'proxy-connection',
])

/**
 * @param head the request line and the header lines, in Latin-1, without the empty line behind them
 * @param before the head before it on the same connection: clients say nearly the same each time, and only what differs is read anew
 * @returns `undefined` when it is not plain, whether or not it is right
 * @example parsePlainHead('GET /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1:4570')?.headers['host'] // '127.0.0.1:4570'
 */
export function parsePlainHead(head: string, before?: PlainHead): PlainHead | undefined {
  const lines = head.split('\r\n')
  return (before && parseLike(lines, before)) ?? parseLines(lines)
}

/** Reads a head whose lines have the names of those before it, in the same order; `undefined` when they have not. */
function parseLike(lines: readonly string[], before: PlainHead): PlainHead | undefined {
  if (lines.length !== before.lines.length || lines[0] !== before.lines[0]) return undefined
  let headers: Record<string, string> | undefined
  for (let place = 1; place < lines.length; place += 1) {
    const [field, known] = [lines[place]!, before.lines[place]!]
    if (field === known) continue
    const colon = known.indexOf(':')
    const value = field.slice(colon + 1)
    const name = known.slice(0, colon).toLowerCase()
    if (!field.startsWith(known.slice(0, colon + 1)) || !fieldValue.test(value)) return undefined
    if (name === 'content-length' || name === 'connection') return undefined
    headers ??= { ...before.headers }
    headers[name] = withoutMargins(value)
  }
  return {
    method: before.method,
    url: before.url,
    headers: headers ?? before.headers,
    bodyBytes: before.bodyBytes,
    lines,
  }
}

function parseLines(lines: readonly string[]): PlainHead | undefined {
  const line = requestLine.exec(lines[0]!)
  if (!line) return undefined
  const headers: Record<string, string> = {}
  let bodyBytes = 0
  for (let place = 1; place < lines.length; place += 1) {
    const field = lines[place]!
    const colon = field.indexOf(':')
    const sent = field.slice(0, Math.max(0, colon))
    const value = field.slice(colon + 1)
    if (!fieldName.test(sent) || !fieldValue.test(value)) return undefined
    const name = sent.toLowerCase()
    if (headers[name] !== undefined || name === '__proto__' || notPlain.has(name)) return undefined
    headers[name] = withoutMargins(value)
  }
  const { connection, 'content-length': length } = headers
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  if (length !== undefined) {
    if (!/^\d{1,6}$/.test(length)) return undefined
    bodyBytes = Number(length)
    if (bodyBytes > largestBody) return undefined
  }
  if (headers['host'] === undefined) return undefined
  return { method: line[1]!, url: line[2]!, headers, bodyBytes, lines }
}

function withoutMargins(value: string): string {
  let from = 0
  let to = value.length
  while (from < to && isBlank(value.charCodeAt(from))) from += 1
  while (to > from && isBlank(value.charCodeAt(to - 1))) to -= 1
  return value.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
