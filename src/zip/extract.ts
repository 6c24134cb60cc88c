import { chmodSync, closeSync, constants, fchmodSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ZipyardError } from '../base/errors.ts'
import { runInWorker } from '../base/worker-task.ts'
import { isDirectory, isSymbolicLink, permissionsOf, type Entry } from './entry.ts'
import { readEntry } from './entry-data.ts'
import { entryDamaged, extractionFailed, unzippedTooLarge } from './errors.ts'
import { mergeTrees, type TreeNode } from './extract-tree.ts'
import type { Hazard } from './hazard.ts'
import { requireAcceptable } from './policy.ts'
import { openArchive } from './reader.ts'
import { removeTree } from './remove-tree.ts'
import type { FileSource } from './source.ts'
import { streamEntry } from './stream-entry.ts'

export interface ExtractOptions {
  /** The package; several when layers are merged, a later one wins. */
  readonly archivePaths: readonly string[]
  /** A folder that does not exist yet. Give it a temporary name and rename it when this has resolved. */
  readonly into: string
  /** The sum of all uncompressed sizes must be smaller. */
  readonly limitBytes: number
  /**
   * `verbatim`: the zip's own permission bits. `as-other`: owner and group get what the zip gives *others*, for tiers in which
   * the function runs as the files' owner and must be refused what it would be refused on Lambda. Default `verbatim`.
   */
  readonly permissions?: 'verbatim' | 'as-other' | undefined
}

export interface Extracted {
  readonly files: number
  readonly folders: number
  readonly links: number
  /** Sum of the files' sizes. */
  readonly bytes: number
  /** What was odd about the archives and yet accepted. */
  readonly hazards: readonly Hazard[]
}

/** Larger entries are unpacked piece by piece, in bytes. */
const streamFromBytes = 16 * 1024 * 1024

/**
 * Unpacks an upload as Lambda does: the zip's own permission bits (0644 and 0755 where it has none), parents 0755, symbolic
 * links verbatim and created last, so that nothing is ever written through one. Of two entries with one name the last wins.
 *
 * No entry can unpack to more than it claims, and the claims together must be below the limit. Throws `notAZip`, `archiveRefused`,
 * `entryDamaged`, `unzippedTooLarge`, `extractionFailed`; `into` is gone then.
 */
export async function extractArchive(options: ExtractOptions): Promise<Extracted> {
  const opened = options.archivePaths.map((path) => ({ path, ...openArchive(path) }))
  try {
    for (const { listing } of opened) requireAcceptable(listing, 'upload')
    const claimed = opened.reduce((sum, { listing }) => sum + listing.unzippedBytes, 0)
    if (claimed >= options.limitBytes)
      throw unzippedTooLarge({
        file: options.archivePaths.join('`, `'),
        bytes: claimed,
        limitBytes: options.limitBytes,
      })
    const tree = mergeTrees(opened)
    const counts = await writeTree(tree, options)
    return { ...counts, hazards: opened.flatMap(({ listing }) => listing.hazards) }
  } finally {
    for (const { source } of opened) source.close()
  }
}

/** The same in a thread of its own: unpacking 250 MB takes seconds that the event loop does not have. */
export function extractInWorker(options: ExtractOptions): Promise<Extracted> {
  return runInWorker(import.meta.url, './extract-worker', options)
}

async function writeTree(
  tree: ReadonlyMap<string, TreeNode>,
  options: ExtractOptions,
): Promise<Omit<Extracted, 'hazards'>> {
  const { into } = options
  const bitsOf = (bits: number): number => (options.permissions === 'as-other' ? (bits & 7) * 0o111 : bits)
  const folders = new Map<string, number>()
  const links: TreeNode[] = []
  let files = 0
  let bytes = 0
  try {
    mkdirSync(dirname(into), { recursive: true })
    mkdirSync(into, { mode: 0o700 })
    for (const node of tree.values()) {
      if (node.path === '') continue
      if (isDirectory(node.entry)) {
        makeFolders(into, node.path, folders)
        folders.set(node.path, permissionsOf(node.entry))
        continue
      }
      const slash = node.path.lastIndexOf('/')
      if (slash > 0) makeFolders(into, node.path.slice(0, slash), folders)
      if (isSymbolicLink(node.entry)) {
        links.push(node)
        continue
      }
      await writeFile(join(into, node.path), node, bitsOf(permissionsOf(node.entry)))
      files += 1
      bytes += node.entry.uncompressedBytes
    }
    for (const { path, source, entry, archivePath } of links)
      symlinkSync(readLink(source, entry, archivePath), join(into, path))
    // Deepest first: a folder may take away its owner's right to change what is in it.
    for (const [path, bits] of [...folders].sort(([a], [b]) => b.length - a.length))
      chmodSync(join(into, path), bitsOf(bits))
    const root = tree.get('')
    chmodSync(into, root ? bitsOf(permissionsOf(root.entry)) : 0o755)
    return { files, folders: folders.size, links: links.length, bytes }
  } catch (error) {
    removeTree(into)
    if (error instanceof ZipyardError) throw error
    throw extractionFailed({ into, because: (error as Error).message }, { cause: error })
  }
}

/** The longest target that Linux takes, in bytes. Source: `PATH_MAX` of linux/limits.h. */
const longestTargetBytes = 4095

function readLink(source: FileSource, entry: Entry, file: string): Buffer {
  const target = entry.uncompressedBytes <= longestTargetBytes ? readEntry(source, entry, file) : undefined
  if (!target || target.length === 0 || target.includes(0))
    throw entryDamaged({ file, name: entry.name, because: 'it is a symbolic link without a usable target' })
  return target
}

function makeFolders(into: string, path: string, made: Map<string, number>): void {
  if (made.has(path)) return
  const slash = path.lastIndexOf('/')
  if (slash > 0) makeFolders(into, path.slice(0, slash), made)
  mkdirSync(join(into, path), { mode: 0o700 })
  made.set(path, 0o755)
}

/** A new file, never an existing one and never through a link. */
const createNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)

async function writeFile(path: string, node: TreeNode, bits: number): Promise<void> {
  const descriptor = openSync(path, createNew, 0o600)
  try {
    await writeContent(descriptor, node.source, node.entry, node.archivePath)
    fchmodSync(descriptor, bits)
  } finally {
    closeSync(descriptor)
  }
}

async function writeContent(descriptor: number, source: FileSource, entry: Entry, file: string): Promise<void> {
  if (entry.uncompressedBytes === 0 && entry.compressedBytes === 0) return
  const write = (bytes: Buffer): void => {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done)
  }
  if (entry.uncompressedBytes < streamFromBytes) write(readEntry(source, entry, file))
  else await streamEntry(source, entry, file, write)
}
