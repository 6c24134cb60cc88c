/** Reads what `runtime/tools/import_proof.py` tells while it runs. The function's code could write there as well: nothing in it is believed to be well-formed. */
import type { Readable } from 'node:stream'
import type { ImportedModule, ImportError, OutsideAccess } from './import-proof.ts'

/** What was told until the pipe ended. */
export interface ProofReport {
  readonly modules: readonly ImportedModule[]
  /** Modules whose import had begun and not ended, outermost first. */
  readonly unfinished: readonly string[]
  readonly outside: OutsideAccess
  readonly outcome?: { readonly tookMicros: number; readonly error?: ImportError | undefined } | undefined
}

/** More than any honest import tells; the rest is not kept, in bytes. */
const reportLimit = 16 * 1024 * 1024

export async function readReport(pipe: Readable): Promise<ProofReport> {
  const { text } = await readUpTo(pipe, reportLimit)
  const outside = { open: [] as string[], connect: [] as string[], start: [] as string[] }
  const modules: ImportedModule[] = []
  const unfinished: string[] = []
  /** Time of what was imported inside, by depth. */
  const inner: number[] = []
  let outcome: ProofReport['outcome']
  for (const line of text.split('\n')) {
    const record = parse(line)
    if (!record) continue
    const [kind, ...values] = record
    if (kind === 'begin' && typeof values[0] === 'string') unfinished.push(values[0])
    else if (kind === 'end') {
      const module = moduleOf(values, inner)
      if (!module) continue
      unfinished.pop()
      modules.push(module)
    } else if ((kind === 'open' || kind === 'connect' || kind === 'start') && typeof values[0] === 'string')
      outside[kind].push(values[0])
    else if (kind === 'done' || kind === 'error')
      outcome = { tookMicros: number(values[0]), error: kind === 'error' ? errorOf(values[1]) : undefined }
  }
  const began = modules.reduce((least, module) => Math.min(least, module.beganMicros), Infinity)
  return {
    modules: modules
      .map((module) => ({ ...module, beganMicros: module.beganMicros - began }))
      .sort((a, b) => a.beganMicros - b.beganMicros || a.depth - b.depth),
    unfinished,
    outside: { opened: outside.open, connected: outside.connect, started: outside.start },
    outcome,
  }
}

/** Reads a pipe to its end and keeps its beginning. */
export async function readUpTo(pipe: Readable, limitBytes: number): Promise<{ text: string; bytes: number }> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of pipe as AsyncIterable<Buffer>) {
    if (bytes < limitBytes) kept.push(chunk.subarray(0, limitBytes - bytes))
    bytes += chunk.length
  }
  return { text: Buffer.concat(kept).toString('utf8'), bytes }
}

function parse(line: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function moduleOf(values: readonly unknown[], inner: number[]): ImportedModule | undefined {
  const [name, depth, began, took, grown, file, isLoaded] = values
  if (typeof name !== 'string' || typeof depth !== 'number' || !(depth >= 0 && depth < 10_000)) return undefined
  const tookMicros = number(took)
  const ownMicros = Math.max(0, tookMicros - (inner[depth + 1] ?? 0))
  inner[depth + 1] = 0
  inner[depth] = (inner[depth] ?? 0) + tookMicros
  return {
    name,
    depth,
    beganMicros: number(began),
    tookMicros,
    ownMicros,
    grownBytes: Math.max(0, number(grown)),
    ...(typeof file === 'string' ? { file } : {}),
    isLoaded: isLoaded === true,
  }
}

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
const string = (value: unknown): string => (typeof value === 'string' ? value : '')

function errorOf(value: unknown): ImportError {
  const { errorType, errorMessage, stackTrace } = (value ?? {}) as Partial<Record<keyof ImportError, unknown>>
  return {
    errorType: string(errorType),
    errorMessage: string(errorMessage),
    stackTrace: Array.isArray(stackTrace) ? stackTrace.map(string) : [],
  }
}
