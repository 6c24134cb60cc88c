import { basename } from 'node:path'
import { mapConcurrently } from '../../base/tasks.ts'
import type { SelectedDistribution } from '../../pypa/locked-selection.ts'
import { parseWheelFilename } from '../../pypa/wheel-filename.ts'
import type { Artifact, DirectUrl } from '../artifact.ts'
import type { Target } from '../target.ts'
import { addressDistributions } from './address-distributions.ts'
import { nearestFittingVersion } from '../../pypa/wheel-selection.ts'
import { notForTarget } from '../wheel/build-errors.ts'
import { chooseFile, noFittingFile, type ChosenFile } from './choose-file.ts'
import { fetchFile, type FetchSurroundings } from './fetch-file.ts'
import { wheelIndexOf } from './ingest-wheel.ts'

/** Files fetched at a time. More gains nothing on one index and makes progress hard to read. */
const parallelFetches = 8

/** A wheel made from a source archive, a folder or a repository. */
export interface BuiltWheel {
  readonly filename: string
  readonly path: string
  readonly digest: string
  /** `this machine`, or the container's image. */
  readonly builtBy: string
}

/** Makes a wheel where the lock has none that fits. */
export type WheelBuilder = (
  distribution: SelectedDistribution,
  chosen: Extract<ChosenFile, { kind: 'sdist' }> | undefined,
  target: Target,
  /** Where relative paths of the lock start. */
  folder: string,
) => Promise<BuiltWheel>

/** Gives a wheel that cannot be had in another way, or `undefined`. */
export type FallbackWheel = (distribution: SelectedDistribution, because: unknown) => Promise<BuiltWheel | undefined>

/** Brings the files of every distribution to this machine, wheels where they fit, else built from source. */
export async function fetchArtifacts(
  distributions: readonly SelectedDistribution[],
  options: {
    readonly target: Target
    /** Where relative paths of the lock start. */
    readonly folder: string
    /** The lock that names the distributions, if any; for messages. */
    readonly lockFile?: { readonly path: string } | undefined
    readonly requested: ReadonlySet<string>
    readonly buildWheel: WheelBuilder
    /** A wheel from elsewhere, when the way to one failed with `because`. */
    readonly fallback?: FallbackWheel | undefined
  },
  surroundings: FetchSurroundings,
): Promise<readonly Artifact[]> {
  const packaged = distributions.filter((distribution) => !distribution.directory?.virtual)
  const addressed = await addressDistributions(
    packaged,
    surroundings,
    options.lockFile && basename(options.lockFile.path),
  )
  return mapConcurrently(addressed, parallelFetches, async (distribution) => {
    const wheel = await wheelOf(distribution, options, surroundings).catch(async (error: unknown) => {
      const other = await options.fallback?.(distribution, error)
      if (!other) throw error
      return other
    })
    return {
      name: distribution.name,
      version: parseWheelFilename(wheel.filename).version.text,
      filename: wheel.filename,
      path: wheel.path,
      digest: wheel.digest,
      index: await wheelIndexOf(wheel.path, wheel.digest, wheel.filename, surroundings.cache),
      isRequested: options.requested.has(distribution.name),
      requestedBy: distribution.requestedBy,
      directUrl: directUrlOf(distribution),
      builtBy: wheel.builtBy,
    }
  })
}

async function wheelOf(
  distribution: SelectedDistribution,
  options: { readonly target: Target; readonly folder: string; readonly buildWheel: WheelBuilder },
  surroundings: FetchSurroundings,
): Promise<Omit<BuiltWheel, 'builtBy'> & { readonly builtBy?: string | undefined }> {
  if (distribution.directory || distribution.vcs)
    return options.buildWheel(distribution, undefined, options.target, options.folder)
  const chosen = await choose(distribution, options.target, surroundings)
  if (chosen.kind === 'sdist')
    return options.buildWheel(distribution, chosen, options.target, options.folder).catch(async (error: unknown) => {
      if (!notForTarget.is(error)) throw error
      const nearest = await nearestVersion(distribution, options.target, surroundings)
      throw notForTarget({ ...error.details, nearest: nearest && `${distribution.name}==${nearest}` })
    })
  const { path, digest } = await fetchFile(chosen.file, options.folder, surroundings)
  return { filename: chosen.file.filename, path, digest }
}

/** Chooses a file; when nothing fits, the index is asked which version would. */
async function choose(
  distribution: SelectedDistribution,
  target: Target,
  surroundings: FetchSurroundings,
): Promise<ChosenFile> {
  try {
    return chooseFile(distribution, target)
  } catch (error) {
    if (!noFittingFile.is(error)) throw error
    throw noFittingFile({ ...error.details, nearest: await nearestVersion(distribution, target, surroundings) })
  }
}

/** The version nearest to the locked one that has a wheel for the target; `undefined` also when the index cannot be asked. */
async function nearestVersion(
  distribution: SelectedDistribution,
  target: Target,
  surroundings: FetchSurroundings,
): Promise<string | undefined> {
  if (distribution.version === undefined) return undefined
  try {
    const offered = await (await surroundings.index()).files(distribution.name)
    const wanted = { tags: target.tags, pythonFullVersion: target.environment.python_full_version }
    return nearestFittingVersion(offered, distribution.version, wanted)?.version.text
  } catch {
    return undefined
  }
}

function directUrlOf(distribution: SelectedDistribution): DirectUrl | undefined {
  const { archive, vcs } = distribution
  if (archive?.url) {
    const sha256 = archive.hashes['sha256']
    return { url: archive.url, archive_info: sha256 ? { hash: `sha256=${sha256}`, hashes: { sha256 } } : {} }
  }
  if (vcs)
    return {
      url: vcs.url,
      vcs_info: { vcs: vcs.type, commit_id: vcs.commit, requested_revision: vcs.requestedRevision },
      subdirectory: vcs.subdirectory,
    }
  return undefined
}
