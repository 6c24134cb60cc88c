import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseHandler, malformedHandler } from '../lambda/handler.ts'
import { moduleNames, type ModuleNames } from '../python/module-names.ts'
import { isDirectory, isEncrypted, isSymbolicLink, permissionsOf, type Entry } from '../zip/entry.ts'
import { readEntry } from '../zip/entry-data.ts'
import { entryDamaged } from '../zip/errors.ts'
import { entryPath } from '../zip/entry-name.ts'
import type { Hazard } from '../zip/hazard.ts'
import { Inflater } from '../zip/inflater.ts'
import { dataOffsetOf } from '../zip/local-headers.ts'
import { openArchive } from '../zip/reader.ts'
import type { FileSource } from '../zip/source.ts'
import type { ContentFacts } from './content-facts.ts'
import { findDistributions } from './distributions.ts'
import type { AuditTarget, PackageFacts, PackageFile, TreeFacts } from './facts.ts'
import { joinTree, openByWheels, type RestTree } from './known-tree.ts'
import type { WholeWheel } from './wheel-facts.ts'
import { handlerCandidates } from './handler-file.ts'
import { isWorthAThread, LibraryThread, mayNeedAThread } from './library-thread.ts'
import { interestIn, readContent, type Interest } from './read-content.ts'
import { notACheckablePackage } from './errors.ts'

/**
 * What is known of a distribution's file without reading it, from when its wheel entered the cache. `undefined`: not known, read it;
 * `null`: known, and there is nothing of interest in it.
 */
export type KnownContent = (file: {
  readonly path: string
  readonly crc32: number
  readonly bytes: number
  readonly distribution: string
}) => ContentFacts | null | undefined

export interface CollectOptions {
  readonly target: AuditTarget
  readonly handler?: string | undefined
  /** Zips or folders, in the order of the function's configuration. */
  readonly layers?: readonly string[] | undefined
  /** What is known of the files of a zip, by its path. */
  readonly knownIn?: ((path: string) => KnownPackage | undefined) | undefined
  readonly today?: Date | undefined
  /** Every native library will be asked for: a second thread may begin with them. */
  readonly readsLibraries?: boolean | undefined
}

/** What is known of a package from the wheels that it was made of. */
export interface KnownPackage {
  readonly contentOf: KnownContent
  /** The wheels whose files lie where the package has them; read when they are asked for. */
  readonly wheels: () => readonly WholeWheel[]
}

/** Facts, and the files behind them: contents are read when a rule asks for them, so keep it open until the audit is done. */
export interface OpenFacts {
  readonly facts: PackageFacts
  readonly close: () => void
}

/** Gathers the facts of a zip or a folder. Throws `notAZip` and `notACheckablePackage`; everything else is a fact. */
export function openFacts(path: string, options: CollectOptions): OpenFacts {
  const opened: OpenTree[] = []
  const close = (): void => opened.forEach((tree) => tree.close())
  const open = (from: string, known = options.knownIn?.(from)): TreeFacts & { readonly tree: OpenTree } => {
    const readsAhead = options.readsLibraries === true && !known && from === path
    const tree = openTree(from, { isKnown: known !== undefined, readsAhead })
    opened.push(tree)
    return { ...gather(tree, known?.contentOf), tree }
  }
  try {
    const known = options.knownIn?.(path)
    // With layers modules are looked for in several trees, file by file.
    const byWheels = known && !options.layers?.length ? openKnown(path, known, options) : undefined
    if (byWheels) opened.push(byWheels.tree)
    const { tree, ...facts } = byWheels ?? open(path, known)
    return {
      close,
      facts: {
        target: options.target,
        package: facts,
        layers: (options.layers ?? []).map((layer) => {
          const { tree: _, ...facts } = open(layer)
          return facts
        }),
        handler: options.handler,
        handlerModule: handlerModuleOf(options.handler, facts, tree),
        today: options.today ?? new Date(),
      },
    }
  } catch (error) {
    close()
    throw error
  }
}

/** A file before it was looked into. */
interface RawFile {
  readonly path: string
  readonly bytes: number
  readonly packedBytes: number
  readonly permissions: number
  readonly kind: 'file' | 'link'
  readonly crc32?: number | undefined
  readonly read: () => Uint8Array
  /** What another thread found in it meanwhile; `read` when it has not come to it. */
  readonly readAhead?: (() => { readonly content: ContentFacts | undefined } | 'read') | undefined
}

interface OpenTree {
  readonly name: string
  readonly zippedBytes: number | undefined
  readonly files: ReadonlyMap<string, RawFile>
  readonly folders: ReadonlyMap<string, number>
  readonly hazards: readonly Hazard[]
  readonly close: () => void
}

