import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { isNetworkFault } from '../../index/errors.ts'
import { ZipyardError } from '../../base/errors.ts'
import { addressFiles } from '../../pypa/locked-files.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import type { SelectedDistribution } from '../../pypa/locked-selection.ts'
import type { IndexFile } from '../../index/index-client.ts'
import type { BuiltWheel } from '../fetch/fetch-artifacts.ts'
import { describeTarget } from '../fetch/choose-file.ts'
import type { FetchSurroundings } from '../fetch/fetch-file.ts'
import type { Note } from '../layout/layout.ts'
import type { Resolution } from '../resolve/resolution.ts'
import { resolve, type ResolveOptions } from '../resolve/resolve.ts'
import { reasonAgainstNative } from '../wheel/prove-native.ts'
import type { Target } from '../target.ts'
import type { Installed } from './installed.ts'
import { wheelOfInstalled } from './installed-wheel.ts'

/** What a build does with an installed tree when the index does not have all of it. */
export interface InstalledFallback {
  /** Resolves as ever, and when that fails takes exactly what is installed, each from the index where it has it. */
  resolve(options: ResolveOptions): Promise<Resolution>
  /** The wheel made of the installed files, when they are for the target; told in `notes`. */
  wheelOf(distribution: SelectedDistribution, because: unknown): Promise<BuiltWheel | undefined>
  readonly notes: readonly Note[]
}

/**
 * A virtual environment often holds what no index has: a library of the company that was installed from its folder, a release that was
 * removed. Its files are there, and for a target like the one that they were installed for they are right.
 */
export function installedFallback(
  installed: readonly Installed[],
  target: Target,
  surroundings: FetchSurroundings,
): InstalledFallback {
  const notes: Note[] = []
  const byName = new Map(installed.map((one) => [one.metadata.normalizedName, one]))
  return {
    notes,
    async resolve(options) {
      try {
        return await resolve(options, surroundings)
      } catch (error) {
        if (!(error instanceof ZipyardError) || error.kind !== 'refused') throw error
        const distributions = await asInstalled(installed, surroundings)
        // Nothing of it can be packed from here: then what the resolver said is the reason.
        if (distributions.every(({ name, wheels }) => wheels.length === 0 && !isForTarget(byName.get(name)!, target)))
          throw error
        return {
          distributions,
          requested: new Set(distributions.map(({ name }) => name)),
          folder: options.folder,
          by: 'what is installed',
          isFresh: true,
          notes: [],
        }
      }
    },
    async wheelOf(distribution, because) {
      const one = byName.get(distribution.name)
      if (!one || (distribution.version !== undefined && distribution.version !== one.metadata.version.text))
        return undefined
      const made = wheelOfInstalled(one, target)
      if (!made) return undefined
      const { digest, path } = await surroundings.cache.storeBlob(Readable.from([made.bytes]), { name: made.filename })
      if (reasonAgainstNative(path, target) !== undefined) return undefined
      notes.push(packedNote(one, made.changed, because, target))
      return { filename: made.filename, digest, path, builtBy: 'what is installed' }
    },
  }
}

function isForTarget(installed: Installed, target: Target): boolean {
  return wheelOfInstalled(installed, target) !== undefined
}

/** Exactly what is installed, with the files that the index has of it. An index that cannot be reached is asked once. */
async function asInstalled(
  installed: readonly Installed[],
  surroundings: FetchSurroundings,
): Promise<readonly SelectedDistribution[]> {
  let isReachable = !surroundings.offline
  const offered = async (name: string): Promise<readonly IndexFile[]> => {
    if (!isReachable) return []
    try {
      return await (await surroundings.index()).files(name)
    } catch (error) {
      if (isNetworkFault(error)) isReachable = false
      return []
    }
  }
  const distributions: SelectedDistribution[] = []
  for (const { metadata, directUrl } of installed) {
    const isFolder = directUrl?.isEditable === true && directUrl.url.startsWith('file:')
    // What did not come from an index is not looked for there: a stranger may have the name.
    const files = directUrl ? [] : await offered(metadata.name)
    const pinned: LockedDistribution = {
      name: metadata.normalizedName,
      version: metadata.version.text,
      wheels: [],
      directory: isFolder ? { path: fileURLToPath(directUrl.url), editable: true } : undefined,
      dependencies: [],
      acceptedHashes: files.flatMap(({ hashes }) => (hashes['sha256'] ? [`sha256:${hashes['sha256']}`] : [])),
    }
    distributions.push({ ...withFiles(pinned, files), requestedBy: [] })
  }
  return distributions
}

function withFiles(pinned: LockedDistribution, files: readonly IndexFile[]): LockedDistribution {
  try {
    return addressFiles(pinned, files)
  } catch {
    return { ...pinned, acceptedHashes: undefined }
  }
}

function packedNote(one: Installed, changed: readonly string[], because: unknown, target: Target): Note {
  const { name, version } = one.metadata
  const why = because instanceof Error ? ` (${because.message})` : ''
  const told = changed.length === 0 ? '' : `; ${changed.length === 1 ? `\`${changed[0]}\` in it was` : `${changed.length} files in it were`} changed after the installation` // prettier-ignore
  return {
    code: 'ZY0473',
    message: `No wheel of \`${name} ${version.text}\` can be had for ${describeTarget(target)}${why}: the files that are installed are packed${told}`,
    hint: 'The bytes of the package then depend on this environment; put a wheel where the index or `--find-links` has it',
  }
}
