import { treeHazards } from '../zip/directory.ts'
import { nameHazards } from '../zip/entry-name.ts'
import { findDistributions } from './distributions.ts'
import type { PackageDistribution } from './facts.ts'
import { isCompiled } from './module-tree.ts'
import { interestIn } from './read-content.ts'
import { isInDevelopmentFolder, isTopModule, weigh, type Weights } from './tree-files.ts'
import type { GatheredFile } from './wheel-facts.ts'

/** What rules want to know of a wheel as a whole; plain values that survive JSON. */
export interface WheelSummary {
  readonly distribution: Omit<PackageDistribution, 'files' | 'bytes' | 'packedBytes'>
  /** Number of its METADATA among the files. */
  readonly metadata: number
  /** First parts of its paths: `requests`, `six.py`. */
  readonly tops: readonly string[]
  readonly weights: Weights
  /** Numbers of the files that rules look at one by one: native ones, and modules at the top. */
  readonly noteworthy: readonly number[]
}

/**
 * Sums up a wheel in which every file is one that most wheels have: owned by its one distribution, with a plain name, nothing that starts by itself or
 * stayed behind. Undefined for all others, whose files are looked at one by one.
 * @param readText text of a file of the wheel
 */
export function summarizeWheel(
  files: readonly GatheredFile[],
  readText: (path: string) => string | undefined,
): WheelSummary | undefined {
  if (!files.every(({ name, bytes }) => isOrdinary(name, bytes)) || treeHazards(files).length > 0) return undefined
  const byPath = new Map(files.map(({ name, bytes }) => [name, { path: name, bytes, packedBytes: 0 }]))
  const metadata = files.findIndex(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name))
  const { distributions, owners, absent, isGuessed } = findDistributions(byPath, readText)
  const [found] = distributions
  if (!found || distributions.length > 1 || metadata < 0 || absent.length > 0 || isGuessed) return undefined
  if (files.some(({ name }) => !owners.has(name))) return undefined
  const { name, version, folder, requires, requiresPython, tags } = found
  const weights = weigh([...byPath.values()].map((file) => ({ ...file, distribution: name })))
  return {
    distribution: { name, version, folder, requires, requiresPython, tags },
    metadata,
    tops: [...new Set(files.map((file) => file.name.split('/')[0]!))],
    weights: weights.get(name)!,
    noteworthy: files.flatMap(({ name: path, bytes }, index) =>
      isTopModule(path) || interestIn({ path, bytes, permissions: 0o644 }, false) === 'binary' ? [index] : [],
    ),
  }
}

function isOrdinary(name: string, bytes: number): boolean {
  const interest = interestIn({ path: name, bytes, permissions: 0o644 }, false)
  return (
    interest !== 'bytecode' &&
    interest !== 'path configuration' &&
    !/\.(?:egg-link|pyc|pth)$/.test(name) &&
    (bytes > 0 || !isCompiled(name)) &&
    // oxlint-disable-next-line no-control-regex -- only ASCII is as long in bytes as in characters
    /^[\x20-\x7e]+$/.test(name) &&
    nameHazards(name).length === 0 &&
    !isInDevelopmentFolder(name)
  )
}
