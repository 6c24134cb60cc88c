import { normalizeName } from '../pypa/name.ts'
import { readHeaders } from '../pypa/headers.ts'
import { parseRecord } from '../pypa/record.ts'
import type { PackageDistribution } from './facts.ts'

/** A file as far as ownership is concerned. */
interface OwnableFile {
  readonly bytes: number
  readonly packedBytes: number
}

export interface FoundDistributions {
  readonly distributions: readonly PackageDistribution[]
  /** Path to the normalised name of its distribution; own files are absent. */
  readonly owners: ReadonlyMap<string, string>
  /** What their RECORDs name and is not there. */
  readonly absent: readonly string[]
  /** Some have no RECORD: which files are theirs was told from names. */
  readonly isGuessed: boolean
}

/**
 * Recovers the installed distributions of a tree from their `.dist-info` folders: files by RECORD where there is one, else by
 * `top_level.txt`, else by the distribution's name, which is how most of them are laid out.
 */
export function findDistributions(
  files: ReadonlyMap<string, OwnableFile>,
  readText: (path: string) => string | undefined,
): FoundDistributions {
  const owners = new Map<string, string>()
  const found: Omit<PackageDistribution, 'files' | 'bytes' | 'packedBytes'>[] = []
  let topNames: TopNames | undefined
  const absent: string[] = []
  let isGuessed = false
  const { metadataPaths, folders } = metadataOf(files)
  for (const path of metadataPaths) {
    const match = /^(.*\/)?([^/]+)\.dist-info\/METADATA$/.exec(path)
    if (!match) continue
    const root = match[1] ?? ''
    const folder = `${match[2]}.dist-info`
    const { headers } = readHeaders(headOf(readText(path) ?? ''))
    const all = (name: string): string[] =>
      headers.filter((header) => header.name === name).map((header) => header.value)
    const name = normalizeName(all('name')[0] ?? match[2]!.replace(/-[^-]*$/, ''))
    const wheel = readHeaders(headOf(readText(`${root}${folder}/WHEEL`) ?? '')).headers
    const tags = wheel.filter((header) => header.name === 'tag').map((header) => header.value)
    found.push({
      name,
      version: all('version')[0] ?? match[2]!.replace(/^.*-/, ''),
      folder: `${root}${folder}`,
      requires: all('requires-dist'),
      requiresPython: all('requires-python')[0],
      tags,
    })
    const recorded = recordedPaths(root, folder, readText)
    if (!recorded) isGuessed = true
    const owned = recorded ?? guessedPaths(root, folder, name, (topNames ??= topLevelNames(files)), readText)
    for (const one of owned)
      if (files.has(one)) owners.set(one, name)
      else absent.push(one)
    for (const one of folders.get(`${root}${folder}`) ?? []) owners.set(one, name)
  }
  const sums = sumsOf(files, owners)
  return {
    owners,
    absent,
    isGuessed,
    distributions: found.map((distribution) => ({
      ...distribution,
      ...(sums.get(distribution.name) ?? { files: 0, bytes: 0, packedBytes: 0 }),
    })),
  }
}

/** The headers without the body behind them, which is most of METADATA. */
function headOf(text: string): string {
  const end = text.indexOf('\n\n')
  return end < 0 ? text : text.slice(0, end)
}

function sumsOf(files: ReadonlyMap<string, OwnableFile>, owners: ReadonlyMap<string, string>) {
  const sums = new Map<string, { files: number; bytes: number; packedBytes: number }>()
  for (const [path, owner] of owners) {
    const file = files.get(path)!
    let sum = sums.get(owner)
    if (!sum) sums.set(owner, (sum = { files: 0, bytes: 0, packedBytes: 0 }))
    sum.files += 1
    sum.bytes += file.bytes
    sum.packedBytes += file.packedBytes
  }
  return sums
}

/** The METADATA files, and all paths by the `.dist-info` folder they lie in. */
function metadataOf(files: ReadonlyMap<string, unknown>): {
  readonly metadataPaths: readonly string[]
  readonly folders: ReadonlyMap<string, readonly string[]>
} {
  const metadataPaths: string[] = []
  const folders = new Map<string, string[]>()
  for (const path of files.keys()) {
    const end = path.indexOf('.dist-info/')
    if (end < 0) continue
    if (path.endsWith('.dist-info/METADATA')) metadataPaths.push(path)
    const folder = path.slice(0, end + '.dist-info'.length)
    const inside = folders.get(folder)
    if (inside) inside.push(path)
    else folders.set(folder, [path])
  }
  return { metadataPaths, folders }
}

function recordedPaths(
  root: string,
  folder: string,
  readText: (path: string) => string | undefined,
): string[] | undefined {
  const text = readText(`${root}${folder}/RECORD`)
  if (text === undefined) return undefined
  try {
    const paths = plainRows(text) ?? parseRecord(text).map((row) => row.path)
    return paths.map((path) => joinPath(root, path))
  } catch {
    // A RECORD that cannot be read says nothing about who owns what; the names still do.
    return undefined
  }
}

/** The first column of a RECORD without quotes, as nearly all are: digests and sizes are nobody's business here. */
function plainRows(text: string): string[] | undefined {
  if (text.includes('"') || text.includes('\r')) return undefined
  const paths: string[] = []
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const comma = text.indexOf(',', start)
    if (end > start) {
      if (comma <= start || comma > end) return undefined
      paths.push(text.slice(start, comma))
    }
    start = end + 1
  }
  return paths
}

function guessedPaths(
  root: string,
  folder: string,
  name: string,
  topNames: TopNames,
  readText: (path: string) => string | undefined,
): string[] {
  const listed = (readText(`${root}${folder}/top_level.txt`) ?? '').split(/\s+/).filter((line) => line !== '')
  const names =
    listed.length > 0
      ? listed
      : [name.replaceAll('-', '_'), `_${name.replaceAll('-', '_')}`, name.replace(/^python-/, '')]
  const found = topNames.get(root)
  return [...names, `${name.replaceAll('-', '_')}.libs`].flatMap((wanted) => found?.get(wanted) ?? [])
}

/** More roots than any layout has; a hostile package may claim thousands. */
const mostRoots = 32

/** Paths below each root that holds distributions, by the module or folder they start with. */
type TopNames = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

function topLevelNames(files: ReadonlyMap<string, OwnableFile>): TopNames {
  const roots = new Map<string, Map<string, string[]>>()
  for (const path of files.keys()) {
    const match = /^(.*\/)?[^/]+\.dist-info\/METADATA$/.exec(path)
    if (match && roots.size < mostRoots) roots.set(match[1] ?? '', new Map())
  }
  for (const [root, names] of roots)
    for (const path of files.keys()) {
      if (!path.startsWith(root)) continue
      const slash = path.indexOf('/', root.length)
      // `six.py` and `six.cpython-….so` start with the module `six`; in a folder its whole name counts.
      const first = slash < 0 ? path.slice(root.length).replace(/\..*$/, '') : path.slice(root.length, slash)
      const known = names.get(first)
      if (known) known.push(path)
      else names.set(first, [path])
    }
  return roots
}

/** RECORD paths are relative to site-packages and may climb: `../../bin/x`. */
function joinPath(root: string, path: string): string {
  if (!path.startsWith('.') && !path.includes('/.')) return root + path
  const parts = root.split('/').filter((part) => part !== '')
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
