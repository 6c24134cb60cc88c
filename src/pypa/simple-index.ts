import { defineError } from '../base/errors.ts'
import { parseSpecifierSet, type SpecifierSet } from './specifier.ts'

/** A file of a project as an index page lists it. */
export interface ProjectFile {
  readonly filename: string
  /** Absolute, without the digest fragment. May hold credentials only if the page's own URL did. */
  readonly url: string
  /** Lower-case hexadecimal, by algorithm. */
  readonly hashes: Readonly<Record<string, string>>
  readonly sizeBytes?: number | undefined
  readonly requiresPython?: SpecifierSet | undefined
  /** Withdrawn, with the reason if one was given (PEP 592). */
  readonly yanked: boolean | string
  /** The wheel's METADATA lies at `url` + `.metadata` (PEP 658, 714): its digests, or `true` when none are given. */
  readonly metadata?: Readonly<Record<string, string>> | true | undefined
  /** ISO 8601. */
  readonly uploadTime?: string | undefined
}

/** A project's page. */
export interface ProjectPage {
  readonly files: readonly ProjectFile[]
  /** `1.0`, `1.1` … of the simple API. */
  readonly apiVersion: string
}

/** What to send as `Accept`: JSON first, HTML for old indexes (PEP 691). */
export const simpleIndexAccept =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01'

export const invalidIndexPage = defineError('ZY0219', 'refused', (p: { url: string; problem: string }) => ({
  message: `The index page \`${p.url}\` cannot be read: ${p.problem}`,
  hint: 'Check that the address is that of a simple index (it usually ends in `/simple/`)',
}))

/**
 * Reads a project's page, JSON (PEP 691, 700) or HTML (PEP 503), by its content type.
 * @param url the page's own address after redirects, without credentials: relative links and messages are built on it
 */
export function parseProjectPage(body: string, contentType: string, url: string): ProjectPage {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type.endsWith('+json') || type === 'application/json') return parseJsonPage(body, url)
  return parseHtmlPage(body, url)
}

function parseJsonPage(body: string, url: string): ProjectPage {
  let page: unknown
  try {
    page = JSON.parse(body)
  } catch (error) {
    throw invalidIndexPage({ url, problem: 'it says that it is JSON and is not' }, { cause: error })
  }
  const { meta, files } = (page ?? {}) as { meta?: { 'api-version'?: unknown }; files?: unknown }
  const apiVersion = typeof meta?.['api-version'] === 'string' ? meta['api-version'] : '1.0'
  refuseNewMajor(apiVersion, url)
  if (!Array.isArray(files)) throw invalidIndexPage({ url, problem: 'it has no list of `files`' })
  return { apiVersion, files: files.flatMap((file) => readJsonFile(file as Record<string, unknown>, url)) }
}

function readJsonFile(file: Record<string, unknown> | null, pageUrl: string): ProjectFile[] {
  if (file === null || typeof file !== 'object') return []
  const { filename, url, size, yanked } = file
  if (typeof filename !== 'string' || typeof url !== 'string') return []
  const absolute = resolveUrl(url, pageUrl)
  if (absolute === undefined) return []
  const metadata = file['core-metadata'] ?? file['dist-info-metadata']
  return [
    {
      filename,
      url: absolute.url,
      hashes: readHashes(file['hashes']),
      sizeBytes: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
      requiresPython: readRequiresPython(file['requires-python']),
      yanked: typeof yanked === 'string' && yanked !== '' ? yanked : yanked === true,
      metadata: metadata === true ? true : metadata ? readHashes(metadata) : undefined,
      uploadTime: typeof file['upload-time'] === 'string' ? file['upload-time'] : undefined,
    },
  ]
}

/** Anchors of an HTML page. Indexes write plain lists; a tag scanner reads them all, without building a document. */
function parseHtmlPage(body: string, url: string): ProjectPage {
  let apiVersion = '1.0'
  let baseUrl = url
  let isPage = false
  const files: ProjectFile[] = []
  for (const { name, text } of tagsOf(body)) {
    isPage ||= pageTags.has(name)
    if (name !== 'a' && name !== 'base' && name !== 'meta') continue
    const attributes = readAttributes(text)
    if (name === 'a') files.push(...readAnchor(attributes, baseUrl))
    else if (name === 'base') baseUrl = resolveUrl(attributes['href'] ?? '', url)?.url ?? url
    else if (attributes['name'] === 'pypi:repository-version') apiVersion = attributes['content'] ?? apiVersion
  }
  if (!isPage) throw invalidIndexPage({ url, problem: 'it is neither JSON nor HTML' })
  refuseNewMajor(apiVersion, url)
  return { apiVersion, files }
}

