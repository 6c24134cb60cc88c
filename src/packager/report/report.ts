import type { Finding } from '../../audit/finding.ts'
import { unzippedSizeLimit, zippedSizeLimit } from '../../lambda/quotas.ts'
import { compareUtf8 } from '../../zip/plan.ts'
import type { Archive } from '../../zip/splicer.ts'
import type { Artifact } from '../artifact.ts'
import type { BuildPlan } from '../build-plan.ts'
import { ownerName, type Layout, type LeaveOutReason, type Note } from '../layout/layout.ts'
import type { Resolution } from '../resolve/resolution.ts'
import type { IgnoredFile } from '../source/own-sources.ts'

/** What a distribution, or the project's own code, takes of the package. */
export interface Share {
  /** Absent for the project's own files. */
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly files: number
  /** Compressed bytes in the archive, headers not counted. */
  readonly zippedBytes: number
  readonly unzippedBytes: number
  /** The wheel it came from. */
  readonly wheel?: string | undefined
  readonly builtBy?: string | undefined
}

export interface StageTime {
  readonly stage: 'sources' | 'resolve' | 'fetch' | 'lay out' | 'compile' | 'splice' | 'audit'
  readonly milliseconds: number
}

/** What was built, as a value: printed as text or JSON, saved, compared. */
export interface BuildReport {
  readonly name: string
  readonly path: string
  readonly runtime: string
  readonly architecture: string
  readonly handler?: string | undefined
  readonly isLayer: boolean
  readonly zippedBytes: number
  readonly zippedLimitBytes: number
  readonly unzippedBytes: number
  readonly unzippedLimitBytes: number
  readonly entries: number
  /** SHA-256 of the archive, hexadecimal, and in base64 as Lambda's API prints it. */
  readonly sha256: string
  readonly codeSha256: string
  /** Largest first. */
  readonly shares: readonly Share[]
  readonly resolvedBy: string
  /** What compiled the bytecode, or how much source is compiled anew at every cold start where it is imported. */
  readonly bytecode:
    | { readonly by: string }
    | { readonly missingFor: { readonly files: number; readonly bytes: number } }
  readonly lockFile?: { readonly path: string; readonly written: boolean } | undefined
  readonly leftOut: readonly {
    readonly because: LeaveOutReason
    readonly files: number
    readonly unzippedBytes: number
  }[]
  readonly ignored: readonly IgnoredFile[]
  readonly notes: readonly Note[]
  /** What the audit found, errors excepted: with those there is no package. */
  readonly findings: readonly Finding[]
  readonly stages: readonly StageTime[]
  readonly milliseconds: number
}

type Sums = Layout['sums']

export function makeReport(parts: {
  readonly plan: BuildPlan
  readonly resolution: Resolution
  readonly artifacts: readonly Artifact[]
  readonly layout: Layout
  readonly archive: Archive
  readonly ignored: readonly IgnoredFile[]
  readonly notes: readonly Note[]
  readonly findings: readonly Finding[]
  readonly stages: readonly StageTime[]
  readonly compiler?: { readonly version: string } | undefined
}): BuildReport {
  const { plan, archive, resolution } = parts
  const { sums } = parts.layout
  return {
    name: plan.name,
    path: plan.out,
    runtime: plan.target.runtime.id,
    architecture: plan.target.architecture,
    handler: plan.handler,
    isLayer: plan.layer !== undefined,
    zippedBytes: archive.bytes,
    zippedLimitBytes: zippedSizeLimit,
    unzippedBytes: archive.unzippedBytes,
    unzippedLimitBytes: unzippedSizeLimit,
    entries: archive.entries,
    sha256: archive.digest,
    codeSha256: archive.codeSha256,
    shares: sharesOf(sums, parts.artifacts, archive),
    resolvedBy: resolution.by,
    bytecode: parts.compiler ? { by: parts.compiler.version } : { missingFor: sourcesOf(sums) },
    lockFile: resolution.lockFile,
    leftOut: leftOutByReason(parts.layout),
    ignored: parts.ignored,
    notes: parts.notes,
    findings: parts.findings,
    stages: parts.stages,
    milliseconds: parts.stages.reduce((sum, stage) => sum + stage.milliseconds, 0),
  }
}

function sourcesOf(sums: Sums): { readonly files: number; readonly bytes: number } {
  let [files, bytes] = [0, 0]
  for (const [owner, sum] of sums) {
    if (owner === ownerName('own')) continue
    files += sum.sources
    bytes += sum.sourceBytes
  }
  return { files, bytes }
}

function sharesOf(sums: Sums, artifacts: readonly Artifact[], archive: Archive): Share[] {
  let known = endRecordBytes
  for (const { files, packedBytes, pathBytes } of sums.values())
    known += packedBytes + files * headerBytes + 2 * pathBytes
  // What we packed ourselves is what the archive has beyond the entries whose size was known; nearly all of it is the project's.
  const packedByUs = Math.max(0, archive.bytes - known)
  const shares = [...sums].map(([key, { files, bytes: unzippedBytes, packedBytes }]): Share => {
    const zippedBytes = key === ownerName('own') ? packedBytes + packedByUs : packedBytes
    const sum = { files, zippedBytes, unzippedBytes }
    const artifact = artifacts.find((one) => one.name === key)
    return artifact
      ? { name: key, version: artifact.version, ...sum, wheel: artifact.filename, builtBy: artifact.builtBy }
      : sum
  })
  return shares.sort((a, b) => b.unzippedBytes - a.unzippedBytes || compareUtf8(a.name ?? '', b.name ?? ''))
}

const endRecordBytes = 22

/** Local header and directory header of an entry, without its path, which stands in both (APPNOTE.TXT 4.3.7 and 4.3.12). */
const headerBytes = 30 + 46

function leftOutByReason(layout: Layout): BuildReport['leftOut'] {
  const sums = new Map<LeaveOutReason, { files: number; unzippedBytes: number }>()
  for (const { because, uncompressedBytes } of layout.leftOut) {
    const sum = sums.get(because) ?? { files: 0, unzippedBytes: 0 }
    sums.set(because, { files: sum.files + 1, unzippedBytes: sum.unzippedBytes + uncompressedBytes })
  }
  return [...sums].map(([because, sum]) => ({ because, ...sum }))
}
