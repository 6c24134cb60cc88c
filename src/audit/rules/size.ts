import { formatBytes } from '../../base/byte-size.ts'
import { unzippedSizeLimit, zippedSizeLimit } from '../../lambda/quotas.ts'
import type { PackageFacts } from '../facts.ts'
import { defineFinding } from '../finding.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles, weightsOf } from '../tree-files.ts'
import { savings, type Saving } from '../savings.ts'

/** From this share of the limit on, the next upgrade of a dependency may be the one that no longer fits. */
const nearlyFull = 0.8

const tooLarge = defineFinding('ZY1001', {
  severity: 'error',
  title: 'The package and its layers unzip to 250 MB or more',
  why: 'Lambda counts the uncompressed sizes of the package and all its layers together and answers `Unzipped size must be smaller than 262144000 bytes`, at the upload or when a layer is added.',
  text: (p: { bytes: number; layerBytes: number; largest: readonly string[]; savings: readonly Saving[] }) => ({
    sentence: `the package unzips to ${formatBytes(p.bytes + p.layerBytes)} (${p.bytes + p.layerBytes} bytes)${p.layerBytes > 0 ? ` with its layers (${formatBytes(p.bytes)} without)` : ''}, which must be less than 250 MB (${unzippedSizeLimit} bytes)`,
    hint: `The largest parts are ${p.largest.join(', ')}. ${advice(p.savings, p.bytes + p.layerBytes)}`,
  }),
  sample: {
    bytes: 271_400_000,
    layerBytes: 0,
    largest: ['`scipy` (105.1 MB)', '`pandas` (66.2 MB)', '`numpy` (62.0 MB)'],
    savings: [
      { how: 'build with `--slim safe`', bytes: 41_000_000 },
      { how: 'leave the AWS SDK to the runtime with `--sdk runtime`', bytes: 23_000_000 },
    ],
  },
})

/** The steps that help, those first that help most, and whether they are enough. */
function advice(steps: readonly Saving[], bytes: number): string {
  const last = 'split the function, or use a container image'
  if (steps.length === 0) return `Leave out what the function does not need, ${last}`
  const list = steps.map(({ how, bytes: saved }) => `${how} (${formatBytes(saved)})`).join('; ')
  const left = bytes - steps.reduce((sum, step) => sum + step.bytes, 0)
  const end = left < unzippedSizeLimit ? 'which fits' : `still too much: ${last}`
  return `What helps, most first: ${list}. ${formatBytes(left)} would be left, ${end}`
}

const nearLimit = defineFinding('ZY1002', {
  severity: 'warning',
  title: 'The package is close to the 250 MB limit',
  why: 'Above 80 % of the limit an ordinary upgrade of a dependency can make the next deployment fail.',
  text: (p: { bytes: number; largest: readonly string[] }) => ({
    sentence: `the package unzips to ${formatBytes(p.bytes)} of the 250.0 MB that fit`,
    hint: `The largest parts are ${p.largest.join(', ')}`,
  }),
  sample: { bytes: 221_000_000, largest: ['`scipy` (105.1 MB)', '`pandas` (66.2 MB)'] },
})

const needsS3 = defineFinding('ZY1003', {
  severity: 'info',
  title: 'The zip is too large for a direct upload',
  why: 'A zip above 50 MB is refused with `Zipped size must be smaller than 52428800 bytes` when it is sent with the request; from S3 it is accepted.',
  text: (p: { bytes: number }) => ({
    sentence: `the zip has ${p.bytes} bytes, a direct upload takes ${zippedSizeLimit} (50 MB)`,
    hint: 'Upload it through S3: `aws s3 cp` and `--s3-bucket`/`--s3-key`; `zipyard deploy --s3-bucket` does both',
  }),
  sample: { bytes: 93_535_204 },
})

const empty = defineFinding('ZY1004', {
  severity: 'error',
  title: 'The package holds no files',
  why: 'Lambda answers `Uploaded file must be a non-empty zip`.',
  text: (p: { name: string }) => ({
    sentence: `\`${p.name}\` holds no files`,
    hint: "Put the function's code into it: `zip package.zip lambda_function.py`",
  }),
  sample: { name: 'package.zip' },
})

export const size: Rule = {
  name: 'size',
  summary: 'Does the package fit, zipped and unzipped, with its layers?',
  findings: [tooLarge, nearLimit, needsS3, empty],
  *check(facts) {
    const { zippedBytes, unzippedBytes: bytes, files, name } = facts.package
    if (files.size === 0) yield empty({ name })
    const layerBytes = facts.layers.reduce((sum, layer) => sum + layer.unzippedBytes, 0)
    if (bytes + layerBytes >= unzippedSizeLimit)
      yield tooLarge({ bytes, layerBytes, largest: largestParts(facts), savings: savings(facts) })
    else if (bytes + layerBytes >= unzippedSizeLimit * nearlyFull)
      yield nearLimit({ bytes: bytes + layerBytes, largest: largestParts(facts) })
    if (zippedBytes !== undefined && zippedBytes > zippedSizeLimit) yield needsS3({ bytes: zippedBytes })
  },
}

/** The three largest distributions, or top folders of own files. */
function largestParts(facts: PackageFacts): readonly string[] {
  const parts = new Map<string, number>()
  const add = (part: string, bytes: number): void => void parts.set(part, (parts.get(part) ?? 0) + bytes)
  for (const tree of [facts.package, ...facts.layers])
    for (const [distribution, { bytes }] of weightsOf(tree)) {
      if (distribution !== undefined) add(distribution, bytes)
      else
        for (const file of noteworthyFiles(tree))
          if (file.distribution === undefined) add(file.path.split('/')[0]!, file.bytes)
    }
  return [...parts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([part, bytes]) => `\`${part}\` (${formatBytes(bytes)})`)
}
