import { defineError } from '../../base/errors.ts'
import { normalizeName } from '../../pypa/name.ts'
import { compareVersions, tryParseVersion } from '../../pypa/version.ts'
import { parseWheelFilename } from '../../pypa/wheel-filename.ts'
import type { IndexedEntry } from '../../zip/wheel-index.ts'

/** What a wheel's path is for, by the binary distribution format. */
export type WheelPathKind = 'root' | 'dist-info' | 'script' | 'data' | 'header'

/** A file of a wheel and where an installer puts it. */
export interface WheelPath {
  readonly entry: IndexedEntry
  readonly kind: WheelPathKind
  /** From the package root, `/` between the parts. */
  readonly path: string
}

export interface WheelPaths {
  readonly paths: readonly WheelPath[]
  /** `requests-2.32.3.dist-info` */
  readonly distInfo: string
}

export const wheelLies = defineError('ZY0420', 'refused', (p: { wheel: string; problem: string }) => ({
  message: `\`${p.wheel}\` is not a wheel that can be installed: ${p.problem}`,
  hint: 'The wheel is damaged or was not made by a build backend; build or download it again, or choose another version',
}))

/**
 * Maps every file of a wheel to its place in a package, as `pip install --target` does: purelib and platlib are the same folder,
 * scripts go to `bin/`, data to the root, headers to `include/`.
 *
 * @throws `wheelLies` when the name of `.dist-info` does not agree with the wheel's, there are several, or `.data` has an unknown part
 * @see "Binary distribution format" of the Python Packaging User Guide
 */
export function mapWheelPaths(wheel: string, entries: readonly IndexedEntry[]): WheelPaths {
  const distInfo = findDistInfo(wheel, entries)
  const data = `${distInfo.slice(0, -'.dist-info'.length)}.data/`
  const name = parseWheelFilename(wheel).name
  const paths = entries.map((entry): WheelPath => {
    if (entry.name.startsWith(`${distInfo}/`)) return { entry, kind: 'dist-info', path: entry.name }
    const first = entry.name.slice(0, entry.name.indexOf('/') + 1)
    if (!first.endsWith('.data/')) return { entry, kind: 'root', path: entry.name }
    // pip takes any top folder that ends in `.data`; so does the wild, where case and hyphens differ from `.dist-info`.
    if (first !== data && normalizeName(first.split('-')[0]!) !== name)
      throw wheelLies({ wheel, problem: `\`${entry.name}\` lies in the data folder of another distribution` })
    return inData(wheel, name, entry, entry.name.slice(first.length))
  })
  return { paths, distInfo }
}

function inData(wheel: string, name: string, entry: IndexedEntry, rest: string): WheelPath {
  const slash = rest.indexOf('/')
  const [key, below] = [rest.slice(0, slash), rest.slice(slash + 1)]
  switch (slash > 0 && below !== '' ? key : '') {
    case 'purelib':
    case 'platlib':
      return { entry, kind: 'root', path: below }
    case 'scripts':
      return { entry, kind: 'script', path: `bin/${below}` }
    case 'data':
      return { entry, kind: 'data', path: below }
    case 'headers':
      return { entry, kind: 'header', path: `include/python/${name}/${below}` }
    default:
      throw wheelLies({ wheel, problem: `\`${entry.name}\` is in none of purelib, platlib, scripts, data and headers` })
  }
}

function findDistInfo(wheel: string, entries: readonly IndexedEntry[]): string {
  const { name, version } = parseWheelFilename(wheel)
  const folders = new Set<string>()
  for (const entry of entries) {
    const slash = entry.name.indexOf('/')
    if (slash > 0 && entry.name.startsWith('.dist-info', slash - '.dist-info'.length))
      folders.add(entry.name.slice(0, slash))
  }
  const [distInfo, ...others] = folders
  if (distInfo === undefined) throw wheelLies({ wheel, problem: 'it has no `.dist-info` folder' })
  if (others.length > 0)
    throw wheelLies({
      wheel,
      problem: `it has several \`.dist-info\` folders: ${[...folders].map((folder) => `\`${folder}\``).join(', ')}`,
    })
  const match = /^(.+?)-([^-]+)\.dist-info$/.exec(distInfo)
  const found = match ? tryParseVersion(match[2]!.replaceAll('_', '-')) : undefined
  if (!match || normalizeName(match[1]!) !== name || !found || compareVersions(found, version) !== 0)
    throw wheelLies({ wheel, problem: `its \`${distInfo}\` is of another distribution or version` })
  for (const file of ['METADATA', 'WHEEL', 'RECORD']) {
    if (!entries.some((entry) => entry.name === `${distInfo}/${file}`))
      throw wheelLies({ wheel, problem: `it has no \`${distInfo}/${file}\`` })
  }
  return distInfo
}
