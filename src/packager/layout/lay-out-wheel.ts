import { sha256 } from '../../base/digest.ts'
import { parseEntryPoints, type EntryPoint } from '../../pypa/entry-points.ts'
import { parseMetadata } from '../../pypa/metadata.ts'
import { formatRecord, parseRecord, recordDigest, type RecordRow } from '../../pypa/record.ts'
import { readEntry } from '../../zip/entry-data.ts'
import { compareUtf8 } from '../../zip/plan.ts'
import { openFileSource, type FileSource } from '../../zip/source.ts'
import type { IndexedEntry } from '../../zip/wheel-index.ts'
import type { Artifact } from '../artifact.ts'
import { entryPointScripts, isEntryPointWrapper, rewriteShebang } from './entry-point-scripts.ts'
import type { LayoutFile, LeaveOutReason, LeftOut } from './layout.ts'
import { mapWheelPaths, wheelLies, type WheelPath } from './wheel-paths.ts'

/**
 * `lambda`: what the function needs at run time, metadata included, so that `importlib.metadata` answers as after an installation.
 * `pip`: every file that `pip install --target --no-compile` writes, byte for byte.
 */
export type LayoutMode = 'lambda' | 'pip'

export interface WheelLayout {
  readonly files: readonly LayoutFile[]
  readonly leftOut: readonly LeftOut[]
}

/** Decides by path what `--slim` leaves out of a wheel; nothing where absent. */
export type Slimming = (path: string) => LeaveOutReason | undefined

/** Lays one wheel out. Reads from it only what has to be changed. */
export function layOutWheel(
  artifact: Artifact,
  options: {
    readonly mode: LayoutMode
    /** The interpreter that scripts name in their first line. */
    readonly interpreter: string
    /** `3.13` */
    readonly python: string
    readonly slim?: Slimming | undefined
  },
): WheelLayout {
  const { paths, distInfo } = mapWheelPaths(artifact.filename, artifact.index.entries)
  const reader = new WheelReader(artifact)
  try {
    return options.mode === 'pip'
      ? asPipInstalls(artifact, paths, distInfo, reader, options)
      : forLambda(artifact, paths, distInfo, reader, options.slim)
  } finally {
    reader.close()
  }
}

function forLambda(
  artifact: Artifact,
  paths: readonly WheelPath[],
  distInfo: string,
  reader: WheelReader,
  slim: Slimming | undefined,
): WheelLayout {
  const files: LayoutFile[] = []
  const leftOut: LeftOut[] = []
  const record = `${distInfo}/RECORD`
  const moved = new Map<string, string>()
  const gone = new Set<string>()
  for (const wheelPath of paths) {
    const { entry, path } = wheelPath
    if (entry.name === record) continue
    const because = reasonToLeaveOut(wheelPath, distInfo) ?? slim?.(path)
    if (because) {
      leftOut.push({ distribution: artifact.name, path, because, uncompressedBytes: entry.uncompressedBytes })
      gone.add(entry.name)
      continue
    }
    if (path !== entry.name) moved.set(entry.name, path)
    files.push(spliced(artifact, entry, path, modeOf(entry)))
  }
  files.push(moved.size + gone.size === 0 ? reader.recordAsItIs(record) : reader.recordOf(record, moved, gone))
  return { files, leftOut }
}

