/** Unpacks a package, or layers over one another, and notes what later decisions need. Runs in a thread of its own. */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LoadableFile } from '../audit/denied-libraries.ts'
import { readElf } from '../elf/reader.ts'
import { extractArchive } from '../zip/extract.ts'
import { removeTree } from '../zip/remove-tree.ts'

export interface UnpackOptions {
  readonly archivePaths: readonly string[]
  /** The final folder; `facts.json` is written beside `tree` inside it. */
  readonly folder: string
  readonly temporaryFolder: string
  readonly limitBytes: number
  readonly permissions: 'verbatim' | 'as-other'
}

/** What is known of unpacked code without looking again. */
export interface CodeFacts {
  readonly bytes: number
  /** Of its Python files alone. */
  readonly pythonBytes: number
  readonly files: number
  /** Names at the root, without `.py`: what shadows a module that the runtime has imported already. */
  readonly topLevelNames: readonly string[]
  /** ELF files; the first few hundred. */
  readonly nativeLibraries: readonly LoadableFile[]
}

const nativeLimit = 500
const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46])

export async function unpackCode(options: UnpackOptions): Promise<CodeFacts> {
  const tree = join(options.temporaryFolder, 'tree')
  const extracted = await extractArchive({
    archivePaths: options.archivePaths,
    into: tree,
    limitBytes: options.limitBytes,
    permissions: options.permissions,
  })
  try {
    const facts: CodeFacts = {
      bytes: extracted.bytes,
      pythonBytes: pythonBytes(tree),
      files: extracted.files,
      topLevelNames: readable(tree).map(({ name }) => name.replace(/\.(py|pyc|so|cpython-.*\.so|abi3\.so)$/, '')),
      nativeLibraries: findNative(tree),
    }
    writeFileSync(join(options.temporaryFolder, 'facts.json'), JSON.stringify(facts))
    renameSync(options.temporaryFolder, options.folder)
    syncFolder(join(options.folder, '..'))
    return facts
  } catch (error) {
    removeTree(options.temporaryFolder)
    throw error
  }
}

function findNative(root: string): LoadableFile[] {
  const found: LoadableFile[] = []
  const visit = (folder: string): void => {
    for (const item of readable(join(root, folder))) {
      const path = folder === '' ? item.name : `${folder}/${item.name}`
      if (item.isDirectory()) visit(path)
      else if (
        item.isFile() &&
        found.length < nativeLimit &&
        mayBeNative(item.name) &&
        startsLikeElf(join(root, path))
      ) {
        const elf = readElf(readFileSync(join(root, path)))
        found.push({ path, needed: elf?.needed ?? [], versions: elf?.versions ?? {} })
      }
    }
  }
  visit('')
  return found
}

function pythonBytes(folder: string): number {
  let bytes = 0
  for (const item of readable(folder)) {
    const path = join(folder, item.name)
    if (item.isDirectory()) bytes += pythonBytes(path)
    else if (item.isFile() && item.name.endsWith('.py')) bytes += lstatSync(path).size
  }
  return bytes
}

/** A name of a library, or none that tells what it is. */
const mayBeNative = (name: string): boolean => /\.so(\.|$)/.test(name) || !/\.[^.]+$/.test(name)

/** A folder or file that its own bits close to us holds nothing that the function could load either. */
function readable(folder: string): import('node:fs').Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function startsLikeElf(path: string): boolean {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return false
  }
  try {
    const magic = Buffer.alloc(4)
    return readSync(descriptor, magic, 0, 4, 0) === 4 && magic.equals(elfMagic)
  } finally {
    closeSync(descriptor)
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
