import { crc32 } from './crc32.ts'
import { decodeCp437 } from './cp437.ts'
import type { EndRecord } from './end-record.ts'
import { DirectoryEntry } from './directory-entry.ts'
import { isDirectory, isEncrypted, isSymbolicLink, unixMode, type Entry } from './entry.ts'
import { entryPath, nameHazards } from './entry-name.ts'
import {
  centralDirectoryHeaderBytes,
  centralDirectorySignature,
  creators,
  extraFields,
  fileTypes,
  flags,
  highestDeflateRatio,
  methodName,
  methods,
} from './format.ts'
import { hazard, type Hazard, type HazardCode } from './hazard.ts'
import type { Reading } from './source.ts'

/** Reads the central directory's headers (APPNOTE 4.3.12) and what is odd about them. */
export function* readDirectory(
  end: EndRecord,
): Reading<{ readonly entries: DirectoryEntry[]; readonly hazards: Hazard[] }> {
  const bytes = yield { position: end.directoryOffset, length: end.directoryBytes }
  const hazards: Hazard[] = []
  const entries: DirectoryEntry[] = []
  const directory = openDirectory(bytes)
  let at = 0
  while (startsHeader(directory, at)) {
    const next = nextHeader(directory, at)
    if (next > bytes.length) break
    entries.push(parseHeader(directory, at, entries.length, end.prefixBytes, hazards))
    at = next
  }
  if (entries.length !== end.entryCount)
    hazards.push(
      hazard('entry-count', `its end record counts ${end.entryCount} files, its directory lists ${entries.length}`),
    )
  if (at < bytes.length)
    hazards.push(hazard('directory-gap', `${bytes.length - at} bytes of its directory are no file headers`))
  if (entries.length === 0) hazards.push(hazard('no-entries', 'it holds no files'))
  for (const entry of entries) addEntryHazards(entry, hazards)
  for (const found of treeHazards(entries)) hazards.push(found)
  return { entries, hazards }
}

/**
 * The headers that start at these positions of a central directory, and what is odd about them, for who knows all of the others already: those are
 * plain, and share no first part of a name with these.
 */
export function readHeadersAt(
  bytes: Buffer,
  positions: readonly number[],
  prefixBytes: number,
): { readonly entries: readonly DirectoryEntry[]; readonly hazards: readonly Hazard[] } {
  const hazards: Hazard[] = []
  const directory = openDirectory(bytes, false)
  const entries = positions.map((at, index) => parseHeader(directory, at, index, prefixBytes, hazards))
  for (const entry of entries) addEntryHazards(entry, hazards)
  return { entries, hazards: [...hazards, ...treeHazards(entries)] }
}

interface Directory {
  readonly bytes: Buffer
  readonly view: DataView
  /** The same bytes as Latin-1: names are cut out of it, which costs a tenth of decoding one after the other. */
  readonly text: string | undefined
}

/** Larger directories are decoded name by name, in bytes: a string has a longest length, and no package comes near. */
const largestText = 128 * 1024 * 1024

function openDirectory(bytes: Buffer, isWhole = true): Directory {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    text: isWhole && bytes.length <= largestText ? bytes.toString('latin1') : undefined,
  }
}

function startsHeader({ view }: Directory, at: number): boolean {
  return at + centralDirectoryHeaderBytes <= view.byteLength && view.getUint32(at, true) === centralDirectorySignature
}

function nextHeader({ view }: Directory, at: number): number {
  const nameBytes = view.getUint16(at + 28, true)
  const extraBytes = view.getUint16(at + 30, true)
  const commentBytes = view.getUint16(at + 32, true)
  return at + centralDirectoryHeaderBytes + nameBytes + extraBytes + commentBytes
}

