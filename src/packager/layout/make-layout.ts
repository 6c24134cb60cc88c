import type { SplicePart } from '../../zip/order-parts.ts'
import { distributionSums } from './distribution-sums.ts'
import type { Layout, LayoutFile, LayoutStretch } from './layout.ts'

export function makeLayout(parts: Omit<Layout, 'files' | 'sums'>): Layout {
  let files: Layout['files'] | undefined
  let sums: Layout['sums'] | undefined
  return {
    ...parts,
    get files() {
      return (files ??= [...parts.stretches.flatMap(filesOfStretch), ...parts.singles])
    },
    get sums() {
      return (sums ??= distributionSums(parts))
    },
  }
}

/** What the splicer is given. */
export function spliceParts(layout: Layout, singles: readonly LayoutFile[]): readonly SplicePart[] {
  return [...layout.stretches, ...singles]
}

function filesOfStretch(stretch: LayoutStretch): readonly LayoutFile[] {
  const files: LayoutFile[] = []
  for (let index = stretch.from; index < stretch.to; index++) files.push(stripFile(stretch, index))
  return files
}

/** A file of a strip, under its own path unless told. */
export function stripFile(
  { strip, archive, owner }: Pick<LayoutStretch, 'strip' | 'archive' | 'owner'>,
  index: number,
  path = strip.path(index),
): LayoutFile {
  const entry = strip.entry(index)
  const { uncompressedBytes, compressedBytes, crc32 } = entry
  return { path, mode: strip.mode(index), source: { archive, entry }, owner, uncompressedBytes, compressedBytes, crc32 }
}

/** The file at a path, if there is one. */
export function fileAt({ stretches, singles }: Layout, path: string): LayoutFile | undefined {
  for (const stretch of stretches) {
    const index = stretch.strip.indexOf(path)
    if (index !== undefined && index >= stretch.from && index < stretch.to) return stripFile(stretch, index)
  }
  return singles.find((file) => file.path === path)
}
