/**
 * A file layer that does what it is told and remembers every step, so that a test can ask what a power cut after any step would
 * have left: what was not synced may be lost, whole or torn.
 */
import { basename, dirname } from 'node:path'
import { realFiles, type DurableFile, type DurableFiles } from '../../src/store/files.ts'

export type Step =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'write'; readonly file: number; readonly chunk: Buffer }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'sync folder'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** The catalog committed; `digests` are those that its rows name from here on. */
  | { readonly kind: 'commit'; readonly digests: readonly string[] }

/** What happened to that which was not synced: all lost; names kept but content lost or torn in half; or all of it kept. */
export const powerCuts = ['lost', 'names only', 'torn', 'kept'] as const
export type PowerCut = (typeof powerCuts)[number]

export class RecordingFiles implements DurableFiles {
  readonly steps: Step[] = []
  #files = 0

  noteCommit(digests: readonly string[]): void {
    this.steps.push({ kind: 'commit', digests })
  }

  async makeFolder(path: string): Promise<boolean> {
    const made = await realFiles.makeFolder(path)
    if (made) this.steps.push({ kind: 'folder', path })
    return made
  }

  async create(path: string): Promise<DurableFile> {
    const real = await realFiles.create(path)
    const file = ++this.#files
    this.steps.push({ kind: 'create', path, file })
    return {
      write: async (chunk) => {
        this.steps.push({ kind: 'write', file, chunk: Buffer.from(chunk) })
        await real.write(chunk)
      },
      touch: (milliseconds) => real.touch(milliseconds),
      // Not recorded: nobody may rely on it.
      writeBack: () => real.writeBack(),
      // Recorded when it returned: only from then on may anybody rely on it.
      sync: async () => {
        await real.sync()
        this.steps.push({ kind: 'sync', file })
      },
      close: () => real.close(),
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await realFiles.rename(from, to)
    this.steps.push({ kind: 'rename', from, to })
  }

  async syncFolder(path: string): Promise<void> {
    await realFiles.syncFolder(path)
    this.steps.push({ kind: 'sync folder', path })
  }

  async remove(path: string): Promise<void> {
    await realFiles.remove(path)
    this.steps.push({ kind: 'remove', path })
  }
}

/** The disk after a power cut: content by file name (the last part of the path). */
export function afterPowerCut(steps: readonly Step[], cut: PowerCut): Map<string, Buffer> {
  const content = new Map<number, { written: Buffer[]; synced: number }>()
  const names = new Map<string, number>()
  const durableNames = new Map<string, number>()
  for (const step of steps) {
    if (step.kind === 'create') {
      content.set(step.file, { written: [], synced: 0 })
      names.set(step.path, step.file)
    }
    if (step.kind === 'write') content.get(step.file)!.written.push(step.chunk)
    if (step.kind === 'sync') content.get(step.file)!.synced = content.get(step.file)!.written.length
    if (step.kind === 'rename') {
      names.set(step.to, names.get(step.from)!)
      names.delete(step.from)
    }
    if (step.kind === 'remove') names.delete(step.path)
    if (step.kind === 'sync folder') {
      for (const path of durableNames.keys()) if (dirname(path) === step.path) durableNames.delete(path)
      for (const [path, file] of names) if (dirname(path) === step.path) durableNames.set(path, file)
    }
  }
  const left = cut === 'lost' ? withoutLostFolders(steps, durableNames) : names
  return new Map(
    [...left].map(([path, file]) => {
      const { written, synced } = content.get(file)!
      const safe = Buffer.concat(written.slice(0, synced))
      const unsafe = Buffer.concat(written.slice(synced))
      const kept = { lost: 0, 'names only': 0, torn: unsafe.length >> 1, kept: unsafe.length }[cut]
      return [basename(path), Buffer.concat([safe, unsafe.subarray(0, kept)])]
    }),
  )
}

/** A folder made after the recording began is only there when its parent was synced after it was made. */
function withoutLostFolders(steps: readonly Step[], names: Map<string, number>): Map<string, number> {
  const lost = new Set<string>()
  for (const step of steps) {
    if (step.kind === 'folder') lost.add(step.path)
    if (step.kind === 'sync folder') for (const path of lost) if (dirname(path) === step.path) lost.delete(path)
  }
  return new Map([...names].filter(([path]) => !lost.has(dirname(path))))
}
