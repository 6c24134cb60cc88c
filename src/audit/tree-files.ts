/** What rules ask of a tree of files without looking at each: sums by distribution, and the files that are worth a look. */
import type { PackageFile, TreeFacts } from './facts.ts'
import { slimReason } from './slimmable.ts'

/** What files weigh together, unzipped unless told. */
export interface Weights {
  readonly files: number
  readonly bytes: number
  /** Their share of the zip. */
  readonly packedBytes: number
  /** What `--slim safe` would leave out. */
  readonly slimBytes: number
  /** By the place in `wasteGroups`. */
  readonly waste: readonly { readonly files: number; readonly bytes: number }[]
}

/** Files of distributions that no function needs. */
export const wasteGroups: readonly { readonly what: string; readonly is: RegExp }[] = [
  { what: 'tests', is: /(?:^|\/)tests?\// },
  { what: 'type stubs', is: /\.pyi$/ },
  { what: 'C, C++ and Cython sources', is: /\.(?:c|cc|cpp|cxx|h|hpp|pyx|pxd|pxi)$/ },
]

const known = new WeakMap<TreeFacts, ReadonlyMap<string | undefined, Weights>>()

/** By distribution, in the order in which they appear; own files under `undefined`. */
export function weightsOf(tree: TreeFacts): ReadonlyMap<string | undefined, Weights> {
  let weights = tree.weights ?? known.get(tree)
  if (!weights) known.set(tree, (weights = weigh(tree.files.values())))
  return weights
}

type Weighable = Pick<PackageFile, 'path' | 'bytes' | 'packedBytes' | 'distribution'>
type Draft = { files: number; bytes: number; packedBytes: number; slimBytes: number; waste: { files: number; bytes: number }[] } // prettier-ignore

/** Adds up files by their distribution. */
export function weigh(files: Iterable<Weighable>): Map<string | undefined, Weights> {
  const sums = new Map<string | undefined, Draft>()
  for (const { path, bytes, packedBytes, distribution } of files) {
    let sum = sums.get(distribution)
    if (!sum) {
      sum = { files: 0, bytes: 0, packedBytes: 0, slimBytes: 0, waste: wasteGroups.map(() => ({ files: 0, bytes: 0 })) }
      sums.set(distribution, sum)
    }
    sum.files += 1
    sum.bytes += bytes
    sum.packedBytes += packedBytes
    if (distribution === undefined) continue
    if (slimReason(path) !== undefined) sum.slimBytes += bytes
    for (let group = 0; group < wasteGroups.length; group++)
      if (wasteGroups[group]!.is.test(path)) {
        sum.waste[group]!.files += 1
        sum.waste[group]!.bytes += bytes
      }
  }
  return sums
}

/** The files that rules look at one by one, in the order of the tree: all but those of which a summary says that there is nothing to see. */
export function noteworthyFiles(tree: TreeFacts): Iterable<PackageFile> {
  return tree.noteworthy ?? tree.files.values()
}

/** `app.py`, `app/__init__.py`. */
export function isTopModule(path: string): boolean {
  return /^[^/.]+(?:\.py|\/__init__\.py)$/.test(path)
}

/** Of a folder that was for development alone; its name and a slash. */
export const developmentFolder =
  /^(?:\.git|\.venv|venv|env|node_modules|\.tox|\.nox|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.idea|\.vscode|\.terraform|\.serverless|\.aws-sam|cdk\.out|__MACOSX)\//

export function isInDevelopmentFolder(path: string): boolean {
  return developmentFolder.test(path)
}
