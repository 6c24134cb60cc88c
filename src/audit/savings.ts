/** What could be left out of a package, and what each step saves: no byte is counted twice. */
import { mebibyte } from '../base/byte-size.ts'
import type { PackageFacts } from './facts.ts'
import { unusedDistributions } from './reached-distributions.ts'
import { weightsOf } from './tree-files.ts'

export interface Saving {
  /** As part of a sentence: ``build with `--slim safe` ``. */
  readonly how: string
  /** Unzipped. */
  readonly bytes: number
}

/** Below this a step is not worth its words, in bytes. */
const worthMentioning = mebibyte

/** Distributions that the runtime has a copy of. */
const sdk: ReadonlySet<string> = new Set(['boto3', 'botocore', 's3transfer'])

/** The steps that would make the package smaller, those first that save most. */
export function savings(facts: PackageFacts): readonly Saving[] {
  const unused = new Map(unusedDistributions(facts).map(({ name }) => [name, 0]))
  let [slim, ofSdk] = [0, 0]
  for (const [distribution, { bytes, slimBytes }] of weightsOf(facts.package)) {
    if (distribution === undefined) continue
    if (unused.has(distribution)) unused.set(distribution, bytes)
    else if (sdk.has(distribution)) ofSdk += bytes
    else slim += slimBytes
  }
  const all: readonly Saving[] = [
    ...[...unused].map(([name, bytes]) => ({ how: `leave out \`${name}\`, which nothing imports`, bytes })),
    { how: 'build with `--slim safe`', bytes: slim },
    { how: 'leave the AWS SDK to the runtime with `--sdk runtime`', bytes: ofSdk },
  ]
  return all.filter(({ bytes }) => bytes >= worthMentioning).sort((a, b) => b.bytes - a.bytes)
}