function reasonToLeaveOut({ entry, kind, path }: WheelPath, distInfo: string): LeaveOutReason | undefined {
  if (kind === 'script') return 'script'
  if (kind === 'header') return 'header'
  if (path.endsWith('.pyc') && /(^|\/)__pycache__\//.test(path)) return 'bytecode'
  if (kind === 'dist-info' && /^RECORD\.(jws|p7s)$/.test(entry.name.slice(distInfo.length + 1)))
    return 'record-signature'
  return undefined
}

function asPipInstalls(
  artifact: Artifact,
  paths: readonly WheelPath[],
  distInfo: string,
  reader: WheelReader,
  options: { readonly interpreter: string; readonly python: string },
): WheelLayout {
  const record = `${distInfo}/RECORD`
  const points = reader.entryPoints(distInfo)
  const installed = new Map<string, string>()
  const files = new Map<string, LayoutFile>()
  const changed = new Map<string, Buffer>()
  // pip unpacks the root first, then data, then scripts: of two files for one place the later stays.
  for (const mapped of [...paths].sort((a, b) => order(a) - order(b))) {
    const wheelPath = mapped.kind === 'header' ? { ...mapped, path: reader.headerPath(mapped, distInfo) } : mapped
    const { entry, kind, path } = wheelPath
    if (entry.name === record) continue
    if (kind === 'script' && isEntryPointWrapper(path, points)) continue
    installed.set(entry.name, recordPath(wheelPath))
    if (kind !== 'script') {
      files.set(path, spliced(artifact, entry, path, modeOf(entry)))
      continue
    }
    const bytes = reader.read(entry)
    const rewritten = rewriteShebang(bytes, options.interpreter)
    if (rewritten !== bytes) changed.set(recordPath(wheelPath), rewritten)
    files.set(
      path,
      rewritten === bytes
        ? spliced(artifact, entry, path, modeOf(entry))
        : made(artifact, path, rewritten, modeOf(entry)),
    )
  }
  const generated: [recordPath: string, file: LayoutFile][] = []
  for (const script of entryPointScripts(points, { distribution: artifact.name, ...options }))
    generated.push([`../../${script.path}`, made(artifact, script.path, script.bytes, 0o755)])
  const inDistInfo = (name: string, text: string): void => {
    generated.push([`${distInfo}/${name}`, made(artifact, `${distInfo}/${name}`, Buffer.from(text), 0o644)])
  }
  inDistInfo('INSTALLER', 'pip\n')
  if (artifact.directUrl) inDistInfo('direct_url.json', pythonJson(artifact.directUrl))
  if (artifact.isRequested) inDistInfo('REQUESTED', '')
  for (const [, file] of generated) files.set(file.path, file)
  const rows = installedRows(reader.recordRows(record), installed, changed, generated)
  // pip's CSV writer ends lines as the excel dialect does.
  files.set(record, made(artifact, record, Buffer.from(formatRecord(rows).replaceAll('\n', '\r\n')), 0o644))
  return { files: [...files.values()], leftOut: [] }
}

const order = ({ kind }: WheelPath): number => (kind === 'script' ? 2 : kind === 'root' || kind === 'dist-info' ? 0 : 1)

/** Paths in RECORD are seen from site-packages, which pip puts at `lib/python` of a temporary home. */
function recordPath({ kind, path, entry }: WheelPath): string {
  if (kind === 'script' || kind === 'header') return `../../${path}`
  return kind === 'data' && entry.name !== path ? `../../${path}` : path
}

/** The rows of RECORD as pip writes them: those of the wheel, moved; then what was made; sorted as text. */
function installedRows(
  rows: readonly RecordRow[],
  installed: Map<string, string>,
  changed: ReadonlyMap<string, Buffer>,
  generated: readonly (readonly [string, LayoutFile])[],
): RecordRow[] {
  const left = new Map(installed)
  const result = rows.map((row): RecordRow => {
    const path = left.get(row.path) ?? row.path
    left.delete(row.path)
    const bytes = changed.get(path)
    return bytes ? rowOf(path, bytes) : { ...row, path }
  })
  for (const [path, file] of generated) result.push(rowOf(path, (file.source as { bytes: Buffer }).bytes))
  for (const path of left.values()) result.push({ path })
  return result.sort((a, b) => compareUtf8(a.path, b.path))
}

function rowOf(path: string, bytes: Uint8Array): RecordRow {
  return { path, algorithm: 'sha256', digest: recordDigest(sha256(bytes)), sizeBytes: bytes.length }
}

/** JSON as Python's `json.dumps(value, sort_keys=True)` writes it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => compareUtf8(a, b))
    return `{${members.map(([key, member]) => `${pythonJson(key)}: ${pythonJson(member)}`).join(', ')}}`
  }
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Executable where the wheel says so: its author's word, not the host's. */
function modeOf(entry: IndexedEntry): number {
  return (entry.mode & 0o111) === 0 ? 0o644 : 0o755
}

function spliced(artifact: Artifact, entry: IndexedEntry, path: string, mode: number): LayoutFile {
  return {
    path,
    mode,
    source: { archive: artifact.path, entry },
    owner: { distribution: artifact.name },
    uncompressedBytes: entry.uncompressedBytes,
    compressedBytes: entry.compressedBytes,
    crc32: entry.crc32,
  }
}

function made(artifact: Artifact, path: string, bytes: Buffer, mode: number): LayoutFile {
  return { path, mode, source: { bytes }, owner: { distribution: artifact.name }, uncompressedBytes: bytes.length }
}

/** Opens the wheel when something has to be read from it, which for most wheels is never. */
class WheelReader {
  readonly #artifact: Artifact
  #source: FileSource | undefined
  #name: string | undefined

  constructor(artifact: Artifact) {
    this.#artifact = artifact
  }

  read(entry: IndexedEntry): Buffer {
    this.#source ??= openFileSource(this.#artifact.path)
    return readEntry(this.#source, entry, this.#artifact.filename)
  }

  entryPoints(distInfo: string): readonly EntryPoint[] {
    const entry = this.#find(`${distInfo}/entry_points.txt`)
    return entry ? parseEntryPoints(this.read(entry).toString('utf8'), `${this.#artifact.filename}: ${entry.name}`) : []
  }

  /** pip names the folder of headers as the project writes its name, not in normalised form. */
  headerPath({ path }: WheelPath, distInfo: string): string {
    this.#name ??= parseMetadata(this.read(this.#required(`${distInfo}/METADATA`)).toString('utf8')).name
    return path.replace(`include/python/${this.#artifact.name}/`, () => `include/python/${this.#name}/`)
  }

  recordRows(record: string): readonly RecordRow[] {
    return parseRecord(this.read(this.#required(record)).toString('utf8'), `${this.#artifact.filename}: ${record}`)
  }

  /** RECORD copied compressed: nothing it names has moved. */
  recordAsItIs(record: string): LayoutFile {
    return spliced(this.#artifact, this.#required(record), record, 0o644)
  }

  /** RECORD of what is really there. */
  recordOf(record: string, moved: ReadonlyMap<string, string>, gone: ReadonlySet<string>): LayoutFile {
    const rows = this.recordRows(record)
      .filter((row) => !gone.has(row.path))
      .map((row) => ({ ...row, path: moved.get(row.path) ?? row.path }))
    return made(this.#artifact, record, Buffer.from(formatRecord(rows)), 0o644)
  }

  close(): void {
    this.#source?.close()
  }

  #find(name: string): IndexedEntry | undefined {
    return this.#artifact.index.entries.find((entry) => entry.name === name)
  }

  #required(name: string): IndexedEntry {
    const entry = this.#find(name)
    if (!entry) throw wheelLies({ wheel: this.#artifact.filename, problem: `it has no \`${name}\`` })
    return entry
  }
}
