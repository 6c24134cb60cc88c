import { fileURLToPath } from 'node:url'
import { isAbsolute, resolve } from 'node:path'

/** Where a distribution comes from when no index is asked: an archive, a folder, or a repository. */
export type DirectReference =
  | {
      readonly kind: 'archive'
      /** `http:` or `https:`, without fragment; else `path`. */
      readonly url?: string | undefined
      readonly path?: string | undefined
      readonly filename: string
      readonly hashes: Readonly<Record<string, string>>
      readonly subdirectory?: string | undefined
    }
  | { readonly kind: 'directory'; readonly path: string; readonly subdirectory?: string | undefined }
  | {
      readonly kind: 'vcs'
      readonly vcs: 'git' | 'hg' | 'bzr' | 'svn'
      readonly url: string
      readonly revision?: string | undefined
      readonly subdirectory?: string | undefined
    }

const archiveEnding = /\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma|Z))$/i

/** Whether a name is that of an archive that Python's installers take. */
export function isArchiveName(name: string): boolean {
  return archiveEnding.test(name)
}

/** Whether text is a URL and not the name of a distribution or a path. */
export function isUrl(text: string): boolean {
  return /^(?:https?|file|ftp|(?:git|hg|bzr|svn)(?:\+[a-z]+)?):/i.test(text)
}

/**
 * Reads a URL or a path as pip does. A folder is told from an archive by its ending alone, so that nothing is asked of the disk.
 * @param folder what relative paths are relative to
 */
export function parseDirectReference(text: string, folder: string): DirectReference | undefined {
  const vcs = /^(git|hg|bzr|svn)\+(.+)$/is.exec(text)
  if (vcs) return parseVcs(vcs[1]!.toLowerCase() as 'git', vcs[2]!)
  const hash = text.indexOf('#')
  const [place, fragment] = hash < 0 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)]
  const parameters = readFragment(fragment)
  if (/^https?:/i.test(place)) {
    let url: URL
    try {
      url = new URL(place)
    } catch {
      return undefined
    }
    const filename = safelyDecoded(url.pathname.split('/').at(-1) ?? '')
    return {
      kind: 'archive',
      url: url.href,
      filename,
      hashes: parameters.hashes,
      subdirectory: parameters.subdirectory,
    }
  }
  const path = pathOf(place, folder)
  if (path === undefined) return undefined
  return isArchiveName(path)
    ? {
        kind: 'archive',
        path,
        filename: path.split(/[\\/]/).at(-1)!,
        hashes: parameters.hashes,
        subdirectory: parameters.subdirectory,
      }
    : { kind: 'directory', path, subdirectory: parameters.subdirectory }
}

/** `#egg=name[extra]`, the old way of saying which distribution a URL holds. */
export function eggOf(text: string): { readonly name: string; readonly extras: readonly string[] } | undefined {
  const match = /[#&]egg=([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?/.exec(safelyDecoded(text))
  if (!match) return undefined
  return {
    name: match[1]!,
    extras: (match[2] ?? '')
      .split(',')
      .map((extra) => extra.trim())
      .filter((extra) => extra !== ''),
  }
}

/** `scheme://host/path@revision#subdirectory=…`: the `@` counts only in the path, since users stand before one in the host. */
function parseVcs(vcs: 'git' | 'hg' | 'bzr' | 'svn', rest: string): DirectReference | undefined {
  const hash = rest.indexOf('#')
  const place = hash < 0 ? rest : rest.slice(0, hash)
  const { subdirectory } = readFragment(hash < 0 ? '' : rest.slice(hash + 1))
  const scheme = /^[a-z+]+:\/\//i.exec(place)
  if (!scheme) return undefined
  const pathStart = place.indexOf('/', scheme[0].length)
  const at = place.lastIndexOf('@')
  const hasRevision = pathStart >= 0 && at > pathStart
  const revision = hasRevision ? place.slice(at + 1) : undefined
  return {
    kind: 'vcs',
    vcs,
    url: hasRevision ? place.slice(0, at) : place,
    revision: revision || undefined,
    subdirectory,
  }
}

function pathOf(place: string, folder: string): string | undefined {
  if (/^file:/i.test(place)) {
    // `file:./relative` and `file:relative`, which pip takes though they are no URLs in the strict sense.
    const relative = /^file:(?!\/)(.+)$/is.exec(place)
    if (relative) return resolve(folder, safelyDecoded(relative[1]!))
    try {
      return fileURLToPath(place)
    } catch {
      return undefined
    }
  }
  if (place === '' || /^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return undefined
  return isAbsolute(place) ? place : resolve(folder, place)
}

function readFragment(fragment: string): { hashes: Record<string, string>; subdirectory?: string | undefined } {
  const hashes: Record<string, string> = {}
  let subdirectory: string | undefined
  for (const part of fragment.split('&')) {
    const [key, ...rest] = part.split('=')
    const value = safelyDecoded(rest.join('='))
    if (/^(?:md5|sha1|sha224|sha256|sha384|sha512)$/.test(key!) && /^[0-9a-f]+$/i.test(value))
      hashes[key!] = value.toLowerCase()
    if (key === 'subdirectory' && value !== '') subdirectory = value
  }
  return { hashes, subdirectory }
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
