import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { sha256 } from '../../base/digest.ts'
import { matches } from '../../pypa/specifier.ts'
import { formatRecord, parseRecord, recordDigest, verifyRecord } from '../../pypa/record.ts'
import { parseVersion } from '../../pypa/version.ts'
import { archiveBytes } from '../../zip/writer.ts'
import type { Target } from '../target.ts'
import type { Installed } from './installed.ts'

/** A wheel made of what an installer unpacked. */
export interface InstalledWheel {
  readonly filename: string
  readonly bytes: Buffer
  /** Files that are no longer as they were installed. */
  readonly changed: readonly string[]
}

/** What installers add to a distribution; a wheel does not have it. */
const added = new Set(['INSTALLER', 'REQUESTED', 'RECORD', 'direct_url.json', 'uv_cache.json'])

/**
 * The wheel that an installed distribution came from, as far as it can be had back: its files inside of `site-packages` under a new
 * RECORD. What lay outside (scripts, `share/`) is lost. `undefined` when it was not installed for a target like this, by its own tags,
 * or is an editable installation, which has no files.
 */
export function wheelOfInstalled(installed: Installed, target: Target): InstalledWheel | undefined {
  const { metadata, folder, tags, directUrl } = installed
  const tag = tags.find((one) => target.tags.includes(one))
  const python = parseVersion(target.environment.python_full_version)
  if (tag === undefined || directUrl?.isEditable) return undefined
  if (metadata.requiresPython && !matches(metadata.requiresPython, python)) return undefined
  const info = `${metadata.name.replace(/[-_.]+/g, '_')}-${metadata.version.text}.dist-info`
  const found = installed.files.find((path) => path.endsWith('.dist-info/METADATA'))?.split('/')[0]
  const files = installed.files.flatMap((path) => {
    const place = join(folder, path)
    if (/(^|\/)__pycache__\/|\.py[co]$/.test(path) || (path.includes('.dist-info/') && added.has(basename(path))))
      return []
    if (!existsSync(place) || !statSync(place).isFile()) return []
    const bytes = readFileSync(place)
    const moved = found !== undefined && path.startsWith(`${found}/`) ? `${info}${path.slice(found.length)}` : path
    return [{ installedAs: path, path: moved, bytes, digest: sha256(bytes) }]
  })
  const record = `${info}/RECORD`
  const rows = files.map(({ path, bytes, digest }) => ({
    path,
    algorithm: 'sha256',
    digest: recordDigest(digest),
    sizeBytes: bytes.length,
  }))
  return {
    filename: `${info.slice(0, -'.dist-info'.length)}-${tag}.whl`,
    bytes: archiveBytes([...files, { path: record, bytes: formatRecord([...rows, { path: record }]) }]),
    changed: changedFiles(installed, files),
  }
}

function changedFiles(
  { folder, files }: Installed,
  present: readonly { readonly installedAs: string; readonly bytes: Buffer; readonly digest: string }[],
): readonly string[] {
  const record = files.map((path) => join(folder, path)).find((path) => /\.dist-info[\\/]RECORD$/.test(path))
  if (record === undefined || !existsSync(record)) return []
  const found = present.map(({ installedAs, bytes, digest }) => ({
    path: installedAs,
    sizeBytes: bytes.length,
    sha256: digest,
  }))
  return verifyRecord(parseRecord(readFileSync(record, 'utf8'), record), found)
    .filter(({ because }) => because === 'size' || because === 'digest')
    .map(({ path }) => path)
}
