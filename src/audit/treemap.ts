import { addTo } from '../base/groups.ts'
import { formatBytes, formatShare } from '../base/byte-size.ts'
import { plural } from '../base/plural.ts'
import { unzippedSizeLimit } from '../lambda/quotas.ts'
import { treemapPage } from './treemap-page.ts'
import type { PackageFacts, PackageFile } from './facts.ts'

/** A rectangle of the picture: a distribution, a folder or a file. */
export interface TreemapNode {
  readonly name: string
  /** Unzipped. */
  readonly bytes: number
  readonly packedBytes: number
  readonly files: number
  readonly children?: readonly TreemapNode[] | undefined
}

/** Files below this share of their parent are drawn together. */
const smallestShare = 0.004

/** The package by distribution, folder and file, largest first. */
export function treemapOf(facts: PackageFacts): TreemapNode {
  const groups = new Map<string, PackageFile[]>()
  const versions = new Map(facts.package.distributions.map(({ name, version }) => [name, version]))
  for (const file of facts.package.files.values()) {
    const version = file.distribution && versions.get(file.distribution)
    const name =
      file.distribution === undefined ? 'own code' : version ? `${file.distribution} ${version}` : file.distribution
    addTo(groups, name, file)
  }
  const children = [...groups].map(([name, files]) => grouped(name, files, 0)).sort((a, b) => b.bytes - a.bytes)
  return { name: facts.package.name, ...sumOf([...facts.package.files.values()]), children }
}

/** The picture as one HTML file that needs nothing else: no script from elsewhere, no network. */
export function treemapHtml(facts: PackageFacts): string {
  const root = treemapOf(facts)
  const share = formatShare(root.bytes, unzippedSizeLimit)
  return treemapPage({
    title: facts.package.name,
    subtitle: `${formatBytes(root.bytes)} unzipped (${share} of 250 MB), ${plural(root.files, 'file')}, ${facts.target.runtime.id} on ${facts.target.architecture}`,
    root,
  })
}

/** `start` is where the path goes on below this folder. */
function grouped(name: string, files: readonly PackageFile[], start: number): TreemapNode {
  const sum = sumOf(files)
  const folders = new Map<string, PackageFile[]>()
  const children: TreemapNode[] = []
  for (const file of files) {
    const slash = file.path.indexOf('/', start)
    if (slash >= 0) addTo(folders, file.path.slice(start, slash + 1), file)
    else children.push({ name: file.path.slice(start), bytes: file.bytes, packedBytes: file.packedBytes, files: 1 })
  }
  // What will be drawn together with others needs no closer look.
  const smallest = sum.bytes * smallestShare
  for (const [folder, inside] of folders) {
    const whole = sumOf(inside)
    children.push(whole.bytes < smallest ? { name: folder, ...whole } : grouped(folder, inside, start + folder.length))
  }
  children.sort((a, b) => b.bytes - a.bytes)
  return { name, ...sum, children: joined(children, sum.bytes) }
}

function joined(nodes: readonly TreemapNode[], total: number): readonly TreemapNode[] {
  const large = nodes.filter((node) => node.bytes >= total * smallestShare)
  const small = nodes.slice(large.length)
  if (small.length === 0) return large
  const sum = small.reduce(
    (all, node) => ({
      bytes: all.bytes + node.bytes,
      packedBytes: all.packedBytes + node.packedBytes,
      files: all.files + node.files,
    }),
    { bytes: 0, packedBytes: 0, files: 0 },
  )
  return [...large, { name: `${sum.files} smaller`, ...sum }]
}

function sumOf(files: readonly PackageFile[]): {
  readonly bytes: number
  readonly packedBytes: number
  readonly files: number
} {
  let bytes = 0
  let packedBytes = 0
  for (const file of files) {
    bytes += file.bytes
    packedBytes += file.packedBytes
  }
  return { bytes, packedBytes, files: files.length }
}
