/** Packages made of real wheels, with what a test changes about them. */
import { join } from 'node:path'
import { checkPackage, type CheckResult } from '../../src/audit/check-package.ts'
import { readEntry } from '../../src/zip/entry-data.ts'
import { openArchive } from '../../src/zip/reader.ts'
import { splice } from '../../src/zip/splicer.ts'
import type { SpliceEntry } from '../../src/zip/plan.ts'
import { pinnedWheels, wheelFiles, type WheelTarget } from './real-wheels.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface RealPackage {
  /** Wheels as `NAME==VERSION`, without what they require; by default for the target. */
  readonly wheels?: readonly string[]
  /** What they were downloaded for, where that is another target. */
  readonly from?: Partial<WheelTarget> & { readonly platforms?: readonly string[] }
  /** Further files, by path. */
  readonly files?: FilesOfTest | (() => FilesOfTest)
  /** Packs the wheels so many times more, each time in a folder of its own. */
  readonly copies?: number
  /** Changes what is packed, file by file; undefined leaves it out. */
  readonly change?: (entry: SpliceEntry) => SpliceEntry | undefined
}

type FilesOfTest = Readonly<Record<string, string | Uint8Array>>

export interface RealCheck extends RealPackage {
  readonly target?: WheelTarget
  readonly handler?: string | undefined
  readonly layers?: readonly RealPackage[]
}

export const usual: WheelTarget = { runtime: 'python3.11', architecture: 'x86_64' }

/** Downloads what many packages are made of, with one call of pip for each target: later calls find it. */
export function fetchWheels(specs: readonly RealCheck[]): void {
  const sets = new Map<string, { readonly of: RealPackage; readonly target: WheelTarget; readonly pins: Set<string> }>()
  for (const { target = usual, layers = [], ...own } of specs)
    for (const of of [own, ...layers]) {
      const key = JSON.stringify([of.from, target])
      const known = sets.get(key) ?? { of, target, pins: new Set() }
      for (const pin of of.wheels ?? []) known.pins.add(pin)
      sets.set(key, known)
    }
  for (const { of, target, pins } of sets.values()) wheelsOf({ ...of, wheels: [...pins] }, target)
}

function wheelsOf({ wheels = [], from }: RealPackage, target: WheelTarget): readonly string[] {
  const { platforms, ...other } = from ?? {}
  return pinnedWheels(wheels, { ...target, ...other }, platforms)
}

export async function realPackage(spec: RealPackage, target: WheelTarget = usual): Promise<string> {
  const files = wheelFiles(wheelsOf(spec, target))
  const packed = [...files]
  for (const [path, entry] of packed)
    for (let copy = 1; copy <= (spec.copies ?? 0); copy++)
      files.set(`copy${copy}/${path}`, { ...entry, path: `copy${copy}/${path}` })
  const own = typeof spec.files === 'function' ? spec.files() : (spec.files ?? {})
  for (const [path, content] of Object.entries(own))
    files.set(path, { path, mode: 0o644, source: { bytes: Buffer.from(content) } })
  const change = spec.change ?? ((entry) => entry)
  const path = join(temporaryFolder(), 'package.zip')
  await splice(
    [...files.values()].flatMap((entry) => change(entry) ?? []),
    path,
  )
  return path
}

export async function checkReal(spec: RealCheck): Promise<CheckResult & { readonly codes: readonly string[] }> {
  const target = spec.target ?? usual
  const layers: string[] = []
  for (const layer of spec.layers ?? []) layers.push(await realPackage(layer, target))
  const path = await realPackage(spec, target)
  const result = checkPackage({ path, ...target, handler: spec.handler, layers }, { today: new Date('2026-11-22') })
  return { ...result, codes: [...new Set(result.findings.map(({ code }) => code))] }
}

/** The unpacked bytes of an entry, to be changed. */
export function bytesOf({ source }: SpliceEntry): Buffer {
  if ('bytes' in source) return Buffer.from(source.bytes)
  if (!('archive' in source)) throw new Error('neither bytes nor an entry of an archive')
  const opened = openArchive(source.archive)
  try {
    const entry = opened.listing.entries.find(({ name }) => name === source.entry.name)!
    return Buffer.from(readEntry(opened.source, entry))
  } finally {
    opened.source.close()
  }
}
