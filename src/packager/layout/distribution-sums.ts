import { ownerName, type DistributionSum, type Layout } from './layout.ts'

/** The sums of a layout by the name of the owner (`ownerName`), in order of appearance. */
export function distributionSums({
  stretches,
  singles,
}: Pick<Layout, 'stretches' | 'singles'>): ReadonlyMap<string, DistributionSum> {
  const sums = new Map<string, DistributionSum>()
  const sumOf = (name: string): DistributionSum => {
    const known = sums.get(name)
    if (known) return known
    const sum = { files: 0, bytes: 0, packedBytes: 0, pathBytes: 0, sources: 0, sourceBytes: 0, distInfo: '' }
    sums.set(name, sum)
    return sum
  }
  for (const { strip, from, to, owner, distInfo } of stretches) {
    const sum = sumOf(ownerName(owner))
    const { uncompressedBytes, compressedBytes } = strip.columns
    sum.distInfo = distInfo
    sum.files += to - from
    sum.pathBytes += strip.pathBytes(from, to)
    for (let index = from; index < to; index++) {
      const bytes = uncompressedBytes[index]!
      sum.bytes += bytes
      sum.packedBytes += compressedBytes[index]!
      if (!strip.endsIn(index, sourceEnding)) continue
      sum.sources += 1
      sum.sourceBytes += bytes
    }
  }
  for (const { path, owner, uncompressedBytes, compressedBytes = 0 } of singles) {
    const sum = sumOf(ownerName(owner))
    sum.files += 1
    sum.bytes += uncompressedBytes
    sum.packedBytes += compressedBytes
    sum.pathBytes += Buffer.byteLength(path)
    if (path.endsWith('.dist-info/METADATA')) sum.distInfo = path.slice(0, -'/METADATA'.length)
    if (!path.endsWith('.py')) continue
    sum.sources += 1
    sum.sourceBytes += uncompressedBytes
  }
  return sums
}

const sourceEnding = Buffer.from('.py')
