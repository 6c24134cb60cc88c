/**
 * Compiled Python of packages, layers and SDK copies, beside them and never inside: on Lambda a package without `__pycache__` is compiled anew at every
 * cold start, since /var/task cannot be written. Made in the background, used from the first environment on that starts after it is there.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { letGiveWay } from '../base/background.ts'
import { SerialQueue } from '../base/tasks.ts'
import type { Log } from '../base/log.ts'
import type { Interpreter } from '../interpreters/interpreter.ts'

export interface SourceTree {
  /** Folder on this machine, and where functions see it. */
  readonly source: string
  readonly target: string
}

export interface CompiledTree {
  readonly tree: SourceTree
  readonly folder: string
}

const program = fileURLToPath(new URL('../../runtime/tools/compile_bytecode.py', import.meta.url))
/** It gives way to all else, so that it may take long on a busy machine. */
const limitMs = 600_000

export class BytecodeCache {
  readonly #folder: string
  readonly #log: Log
  readonly #making = new Map<string, Promise<void>>()
  /** One compilation at a time: it must not take the processors from functions. */
  readonly #queue = new SerialQueue()
  readonly #stopping = new AbortController()

  /** @param folder ours alone, for trees that are not unpacked packages */
  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  /** What is compiled already. */
  find(trees: readonly SourceTree[], interpreter: Interpreter): readonly CompiledTree[] {
    return trees
      .map((tree) => ({ tree, folder: this.#folderOf(tree, interpreter) }))
      .filter(({ folder }) => existsSync(folder))
  }

  /** Compiles what is not; never fails, since nothing depends on it. */
  async prepare(trees: readonly SourceTree[], interpreter: Interpreter): Promise<void> {
    await Promise.all(
      trees.map((tree) => {
        const folder = this.#folderOf(tree, interpreter)
        if (existsSync(folder)) return undefined
        let making = this.#making.get(folder)
        if (!making) {
          making = this.#queue
            .run(() => this.#make(tree, folder, interpreter))
            .finally(() => this.#making.delete(folder))
          this.#making.set(folder, making)
        }
        return making
      }),
    )
  }

  /** Ends what is compiled now; nothing is compiled any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#queue.idle()
  }

  async #make(tree: SourceTree, folder: string, interpreter: Interpreter): Promise<void> {
    const { signal } = this.#stopping
    if (signal.aborted) return
    const temporary = `${folder}.tmp-${process.pid}`
    try {
      await mkdir(dirname(folder), { recursive: true, mode: 0o711 })
      await rm(temporary, { recursive: true, force: true })
      await mkdir(temporary, { mode: 0o755 })
      const running = promisify(execFile)(
        interpreter.executable,
        ['-I', '-S', program, tree.source, tree.target, temporary],
        {
          env: { PATH: '/usr/bin:/bin' },
          timeout: limitMs,
          killSignal: 'SIGKILL',
          signal,
        },
      )
      letGiveWay(running.child.pid)
      await running
      await rename(temporary, folder)
    } catch (error) {
      await rm(temporary, { recursive: true, force: true })
      if (signal.aborted) return
      this.#log.warn('a package could not be compiled ahead; its imports are as slow as on Lambda', {
        folder: tree.source,
        because: error instanceof Error ? error.message.split('\n')[0] : String(error),
      })
    }
  }

  /** Beside an unpacked package, so that it goes when that goes; what others made is compiled into a folder of ours. */
  #folderOf(tree: SourceTree, interpreter: Interpreter): string {
    const name = `compiled-${interpreter.version}`
    if (basename(tree.source) === 'tree') return join(dirname(tree.source), name)
    return join(this.#folder, `${basename(tree.source)}${tree.target.replaceAll('/', '_')}-${interpreter.version}`)
  }
}
