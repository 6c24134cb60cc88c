import type { Artifact } from '../artifact.ts'
import type { OwnFile } from '../source/own-sources.ts'
import type { Layout } from './layout.ts'
import { layOutWheel, type LayoutMode, type Slimming } from './lay-out-wheel.ts'
import { mergeFiles, type ConflictPolicy } from './merge.ts'
import { layOutOwnFiles } from './own-files.ts'

/** Lays out a whole package: every wheel, then the project's own files, below `prefix` for a layer. */
export function layOut(
  artifacts: readonly Artifact[],
  own: readonly OwnFile[],
  options: {
    readonly mode: LayoutMode
    readonly interpreter: string
    readonly python: string
    readonly onConflict: ConflictPolicy
    readonly executable: readonly string[]
    readonly slim?: Slimming | undefined
    readonly prefix?: string | undefined
  },
): Layout {
  const wheels = artifacts.map((artifact) => layOutWheel(artifact, options))
  const { files, notes } = mergeFiles(
    wheels.map((wheel) => wheel.files),
    layOutOwnFiles(own, options.executable),
    options.onConflict,
  )
  const { prefix } = options
  return {
    files: prefix === undefined ? files : files.map((file) => ({ ...file, path: `${prefix}/${file.path}` })),
    leftOut: wheels.flatMap((wheel) => wheel.leftOut),
    notes,
  }
}
