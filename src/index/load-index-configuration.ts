import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { invalidIndexConfiguration } from './errors.ts'
import { defaultIndexUrl, type ConfiguredIndex, type IndexConfiguration } from './index-configuration.ts'
import { parsePipConfiguration, pipConfigurationFiles } from './pip-configuration.ts'

export interface IndexConfigurationSource {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform?: NodeJS.Platform | undefined
  readonly home?: string | undefined
  /** What requirements files or a project's own settings say; stronger than the environment, as with pip. */
  readonly project?: ProjectIndexes | undefined
}

export interface ProjectIndexes {
  readonly indexUrl?: string | undefined
  readonly extraIndexUrls?: readonly string[] | undefined
  readonly findLinks?: readonly string[] | undefined
  readonly noIndex?: boolean | undefined
  readonly trustedHosts?: readonly string[] | undefined
  /** `[[tool.uv.index]]`: names under which `UV_INDEX_NAME_USERNAME` and `…_PASSWORD` are looked for. */
  readonly named?: readonly (ConfiguredIndex & { readonly isDefault?: boolean })[] | undefined
  /** Addresses with credentials of places that are asked only where a lock names them. */
  readonly lockedPlaces?: readonly string[] | undefined
}

/**
 * Reads which indexes to ask from what pip and uv are configured with: project settings, then `UV_*`, then `PIP_*`, then pip's files,
 * then the one that both take when nothing is said.
 */
export async function loadIndexConfiguration(source: IndexConfigurationSource): Promise<IndexConfiguration> {
  const { environment, project = {} } = source
  const home = source.home ?? homedir()
  const platform = source.platform ?? process.platform
  const pip = new Map<string, string>()
  for (const file of pipConfigurationFiles({ environment, platform, home })) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) for (const [key, value] of parsePipConfiguration(text)) pip.set(key, value)
  }
  const setting = (name: string): string | undefined =>
    environment[`PIP_${name.toUpperCase().replaceAll('-', '_')}`] || pip.get(name) || undefined
  const uv = (name: string): string | undefined => environment[`UV_${name}`] || undefined
  const named = project.named ?? []
  const main =
    project.indexUrl ??
    named.find((index) => index.isDefault)?.url ??
    uv('DEFAULT_INDEX') ??
    uv('INDEX_URL') ??
    setting('index-url') ??
    defaultIndexUrl
  const first = [...named.filter((index) => !index.isDefault), ...words(uv('INDEX')).map(namedIndex)]
  const extra = [
    ...(project.extraIndexUrls ?? []),
    ...words(uv('EXTRA_INDEX_URL')),
    ...words(setting('extra-index-url')),
  ]
  const usesUv = first.length > 0 || uv('DEFAULT_INDEX') !== undefined || uv('EXTRA_INDEX_URL') !== undefined
  const strategy = uv('INDEX_STRATEGY') ?? (usesUv ? 'first-index' : 'unsafe-best-match')
  // uv asks extra indexes before the main one; for pip they are one pool and the order decides nothing.
  const ordered = [...first, ...extra.map(namedIndex), namedIndex(main)]
  const indexes = ordered.map((index) => withNamedCredentials(checked(index), environment))
  return {
    indexes: uniqueBy(indexes, ({ url }) => url),
    lockedPlaces: project.lockedPlaces ?? [],
    findLinks: [
      ...(project.findLinks ?? []),
      ...(uv('FIND_LINKS')?.split(',') ?? []).map((place) => place.trim()).filter((place) => place !== ''),
      ...words(setting('find-links')),
    ].map((place) => expandHome(place, home)),
    noIndex: project.noIndex ?? (isTrue(uv('NO_INDEX')) || isTrue(setting('no-index'))),
    certificateFiles: [
      setting('cert') ??
        environment['REQUESTS_CA_BUNDLE'] ??
        environment['CURL_CA_BUNDLE'] ??
        environment['SSL_CERT_FILE'],
    ]
      .filter((file) => file !== undefined && file !== '')
      .map((file) => expandHome(file!, home)),
    clientCertificateFile: setting('client-cert') ?? environment['SSL_CLIENT_CERT'],
    proxy: setting('proxy'),
    trustedHosts: [...(project.trustedHosts ?? []), ...words(uv('INSECURE_HOST')), ...words(setting('trusted-host'))],
    netrcFile: environment['NETRC'] || join(home, platform === 'win32' ? '_netrc' : '.netrc'),
    timeoutSeconds: number(uv('HTTP_TIMEOUT') ?? setting('timeout') ?? setting('default-timeout'), 30),
    retries: number(uv('HTTP_RETRIES') ?? setting('retries'), 4),
    strategy: strategy === 'first-index' ? 'first-index' : 'all',
  }
}

/** `name=https://…`, or the URL alone. */
function namedIndex(text: string | ConfiguredIndex): ConfiguredIndex {
  if (typeof text !== 'string') return text
  const match = /^([A-Za-z0-9._-]+)=(.+)$/s.exec(text)
  return match && !text.slice(0, match.index + match[1]!.length).includes(':')
    ? { name: match[1]!, url: match[2]! }
    : { url: text }
}

function checked(index: ConfiguredIndex): ConfiguredIndex {
  const url = index.url.startsWith('/') ? `file://${index.url}` : index.url
  if (!URL.canParse(url) || !/^(?:https?|file):$/.test(new URL(url).protocol)) {
    throw invalidIndexConfiguration({
      where: 'The address of a package index',
      problem: `\`${url.replace(/\/\/[^/@]*@/g, '//')}\` is not an \`https:\`, \`http:\` or \`file:\` URL`,
    })
  }
  return { ...index, url: url.endsWith('/') ? url : `${url}/` }
}

/** `UV_INDEX_MY_NAME_USERNAME` and `…_PASSWORD` of an index named `my-name`. */
function withNamedCredentials(
  index: ConfiguredIndex,
  environment: IndexConfigurationSource['environment'],
): ConfiguredIndex {
  if (index.name === undefined) return index
  const prefix = `UV_INDEX_${index.name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
  const [username, password] = [environment[`${prefix}_USERNAME`], environment[`${prefix}_PASSWORD`]]
  if (username === undefined && password === undefined) return index
  const url = new URL(index.url)
  url.username = encodeURIComponent(username ?? '')
  url.password = encodeURIComponent(password ?? '')
  return { ...index, url: url.href }
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '')
}

function isTrue(text: string | undefined): boolean {
  return /^(?:1|true|yes|on|y|t)$/i.test(text ?? '')
}

function number(text: string | undefined, otherwise: number): number {
  const value = Number(text)
  return text !== undefined && Number.isFinite(value) && value >= 0 ? value : otherwise
}

function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path
}

function uniqueBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return [...new Map(items.map((item) => [key(item), item])).values()]
}
