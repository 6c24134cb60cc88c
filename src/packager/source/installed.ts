import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { parseMetadata, type DistributionMetadata } from '../../pypa/metadata.ts'
import { parseRecord } from '../../pypa/record.ts'
import { readHeaders } from '../../pypa/headers.ts'
import { compareUtf8 } from '../../zip/plan.ts'

/** A distribution that an installer put into a folder, recovered from its `.dist-info`. */
export interface Installed {
  readonly metadata: DistributionMetadata
  /** The folder that holds it. */
  readonly folder: string
  /** Its files, relative to the folder, `/` between the parts; those outside (`bin/`) left out. */
  readonly files: readonly string[]
  /** Tags of the wheel it came from, as its WHEEL file says. */
  readonly tags: readonly string[]
  /** PEP 610, when it did not come from an index. */
  readonly directUrl?: { readonly url: string; readonly isEditable: boolean; readonly requirement: string } | undefined
}

/** What a folder of installed packages holds. */
export interface InstalledTree {
  /** Sorted by name. */
  readonly distributions: readonly Installed[]
  /** Files that no distribution claims, relative to their folder. */
  readonly unclaimed: readonly { readonly folder: string; readonly path: string }[]
}

export const notAVirtualEnvironment = defineError('ZY0456', 'refused', (p: { folder: string }) => ({
  message: `\`${p.folder}\` is not a virtual environment: it has no \`site-packages\` or \`dist-packages\` below \`lib\` or \`lib64\``,
  hint: 'Name the folder that `python -m venv` made, or use `--from-package` for a folder of packages',
}))

export const notAPackageFolder = defineError('ZY0441', 'refused', (p: { folder: string }) => ({
  message: `\`${p.folder}\` is not a folder`,
  hint: 'Name the folder that `pip install --target` filled',
}))

export const eggInstallation = defineError('ZY0442', 'refused', (p: { folder: string; name: string }) => ({
  message: `\`${p.name}\` in \`${p.folder}\` was installed as an egg, which does not say which files are its own`,
  hint: 'Install it again with a current pip, or build from requirements with `-r`',
}))

/** The folders of a virtual environment that hold packages, `lib` and `lib64` once where they are the same. */
export function sitePackagesOf(environment: string): readonly string[] {
  const candidates = [environment, join(environment, 'Lib', 'site-packages')]
  for (const lib of ['lib', 'lib64', 'local/lib']) {
    const folder = join(environment, lib)
    if (!existsSync(folder)) continue
    for (const python of readdirSync(folder).sort())
      if (/^(python|pypy)\d/.test(python))
        for (const name of ['site-packages', 'dist-packages']) candidates.push(join(folder, python, name))
    candidates.push(join(folder, 'dist-packages'))
  }
  const found = [...new Set(candidates.filter(isSiteFolder).map((folder) => realpathSync(folder)))]
  if (found.length === 0) throw notAVirtualEnvironment({ folder: environment })
  return found
}

function isSiteFolder(folder: string): boolean {
  return /[\\/](site|dist)-packages$/.test(folder) && existsSync(folder)
}

/** Recovers the distributions of folders from their `.dist-info`, by RECORD. */
export function readInstalled(folders: readonly string[]): InstalledTree {
  const distributions: Installed[] = []
  const unclaimed: { folder: string; path: string }[] = []
  for (const folder of folders) {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw notAPackageFolder({ folder })
    const claimed = new Set<string>()
    for (const name of readdirSync(folder).sort(compareUtf8)) {
      if (/\.egg$|\.egg-link$/.test(name)) throw eggInstallation({ folder, name })
      if (!name.endsWith('.dist-info') || !existsSync(join(folder, name, 'METADATA'))) continue
      const installed = readDistInfo(folder, name)
      distributions.push(installed)
      for (const file of installed.files) claimed.add(file)
    }
    for (const path of filesBelow(folder)) if (!claimed.has(path)) unclaimed.push({ folder, path })
  }
  return {
    distributions: distributions.sort((a, b) => compareUtf8(a.metadata.normalizedName, b.metadata.normalizedName)),
    unclaimed,
  }
}

function readDistInfo(folder: string, name: string): Installed {
  const read = (file: string): string | undefined => {
    const path = join(folder, name, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }
  const metadata = parseMetadata(read('METADATA')!, join(folder, name, 'METADATA'))
  const rows = parseRecord(read('RECORD') ?? '', join(folder, name, 'RECORD')).map((row) =>
    posix.normalize(row.path.replaceAll('\\', '/')),
  )
  const ownInfo = readdirSync(join(folder, name)).map((file) => `${name}/${file}`)
  const wheel = read('WHEEL')
  return {
    metadata,
    folder,
    files: [...new Set([...rows.filter((path) => !path.startsWith('../') && !posix.isAbsolute(path)), ...ownInfo])],
    tags: wheel
      ? readHeaders(wheel)
          .headers.filter((header) => header.name === 'tag')
          .map((header) => header.value.trim())
      : [],
    directUrl: readDirectUrl(read('direct_url.json'), metadata.name),
  }
}

function readDirectUrl(text: string | undefined, name: string): Installed['directUrl'] {
  if (text === undefined) return undefined
  let value: {
    url?: string
    dir_info?: { editable?: boolean }
    vcs_info?: { vcs?: string; commit_id?: string }
    subdirectory?: string
  }
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    return undefined
  }
  if (!value.url) return undefined
  const { vcs_info: vcs, subdirectory } = value
  const url = vcs ? `${vcs.vcs ?? 'git'}+${value.url}@${vcs.commit_id}` : value.url
  return {
    url: value.url,
    isEditable: value.dir_info?.editable ?? false,
    requirement: `${name} @ ${url}${subdirectory ? `#subdirectory=${subdirectory}` : ''}`,
  }
}

/** Every file, in byte order; bytecode and the installers' own leavings are nobody's. */
function filesBelow(folder: string, prefix = ''): string[] {
  const files: string[] = []
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true }).sort((a, b) =>
    compareUtf8(a.name, b.name),
  )) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) {
      if (entry.name !== '__pycache__' && entry.name !== 'bin') files.push(...filesBelow(folder, path))
    } else if (!/\.py[co]$/.test(entry.name)) files.push(path)
  }
  return files
}