/** One of these makes a text a web page. */
const pageTags: ReadonlySet<string> = new Set(['!doctype', 'html', 'head', 'title', 'body', 'a'])

function readAnchor(attributes: Readonly<Record<string, string>>, baseUrl: string): ProjectFile[] {
  const link = resolveUrl(attributes['href'] ?? '', baseUrl)
  if (!link) return []
  const filename = decodeURIComponentSafely(new URL(link.url).pathname.split('/').at(-1) ?? '')
  if (filename === '') return []
  const metadata = attributes['data-core-metadata'] ?? attributes['data-dist-info-metadata']
  return [
    {
      filename,
      url: link.url,
      hashes: link.hashes,
      requiresPython: readRequiresPython(attributes['data-requires-python']),
      yanked: 'data-yanked' in attributes ? attributes['data-yanked'] || true : false,
      metadata: metadata === undefined || metadata === 'false' ? undefined : readFragment(metadata),
    },
  ]
}

/** Every tag once, in one pass over the text: what is not closed ends it, so that no page costs more than its length. */
function* tagsOf(body: string): Generator<{ readonly name: string; readonly text: string }> {
  for (let at = body.indexOf('<'); at >= 0; at = body.indexOf('<', at)) {
    if (body.startsWith('<!--', at)) {
      const end = body.indexOf('-->', at + 4)
      if (end < 0) return
      at = end + 3
      continue
    }
    const name = /[!/]?[a-z][a-z0-9]*/iy
    name.lastIndex = at + 1
    const found = name.exec(body)
    if (!found) {
      at += 1
      continue
    }
    const end = endOfTag(body, name.lastIndex)
    if (end < 0) return
    yield { name: found[0].toLowerCase(), text: body.slice(name.lastIndex, end) }
    at = end + 1
  }
}

/** Where the `>` of a tag stands; those in quoted values do not count. */
function endOfTag(body: string, from: number): number {
  for (let at = from; at < body.length; at += 1) {
    const character = body[at]!
    if (character === '>') return at
    if (character !== '"' && character !== "'") continue
    at = body.indexOf(character, at + 1)
    if (at < 0) return -1
  }
  return -1
}

function readAttributes(tag: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const match of tag.replace(/\/$/, '').matchAll(/([^\s=>"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/g)) {
    attributes[match[1]!.toLowerCase()] ??= unescapeHtml(match[2] ?? match[3] ?? match[4] ?? '')
  }
  return attributes
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(hexadecimal as string, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

function resolveUrl(href: string, base: string): { url: string; hashes: Record<string, string> } | undefined {
  try {
    const url = new URL(href.trim(), base)
    if (!['http:', 'https:', 'file:'].includes(url.protocol)) return undefined
    const hash = readFragment(decodeURIComponentSafely(url.hash.slice(1)))
    url.hash = ''
    return { url: url.href, hashes: hash === true ? {} : hash }
  } catch {
    return undefined
  }
}

function readFragment(text: string): Record<string, string> | true {
  const match = /(?:^|&)(md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-f]+)/i.exec(text)
  return match ? { [match[1]!.toLowerCase()]: match[2]!.toLowerCase() } : true
}

function readHashes(hashes: unknown): Record<string, string> {
  if (hashes === null || typeof hashes !== 'object') return {}
  return Object.fromEntries(
    Object.entries(hashes)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string' && /^[0-9a-f]+$/i.test(entry[1]))
      .map(([algorithm, digest]) => [algorithm.toLowerCase(), digest.toLowerCase()]),
  )
}

/** A `Requires-Python` that cannot be read says nothing, as for pip. */
function readRequiresPython(text: unknown): SpecifierSet | undefined {
  if (typeof text !== 'string' || text.trim() === '') return undefined
  try {
    return parseSpecifierSet(text)
  } catch {
    return undefined
  }
}

function refuseNewMajor(apiVersion: string, url: string): void {
  if (Number.parseInt(apiVersion, 10) > 1)
    throw invalidIndexPage({ url, problem: `its version \`${apiVersion}\` is newer than \`1.x\`` })
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
