import { isDirectory, type Entry } from './entry.ts'
import { entryPath } from './entry-name.ts'
import type { Listing } from './reader.ts'
import type { FileSource } from './source.ts'

/** What will stand at a path once everything is unpacked; the path of the root itself (`./`), which some tools write, is ''. */
export interface TreeNode {
  readonly path: string
  readonly entry: Entry
  readonly source: FileSource
  readonly archivePath: string
}

interface OpenedArchive {
  readonly path: string
  readonly source: FileSource
  readonly listing: Listing
}

/**
 * The tree that several archives give when they are unpacked over one another: the last entry of a path wins, and what a later
 * archive has as a folder replaces what an earlier one has as a file or link. Deciding this before anything is written means
 * that no write ever meets a link.
 */
export function mergeTrees(archives: readonly OpenedArchive[]): ReadonlyMap<string, TreeNode> {
  const tree = new Map<string, TreeNode>()
  const folders = new Set<string>()
  for (const { path: archivePath, source, listing } of archives) {
    for (const entry of listing.entries) {
      const path = entryPath(entry.name)
      if (path === undefined) continue
      if (path === '') {
        tree.set(path, { path, entry, source, archivePath })
        continue
      }
      addParents(path, tree, folders)
      if (isDirectory(entry)) dropFile(path, tree, folders)
      else if (folders.has(path)) dropFolder(path, tree, folders)
      tree.set(path, { path, entry, source, archivePath })
    }
  }
  return tree
}

function addParents(path: string, tree: Map<string, TreeNode>, folders: Set<string>): void {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const folder = path.slice(0, slash)
    if (folders.has(folder)) return
    dropFile(folder, tree, folders)
  }
}

function dropFile(path: string, tree: Map<string, TreeNode>, folders: Set<string>): void {
  const node = tree.get(path)
  if (node && !isDirectory(node.entry)) tree.delete(path)
  folders.add(path)
}

function dropFolder(path: string, tree: Map<string, TreeNode>, folders: Set<string>): void {
  const inside = `${path}/`
  for (const other of tree.keys()) if (other.startsWith(inside)) tree.delete(other)
  for (const folder of folders) if (folder.startsWith(inside)) folders.delete(folder)
  folders.delete(path)
}
