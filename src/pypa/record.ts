import { defineError } from '../base/errors.ts'

/** A row of RECORD: a file's path from the site-packages folder, its digest and size. */
export interface RecordRow {
  readonly path: string
  /** `sha256`, lower case; absent where the row has none (RECORD itself, bytecode). */
  readonly algorithm?: string | undefined
  /** URL-safe base64 without padding. */
  readonly digest?: string | undefined
  readonly sizeBytes?: number | undefined
}

export const invalidRecord = defineError('ZY0206', 'refused', (p: { file: string; line: number; problem: string }) => ({
  message: `\`${p.file}\`, line ${p.line}: ${p.problem}`,
  hint: 'The wheel is damaged or was not made by a build backend; build or download it again',
}))

/** Reads RECORD: comma-separated values of path, digest and size (`csv` of Python, excel dialect, LF or CRLF). */
export function parseRecord(text: string, file = 'RECORD'): readonly RecordRow[] {
  const rows: RecordRow[] = []
  for (const { fields, line } of readCsv(text, file)) {
    if (fields.length === 1 && fields[0] === '') continue
    const [path = '', hash = '', size = ''] = fields
    const fail = (problem: string): never => {
      throw invalidRecord({ file, line, problem })
    }
    if (fields.length > 3 || path === '') fail(`\`${fields.join(',')}\` is not a path, a digest and a size`)
    const digest = /^([A-Za-z0-9_]+)=([A-Za-z0-9_-]+)=*$/.exec(hash)
    if (hash !== '' && !digest) fail(`\`${hash}\` is not a digest such as \`sha256=…\``)
    if (size !== '' && !/^\d+$/.test(size)) fail(`\`${size}\` is not a size in bytes`)
    rows.push({
      path,
      algorithm: digest?.[1]!.toLowerCase(),
      digest: digest?.[2],
      sizeBytes: size === '' ? undefined : Number(size),
    })
  }
  return rows
}

/** Writes RECORD as an installer does: rows in the order given, quotes only where needed, LF. */
export function formatRecord(rows: readonly RecordRow[]): string {
  return rows
    .map(
      (row) =>
        `${quote(row.path)},${row.digest === undefined ? '' : `${row.algorithm}=${row.digest}`},${row.sizeBytes ?? ''}\n`,
    )
    .join('')
}

/** A SHA-256 in hexadecimal as RECORD writes it. */
export function recordDigest(sha256Hex: string): string {
  return Buffer.from(sha256Hex, 'hex').toString('base64url')
}

/** How the files of a wheel differ from what its RECORD says. */
export type RecordProblem =
  | { readonly path: string; readonly because: 'missing' }
  | { readonly path: string; readonly because: 'unrecorded' }
  | { readonly path: string; readonly because: 'recorded-twice' }
  | { readonly path: string; readonly because: 'no-digest' }
  | { readonly path: string; readonly because: 'weak-digest'; readonly algorithm: string }
  | { readonly path: string; readonly because: 'size'; readonly recorded: number; readonly found: number }
  | { readonly path: string; readonly because: 'digest'; readonly recorded: string; readonly found: string }

/** A file of the wheel as it lies in the archive. */
export interface RecordedFile {
  readonly path: string
  readonly sizeBytes: number
  /** Hexadecimal; when absent only names and sizes are compared. */
  readonly sha256?: string | undefined
}

/**
 * Compares RECORD with the files of a wheel. RECORD itself and its signatures (`RECORD.jws`, `RECORD.p7s`) have no digest; every other
 * file must be listed with SHA-256 or stronger (the binary distribution format's rule).
 */
export function verifyRecord(rows: readonly RecordRow[], files: readonly RecordedFile[]): readonly RecordProblem[] {
  const problems: RecordProblem[] = []
  const byPath = new Map<string, RecordRow>()
  for (const row of rows) {
    if (byPath.has(row.path)) problems.push({ path: row.path, because: 'recorded-twice' })
    byPath.set(row.path, row)
  }
  const present = new Set<string>()
  for (const file of files) {
    present.add(file.path)
    const row = byPath.get(file.path)
    if (isRecordItself(file.path)) continue
    if (!row) problems.push({ path: file.path, because: 'unrecorded' })
    else problems.push(...compareRow(row, file))
  }
  for (const path of byPath.keys()) {
    if (!present.has(path) && !isRecordItself(path)) problems.push({ path, because: 'missing' })
  }
  return problems
}

function compareRow(row: RecordRow, file: RecordedFile): RecordProblem[] {
  const { path } = file
  if (row.sizeBytes !== undefined && row.sizeBytes !== file.sizeBytes) {
    return [{ path, because: 'size', recorded: row.sizeBytes, found: file.sizeBytes }]
  }
  if (row.digest === undefined) return [{ path, because: 'no-digest' }]
  if (!/^sha(256|384|512)$|^blake2/.test(row.algorithm!))
    return [{ path, because: 'weak-digest', algorithm: row.algorithm! }]
  if (row.algorithm !== 'sha256' || file.sha256 === undefined) return []
  const found = recordDigest(file.sha256)
  return found === row.digest ? [] : [{ path, because: 'digest', recorded: row.digest, found }]
}

function isRecordItself(path: string): boolean {
  return /\.dist-info\/RECORD(\.jws|\.p7s)?$/.test(path)
}

function quote(path: string): string {
  return /[",\r\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path
}

function* readCsv(text: string, file: string): Generator<{ fields: string[]; line: number }> {
  // As nearly every RECORD is: no path that needs quotes.
  if (!text.includes('"') && !text.includes('\r')) {
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    for (let index = 0; index < lines.length; index++) yield { fields: lines[index]!.split(','), line: index + 1 }
    return
  }
  const cell = /"((?:[^"]|"")*)"|([^",\r\n]*)/y
  let position = 0
  let line = 1
  while (position < text.length) {
    const fields: string[] = []
    const start = line
    for (;;) {
      cell.lastIndex = position
      const match = cell.exec(text)!
      position = cell.lastIndex
      line += match[0].split('\n').length - 1
      fields.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'))
      if (text[position] !== ',') break
      position += 1
    }
    const end = /\r\n|\n|\r|$/y
    end.lastIndex = position
    const newline = end.exec(text)
    if (!newline)
      throw invalidRecord({ file, line, problem: 'a quoted path is followed by neither comma nor line end' })
    position += newline[0].length
    line += 1
    yield { fields, line: start }
  }
}