/** The same for a package that was made of wheels, when they are in it to their last file and its handler is in none of them. */
function openKnown(
  path: string,
  known: KnownPackage,
  { handler }: CollectOptions,
): (TreeFacts & { readonly tree: OpenTree }) | undefined {
  const archive = openByWheels(path, known.wheels())
  if (!archive) return undefined
  const tree = treeOf(
    archive.restEntries,
    archive.hazards,
    { path, source: archive.source, inflater: new Inflater() },
    undefined,
  )
  const facts = joinTree(archive, gather(tree, known.contentOf))
  const isOwn = (candidate: string): boolean => tree.files.has(candidate) || !facts?.files.has(candidate)
  const isStart = ({ path: each, distribution }: PackageFile): boolean =>
    distribution === undefined && each.endsWith('.py')
  if (facts && candidatesOf(handler).every(isOwn) && [...facts.wheels!.rest.values()].some(isStart))
    return { ...facts, tree }
  tree.close()
  return undefined
}

interface OpenOptions {
  /** Its files are known, and so is that its headers agree. */
  readonly isKnown: boolean
  /** Another thread may begin with the native libraries. */
  readonly readsAhead: boolean
}

function openTree(path: string, options: OpenOptions): OpenTree {
  if (!existsSync(path)) throw notACheckablePackage({ path })
  const stat = statSync(path)
  if (stat.isDirectory()) return openFolder(path)
  const thread = options.readsAhead && mayNeedAThread(stat.size) ? new LibraryThread() : undefined
  try {
    return openZip(path, options, thread)
  } catch (error) {
    thread?.stop()
    throw error
  }
}

/** The local headers of a known package are those that were written with it; nobody needs to compare them. */
function openZip(path: string, { isKnown, readsAhead }: OpenOptions, thread: LibraryThread | undefined): OpenTree {
  const { source, listing } = openArchive(path, { localHeaders: isKnown ? 'skip' : 'check' })
  const archive: OpenArchive = { path, source, inflater: new Inflater(), thread }
  const binaries: Entry[] = []
  const tree = treeOf(listing.entries, listing.hazards, archive, readsAhead ? binaries : undefined)
  if (isWorthAThread(binaries)) (archive.thread ??= new LibraryThread()).read(path, source, binaries)
  return tree
}

/** Notes native libraries in `binaries`. */
function treeOf(
  entries: readonly Entry[],
  hazards: readonly Hazard[],
  archive: OpenArchive,
  binaries: Entry[] | undefined,
): OpenTree {
  const files = new Map<string, RawFile>()
  const folders = new Map<string, number>()
  for (const entry of entries) {
    const inside = entryPath(entry.name)
    if (!inside) continue
    if (isDirectory(entry)) folders.set(inside, permissionsOf(entry))
    else {
      const file = new ArchivedFile(inside, entry, archive)
      files.set(inside, file)
      if (binaries && file.bytes <= largestRead && interestIn(file, false) === 'binary') binaries.push(entry)
    }
  }
  return {
    name: basename(archive.path),
    zippedBytes: archive.source.size,
    files,
    folders,
    hazards,
    close() {
      archive.thread?.stop()
      archive.source.close()
      archive.inflater.close()
    },
  }
}

class ArchivedFile implements RawFile {
  readonly path: string
  readonly bytes: number
  readonly packedBytes: number
  readonly permissions: number
  readonly kind: 'file' | 'link'
  readonly crc32: number | undefined
  readonly #entry: Entry
  readonly #archive: OpenArchive

  constructor(path: string, entry: Entry, archive: OpenArchive) {
    this.path = path
    this.bytes = entry.uncompressedBytes
    this.packedBytes = entry.compressedBytes
    this.permissions = permissionsOf(entry)
    this.kind = isSymbolicLink(entry) ? 'link' : 'file'
    this.crc32 = isEncrypted(entry) ? undefined : entry.crc32
    this.#entry = entry
    this.#archive = archive
  }

  read(): Uint8Array {
    const { source, path, inflater } = this.#archive
    const entry = this.#entry
    return readEntry(
      source,
      entry.dataOffset < 0 ? { ...entry, dataOffset: dataOffsetOf(source, entry) } : entry,
      path,
      inflater,
    )
  }

  readAhead(): { readonly content: ContentFacts | undefined } | 'read' {
    return this.#archive.thread?.contentOf(this.#entry) ?? 'read'
  }
}

interface OpenArchive {
  readonly path: string
  readonly source: FileSource
  /** What it unpacks holds until the next file is read: facts are made of it at once. */
  readonly inflater: Inflater
  thread?: LibraryThread | undefined
}

/** A folder as `zip -r` would pack it: links followed where they lead to files. Windows has no bits worth reading. */
function openFolder(root: string): OpenTree {
  const files = new Map<string, RawFile>()
  const folders = new Map<string, number>()
  const hasBits = process.platform !== 'win32'
  const walk = (folder: string): void => {
    for (const item of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? item.name : `${folder}/${item.name}`
      const stat = lstatSync(join(root, path))
      if (stat.isDirectory()) {
        folders.set(path, hasBits ? stat.mode & 0o777 : 0o755)
        walk(path)
      } else if (stat.isSymbolicLink() || stat.isFile()) {
        const isLink = stat.isSymbolicLink()
        files.set(path, {
          path,
          bytes: stat.size,
          packedBytes: 0,
          permissions: hasBits && !isLink ? stat.mode & 0o777 : 0o644,
          kind: isLink ? 'link' : 'file',
          read: () => (isLink ? Buffer.from(readlinkSync(join(root, path))) : readFileSync(join(root, path))),
        })
      }
    }
  }
  walk('')
  return { name: basename(root), zippedBytes: undefined, files, folders, hazards: [], close: () => undefined }
}