function parseHeader(
  { bytes, view, text }: Directory,
  at: number,
  index: number,
  prefixBytes: number,
  hazards: Hazard[],
): DirectoryEntry {
  const extraBytes = view.getUint16(at + 30, true)
  const nameAt = at + centralDirectoryHeaderBytes
  const nameEnd = nameAt + view.getUint16(at + 28, true)
  const bits = view.getUint16(at + 8, true)
  const creator = view.getUint8(at + 5)
  const sizes = {
    compressed: view.getUint32(at + 20, true),
    uncompressed: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
  }
  const ascii = text === undefined ? bytes.toString('latin1', nameAt, nameEnd) : text.slice(nameAt, nameEnd)
  let name = isAscii(ascii) ? ascii : decodeName(bytes.subarray(nameAt, nameEnd), bits, creator, hazards)
  if (extraBytes > 0) {
    const extra = bytes.subarray(nameEnd, nameEnd + extraBytes)
    name = readExtra(extra, sizes, bytes.subarray(nameAt, nameEnd), name, hazards)
  }
  const disk = view.getUint16(at + 34, true)
  if (disk !== 0 && disk !== 0xffff)
    hazards.push(hazard('multi-disk', `\`${name}\` lies on another disk of a split archive`, name))
  const entry = new DirectoryEntry(index, name, bytes, nameAt, nameEnd - nameAt)
  entry.method = view.getUint16(at + 10, true)
  entry.flags = bits
  entry.crc32 = view.getUint32(at + 16, true)
  entry.compressedBytes = sizes.compressed
  entry.uncompressedBytes = sizes.uncompressed
  entry.creator = creator
  entry.externalAttributes = view.getUint32(at + 38, true)
  entry.localHeaderOffset = sizes.offset + prefixBytes
  entry.dosTime = ((view.getUint16(at + 14, true) << 16) | view.getUint16(at + 12, true)) >>> 0
  entry.extraBytes = extraBytes
  return entry
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name with bytes beyond ASCII. */
function decodeName(rawName: Buffer, bits: number, creator: number, hazards: Hazard[]): string {
  const utf8 = decodeUtf8(rawName)
  if ((bits & flags.utf8) === 0) {
    // Info-ZIP in the C locale, as in most containers, stores a Unix name's bytes without saying that they are UTF-8.
    const name = creator === creators.unix && utf8 !== undefined ? utf8 : decodeCp437(rawName)
    hazards.push(hazard('name-unmarked', `\`${name}\` is not marked as UTF-8`, name))
    return name
  }
  if (utf8 !== undefined) return utf8
  const name = rawName.toString('utf8')
  hazards.push(hazard('name-not-utf8', `\`${name}\` is marked as UTF-8 and is not`, name))
  return name
}

function decodeUtf8(rawName: Buffer): string | undefined {
  try {
    return strictUtf8.decode(rawName)
  } catch {
    return undefined
  }
}

// eslint-disable-next-line no-control-regex
const asciiOnly = /^[\x00-\x7f]*$/

function isAscii(text: string): boolean {
  return asciiOnly.test(text)
}

/** Applies the zip64 sizes (4.5.3) and Info-ZIP's Unicode path (4.6.9) of an extra field; returns the name that counts. */
function readExtra(
  extra: Buffer,
  sizes: { compressed: number; uncompressed: number; offset: number },
  rawName: Buffer,
  name: string,
  hazards: Hazard[],
): string {
  let at = 0
  let result = name
  while (at + 4 <= extra.length) {
    const id = extra.readUInt16LE(at)
    const length = extra.readUInt16LE(at + 2)
    const field = extra.subarray(at + 4, at + 4 + length)
    if (field.length < length) break
    if (id === extraFields.zip64) readZip64Sizes(field, sizes)
    if (
      id === extraFields.unicodePath &&
      field.length > 5 &&
      field[0] === 1 &&
      field.readUInt32LE(1) === crc32(rawName)
    ) {
      const other = field.toString('utf8', 5)
      if (other !== name) {
        // Info-ZIP writes this field for names that its own locale could not hold: no contradiction then.
        if (isAscii(name)) hazards.push(hazard('unicode-path', `\`${name}\` is also called \`${other}\``, other))
        result = other
      }
    }
    at += 4 + length
  }
  return result
}

function readZip64Sizes(field: Buffer, sizes: { compressed: number; uncompressed: number; offset: number }): void {
  let at = 0
  const take = (): number | undefined => {
    if (at + 8 > field.length) return undefined
    at += 8
    return Number(field.readBigUInt64LE(at - 8))
  }
  if (sizes.uncompressed === 0xffffffff) sizes.uncompressed = take() ?? sizes.uncompressed
  if (sizes.compressed === 0xffffffff) sizes.compressed = take() ?? sizes.compressed
  if (sizes.offset === 0xffffffff) sizes.offset = take() ?? sizes.offset
}

/** What one header says that no ordinary archive says. */
function addEntryHazards(entry: Entry, found: Hazard[]): void {
  const { name, method } = entry
  const add = (code: HazardCode, sentence: string): void => void found.push(hazard(code, sentence, name))
  for (const code of nameHazards(name)) add(code, nameSentence(code, name))
  if (isEncrypted(entry)) add('encrypted', `\`${name}\` is encrypted`)
  if (entry.flags & flags.patchedData) add('method', `\`${name}\` is a patch, not a file`)
  if (entry.flags & flags.dataDescriptor) add('data-descriptor', `\`${name}\` has its sizes behind its data`)
  if (method !== methods.stored && method !== methods.deflate)
    add('method', `\`${name}\` is packed with ${methodName(method)}`)
  if (method === methods.stored && entry.compressedBytes !== entry.uncompressedBytes && !isEncrypted(entry))
    add(
      'size-disagrees',
      `\`${name}\` is stored as it is, yet ${entry.compressedBytes} bytes stand for ${entry.uncompressedBytes}`,
    )
  if (method === methods.deflate && entry.uncompressedBytes > entry.compressedBytes * highestDeflateRatio)
    add(
      'impossible-ratio',
      `\`${name}\` claims that ${entry.compressedBytes} bytes unpack to ${entry.uncompressedBytes}`,
    )
  const type = unixMode(entry) & fileTypes.mask
  if (isDirectory(entry)) {
    if (entry.uncompressedBytes > 0)
      add('directory-with-data', `the folder \`${name}\` carries ${entry.uncompressedBytes} bytes`)
  } else if (isSymbolicLink(entry)) add('symbolic-link', `\`${name}\` is a symbolic link`)
  else if (type !== 0 && type !== fileTypes.regular)
    add('special-file', `\`${name}\` is neither a file nor a folder nor a link (mode ${unixMode(entry).toString(8)})`)
}

function nameSentence(code: HazardCode, name: string): string {
  const sentences: Partial<Record<HazardCode, string>> = {
    'empty-name': `a file is called \`${name}\`, which is no name`,
    'absolute-name': `\`${name}\` starts at the root of the file system`,
    'parent-name': `\`${name}\` leads out of the package`,
    'nul-name': `\`${name.replaceAll('\0', '\\0')}\` has a NUL character in its name`,
    'drive-name': `\`${name}\` starts with a drive letter`,
    'untidy-name': `\`${name}\` has empty or \`.\` parts in its name`,
    'backslash-name': `\`${name}\` has backslashes where Linux needs \`/\``,
    'control-name': `${JSON.stringify(name)} has control characters in its name`,
    'long-name': `\`${name.slice(0, 80)}…\` is too long a name`,
    'name-not-nfc': `\`${name}\` is not spelled in composed Unicode (NFC)`,
  }
  return sentences[code] ?? `\`${name}\`: ${code}`
}

/** What only shows when all names stand side by side: twice the same path, twice but for case, a file that is also a folder. */
export function treeHazards(entries: readonly Pick<Entry, 'name'>[]): Hazard[] {
  const found: Hazard[] = []
  const paths = new Map<string, 'file' | 'folder'>()
  const folders = new Set<string>()
  /** First spellings of paths that have capitals, by the path without; a path without stands for itself. */
  const folded = new Map<string, string>()
  let latest = ''
  for (const entry of entries) {
    const path = entryPath(entry.name)
    if (!path) continue
    const kind = isDirectory(entry) ? 'folder' : 'file'
    const earlier = paths.get(path)
    if (earlier !== undefined && earlier !== kind)
      found.push(hazard('path-conflict', `\`${path}\` is both a file and a folder`, entry.name))
    else if (earlier !== undefined && kind === 'file')
      found.push(hazard('duplicate-name', `\`${entry.name}\` stands in it twice`, entry.name))
    paths.set(path, kind)
    const lower = path.toLowerCase()
    const twin = folded.get(lower) ?? (lower !== path && paths.has(lower) ? lower : path)
    if (lower !== path) folded.set(lower, twin)
    if (twin !== path)
      found.push(hazard('case-collision', `\`${path}\` and \`${twin}\` differ only in case`, entry.name))
    // Neighbours in an archive lie in one folder mostly.
    if (latest !== '' && path.startsWith(latest) && !path.includes('/', latest.length)) continue
    latest = path.slice(0, path.lastIndexOf('/') + 1)
    for (let slash = latest.length - 1; slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  for (const folder of folders)
    if (paths.get(folder) === 'file')
      found.push(hazard('path-conflict', `\`${folder}\` is both a file and a folder`, folder))
  return found
}
