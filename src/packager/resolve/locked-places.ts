import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ProjectIndexes } from '../../index/load-index-configuration.ts'
import { readToml, type DocumentNode } from '../../pypa/document.ts'
import type { Lock } from '../../pypa/locked-distribution.ts'
import type { Pyproject } from '../../pypa/pyproject.ts'
import { lockedIndexes } from './declarations.ts'
import type { Variables } from './scrubbed-environment.ts'

/**
 * Where the files of a lock may lie, as the tool that wrote it is configured: its own tables in `pyproject.toml`, its own credentials.
 * Nothing of this is printed or kept.
 */
export async function placesOf(lock: Lock, root: Pyproject | undefined, variables: Variables): Promise<ProjectIndexes> {
  switch (lock.kind) {
    case 'poetry':
      return { lockedPlaces: await poetrySources(root, variables) }
    case 'pdm':
      return pdmSources(root, variables)
    case 'pipfile':
      return { lockedPlaces: await pipfileSources(lock.file, variables) }
    default:
      return lockedIndexes(root?.tool.at('uv').value)
  }
}

/** `[[tool.poetry.source]]` with `POETRY_HTTP_BASIC_NAME_USERNAME` and `…_PASSWORD`, else what `poetry config http-basic.name` keeps. */
async function poetrySources(root: Pyproject | undefined, variables: Variables): Promise<readonly string[]> {
  const sources = root?.tool.at('poetry').at('source').items() ?? []
  if (sources.length === 0) return []
  const home = variables['HOME'] ?? homedir()
  const folder =
    variables['POETRY_CONFIG_DIR'] ?? join(variables['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'pypoetry')
  const kept = await readFile(join(folder, 'auth.toml'), 'utf8')
    .then((text) => readToml(text, 'auth.toml').at('http-basic'))
    .catch(() => undefined)
  return sources.flatMap((source) => {
    const [name, url] = [source.at('name').optionalString(), source.at('url').optionalString()]
    if (name === undefined || url === undefined) return []
    const prefix = `POETRY_HTTP_BASIC_${name.toUpperCase().replace(/[.-]/g, '_')}`
    const username = variables[`${prefix}_USERNAME`] ?? kept?.at(name).at('username').optionalString()
    const password = variables[`${prefix}_PASSWORD`] ?? kept?.at(name).at('password').optionalString()
    return withCredentials(url, username, password)
  })
}

/** `[[tool.pdm.source]]`: pdm.lock names no index, so they are asked; the one named `pypi` stands for the public one. */
function pdmSources(root: Pyproject | undefined, variables: Variables): ProjectIndexes {
  const sources = (root?.tool.at('pdm').at('source').items() ?? []).flatMap((source) => {
    const url = source.at('url').optionalString()
    if (url === undefined) return []
    const text = (key: string): string | undefined => expanded(source.at(key).optionalString(), variables)
    const [place] = withCredentials(expanded(url, variables)!, text('username'), text('password'))
    return place === undefined ? [] : [{ place, name: source.at('name').optionalString(), isFolder: isFindLinks(source) }] // prettier-ignore
  })
  const indexes = sources.filter(({ isFolder }) => !isFolder)
  return {
    indexUrl: indexes.find(({ name }) => name === 'pypi')?.place,
    extraIndexUrls: indexes.filter(({ name }) => name !== 'pypi').map(({ place }) => place),
    findLinks: sources.filter(({ isFolder }) => isFolder).map(({ place }) => place),
  }
}

function isFindLinks(source: DocumentNode): boolean {
  return source.at('type').optionalString() === 'find_links'
}

/** `_meta.sources` of a Pipfile.lock, where pipenv keeps `https://${USER}:${PASSWORD}@host` as it is written and puts the values in when it asks. */
async function pipfileSources(file: string, variables: Variables): Promise<readonly string[]> {
  const document = JSON.parse(await readFile(file, 'utf8')) as {
    readonly _meta?: { readonly sources?: readonly { readonly url?: unknown }[] }
  }
  return (document._meta?.sources ?? []).flatMap(({ url }) => {
    const place = typeof url === 'string' ? expanded(url, variables) : undefined
    return place !== undefined && URL.canParse(place) ? [place] : []
  })
}

function withCredentials(text: string, username: string | undefined, password: string | undefined): readonly string[] {
  if (!URL.canParse(text)) return []
  const url = new URL(text)
  if (username !== undefined) url.username = encodeURIComponent(username)
  if (password !== undefined) url.password = encodeURIComponent(password)
  return [url.href]
}

/** `$NAME` and `${NAME}`, left as they are where there is no such variable. */
function expanded(text: string | undefined, variables: Variables): string | undefined {
  return text?.replace(/\$(?:(\w+)|\{(\w+)\})/g, (whole, a?: string, b?: string) => variables[(a ?? b)!] ?? whole)
}