function gather(tree: OpenTree, known: KnownContent | undefined): RestTree {
  const readText = (path: string): string | undefined => {
    const file = tree.files.get(path)
    return file && Buffer.from(tryRead(file) ?? []).toString('utf8')
  }
  const { distributions, owners, absent, isGuessed } = findDistributions(tree.files, readText)
  const files = new Map<string, PackageFile>()
  let unzippedBytes = 0
  for (const [path, raw] of tree.files) {
    unzippedBytes += raw.bytes
    const distribution = owners.get(path)
    files.set(path, new LazyFile(raw, distribution, known))
  }
  return {
    name: tree.name,
    zippedBytes: tree.zippedBytes,
    unzippedBytes,
    files,
    folders: tree.folders,
    hazards: tree.hazards,
    distributions,
    absent,
    isGuessed,
  }
}

/** A file whose content is read when somebody asks for it: of most files in a package nobody does. */
class LazyFile implements PackageFile {
  readonly path: string
  readonly bytes: number
  readonly packedBytes: number
  readonly permissions: number
  readonly kind: 'file' | 'link'
  readonly crc32: number | undefined
  readonly distribution: string | undefined
  readonly interest: Interest | undefined
  damage: string | undefined
  readonly #raw: RawFile
  readonly #known: KnownContent | undefined
  #content: ContentFacts | undefined
  #isRead = false
  #names: { readonly found: ModuleNames | undefined } | undefined

  constructor(raw: RawFile, distribution: string | undefined, known: KnownContent | undefined) {
    this.path = raw.path
    this.bytes = raw.bytes
    this.packedBytes = raw.packedBytes
    this.permissions = raw.permissions
    this.kind = raw.kind
    this.crc32 = raw.crc32
    this.distribution = distribution
    this.interest = raw.kind === 'link' ? undefined : interestIn(raw, distribution === undefined)
    this.#raw = raw
    this.#known = known
  }

  get content(): ContentFacts | undefined {
    if (!this.#isRead) {
      this.#content = this.#read()
      this.#isRead = true
    }
    return this.#content
  }

  get names(): ModuleNames | undefined {
    if (this.kind === 'link' || this.distribution !== undefined || !this.path.endsWith('.py')) return undefined
    this.#names ??= { found: namesIn(tryRead(this.#raw)) }
    return this.#names.found
  }

  #read(): ContentFacts | undefined {
    if (!this.interest) return undefined
    const { path, crc32, bytes, distribution } = this
    if (distribution !== undefined && crc32 !== undefined && this.#known) {
      const content = this.#known({ path, crc32, bytes, distribution })
      if (content !== undefined) return content ?? undefined
    }
    const ahead = this.interest === 'binary' ? this.#raw.readAhead?.() : undefined
    // What the other thread could make nothing of is read again: it may be damaged.
    if (ahead && ahead !== 'read' && ahead.content) return ahead.content
    const read = tryRead(this.#raw, (because) => (this.damage = because))
    return read && readContent(this.interest, read, { path, isOwn: distribution === undefined })
  }
}

function namesIn(bytes: Uint8Array | undefined): ModuleNames | undefined {
  return bytes && moduleNames(bytes)
}

/** Nothing that is looked into is larger than the whole package may be, in bytes. */
const largestRead = 512 * 1024 * 1024

/** Encrypted entries and odd methods have a finding of their own, and so have damaged ones; here each is a file of which nothing is known. */
function tryRead(file: RawFile, onDamage?: (because: string) => void): Uint8Array | undefined {
  if (file.bytes > largestRead) return undefined
  try {
    return file.read()
  } catch (error) {
    if (entryDamaged.is(error) && file.crc32 !== undefined) onDamage?.(error.details.because)
    return undefined
  }
}

function handlerModuleOf(handler: string | undefined, facts: TreeFacts, tree: OpenTree): PackageFacts['handlerModule'] {
  const path = candidatesOf(handler).find((candidate) => facts.files.has(candidate))
  if (path === undefined || !path.endsWith('.py')) return undefined
  const bytes = tryRead(tree.files.get(path)!)
  return bytes && { path, names: moduleNames(bytes) }
}

/** Where the module of a handler may lie. */
function candidatesOf(handler: string | undefined): readonly string[] {
  if (handler === undefined) return []
  try {
    return handlerCandidates(parseHandler(handler))
  } catch (error) {
    if (malformedHandler.is(error)) return []
    throw error
  }
}
