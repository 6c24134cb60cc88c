/**
 * Unpacked code on this machine: `/var/task` of every version with the same package, `/opt` of every set of layers.
 *
 * A folder is named by the digests it was made from, so it never means anything else and versions share it. It is a cache: whatever is
 * missing is made again from the blob store.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, type Digest } from '../base/digest.ts'
import { runInWorker } from '../base/worker-task.ts'
import { unzippedSizeLimit } from '../lambda/quotas.ts'
import { removeTree } from '../zip/remove-tree.ts'
import type { CodeFacts, UnpackOptions } from './unpack-code.ts'

/** Bump when the facts of a folder are others than an earlier version wrote: its folders are then made anew, and collected. */
const factsVersion = 3

export interface CodeFolder {
  /** Absolute path of the folder that is mounted. */
  readonly path: string
  readonly facts: CodeFacts
}

export interface CodeFolders {
  /** The package, unpacked. The first call takes as long as unpacking does; throws what `extractArchive` throws. */
  prepareCode(digest: Digest): Promise<CodeFolder>
  /** The layers over one another, later ones win; an empty folder when there are none. */
  prepareLayers(digests: readonly Digest[]): Promise<CodeFolder>
  /** Removes folders of packages that no version has any more and that nobody uses. Returns how many. */
  collect(isNeeded: (digest: Digest) => Promise<boolean>): Promise<number>
  /** Keeps a folder from `collect` until the returned function is called. */
  use(folder: CodeFolder): () => void
}

export async function openCodeFolders(options: {
  /** Below it, `code/` is ours. */
  readonly dataFolder: string
  readonly localPath: (digest: Digest) => string
  /** `Sandbox.fileAccess`: how the function's user meets the files. */
  readonly fileAccess: 'as-other' | 'as-owner'
}): Promise<CodeFolders> {
  const root = join(options.dataFolder, 'code')
  await mkdir(root, { recursive: true, mode: 0o711 })
  // What an earlier process did not finish.
  for (const name of await readdir(root)) if (name.startsWith('tmp-')) removeTree(join(root, name))
  return new DiskCodeFolders(root, options.localPath, options.fileAccess)
}

class DiskCodeFolders implements CodeFolders {
  readonly #root: string
  readonly #localPath: (digest: Digest) => string
  readonly #permissions: UnpackOptions['permissions']
  readonly #making = new Map<string, Promise<CodeFolder>>()
  readonly #users = new Map<string, number>()
  #temporaries = 0

  constructor(root: string, localPath: (digest: Digest) => string, fileAccess: 'as-other' | 'as-owner') {
    this.#root = root
    this.#localPath = localPath
    this.#permissions = fileAccess === 'as-owner' ? 'as-other' : 'verbatim'
  }

  prepareCode(digest: Digest): Promise<CodeFolder> {
    return this.#prepare(`task-${digest}`, [digest])
  }

  prepareLayers(digests: readonly Digest[]): Promise<CodeFolder> {
    return this.#prepare(digests.length === 0 ? 'opt-none' : `opt-${sha256(digests.join('\n'))}`, digests)
  }

  use(folder: CodeFolder): () => void {
    this.#users.set(folder.path, (this.#users.get(folder.path) ?? 0) + 1)
    let used = true
    return () => {
      if (!used) return
      used = false
      const left = this.#users.get(folder.path)! - 1
      if (left > 0) this.#users.set(folder.path, left)
      else this.#users.delete(folder.path)
    }
  }

  async collect(isNeeded: (digest: Digest) => Promise<boolean>): Promise<number> {
    let removed = 0
    for (const name of await readdir(this.#root)) {
      const digest = /^task-([0-9a-f]{64})-/.exec(name)?.[1]
      if (digest === undefined || (await isNeeded(digest))) continue
      // Nothing is awaited between the look and the rename, so nobody begins to use it meanwhile.
      if (this.#users.has(join(this.#root, name, 'tree'))) continue
      this.#making.delete(name)
      removeTree(join(this.#root, name))
      removed += 1
    }
    return removed
  }

  /** The same folder is made once, however many ask for it at the same time. */
  #prepare(name: string, digests: readonly Digest[]): Promise<CodeFolder> {
    const key = `${name}-${this.#permissions}-${factsVersion}`
    let made = this.#making.get(key)
    if (!made) {
      made = this.#make(key, digests)
      this.#making.set(key, made)
      made.catch(() => this.#making.delete(key))
    }
    return made
  }

  async #make(key: string, digests: readonly Digest[]): Promise<CodeFolder> {
    const folder = join(this.#root, key)
    const path = join(folder, 'tree')
    if (existsSync(join(folder, 'facts.json'))) {
      return { path, facts: JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as CodeFacts }
    }
    const temporaryFolder = join(this.#root, `tmp-${process.pid}-${++this.#temporaries}`)
    await mkdir(temporaryFolder, { mode: 0o755 })
    const facts = await runInWorker<UnpackOptions, CodeFacts>(import.meta.url, './code-folder-worker', {
      archivePaths: digests.map((digest) => this.#localPath(digest)),
      folder,
      temporaryFolder,
      limitBytes: unzippedSizeLimit,
      permissions: this.#permissions,
    })
    return { path, facts }
  }
}
