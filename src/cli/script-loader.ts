import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { constants, Script } from 'node:vm'
import type { crc32 as Crc32 } from 'node:zlib'

/** Smaller files are compiled faster than what is kept of them is read. */
const worthKeepingBytes = 8 * 1024

/**
 * So many runs add what they compiled: a function is compiled when it is first called, and the first run of a command takes another way
 * (it resolves, it downloads) than those that follow.
 */
const learningRuns = 3

/** What is kept of one script: its source's checksum, and where its compiled form lies. */
interface KeptScript {
  readonly source: number
  readonly at: number
  readonly bytes: number
}

/** The first bytes of the file, as JSON, behind their length. */
interface Head {
  readonly runs: number
  readonly checksum: number
  readonly scripts: Readonly<Record<string, KeptScript>>
}

interface LoadedScript {
  readonly name: string
  readonly source: number
  readonly script: Script
}

/**
 * Loads the scripts of one folder as CommonJS modules, and keeps their compiled form in a file between runs: reading half a megabyte of
 * JavaScript takes longer than a whole `zipyard --help`.
 *
 * Node's own `module.enableCompileCache` (22.1 and later) keeps what is compiled when a file is loaded; here everything counts that was called
 * until the process ends. Compiled code is taken when the source has the same checksum, the file is whole, and the engine finds that it was made
 * by the same version with the same flags; else it is compiled as ever and the file is written anew. A file that cannot be written is none.
 */
export class ScriptLoader {
  readonly #folder: string
  readonly #file: string | undefined
  readonly #modules = new Map<string, { exports: unknown }>()
  readonly #loaded: LoadedScript[] = []
  #kept: { readonly head: Head; readonly bytes: Buffer } | undefined
  #crc32: typeof Crc32 | undefined
  /** Whether something was compiled that is not kept. */
  #isNew = false

  /** `file` is where compiled code is kept; without it everything is compiled. */
  constructor(folder: string, file: string | undefined) {
    this.#folder = folder
    this.#file = file
  }

  /** The exports of a script of the folder. */
  load(name: string): unknown {
    const known = this.#modules.get(name)
    if (known) return known.exports
    const module = { exports: {} }
    this.#modules.set(name, module)
    const path = join(this.#folder, name)
    const fromPackages = createRequire(path)
    const require = Object.assign(
      (id: string): unknown => (id.startsWith('.') ? this.load(basename(resolve(this.#folder, id))) : fromPackages(id)),
      // A script's own would be told to the person as an experiment of Node's, see `scripts/bundle.mjs`.
      { import: (id: string): Promise<unknown> => import(id) },
    )
    const run = this.#compile(name, path).runInThisContext() as (...args: unknown[]) => void
    run(module.exports, require, module, path, dirname(path))
    return module.exports
  }

  #compile(name: string, path: string): Script {
    const bytes = readFileSync(path)
    // Scripts are ASCII, see `scripts/bundle.mjs`.
    const source = `${head}${bytes.toString('latin1')}${tail}`
    const options = {
      filename: path,
      columnOffset: -head.length,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }
    if (this.#file === undefined || bytes.length < worthKeepingBytes) return new Script(source, options)
    this.#readKept()
    const checksum = this.#crc32!(bytes)
    const kept = this.#kept?.head.scripts[name]
    const cachedData = kept?.source === checksum && this.#kept!.bytes.subarray(kept.at, kept.at + kept.bytes)
    const script = new Script(source, cachedData ? { ...options, cachedData } : options)
    if (!cachedData || script.cachedDataRejected) this.#isNew = true
    this.#loaded.push({ name, source: checksum, script })
    return script
  }

  #readKept(): void {
    if (this.#crc32) return
    // Its module takes a millisecond, which a quick command has better use for.
    this.#crc32 = (createRequire(this.#folder)('node:zlib') as { crc32: typeof Crc32 }).crc32
    try {
      const bytes = readFileSync(this.#file!)
      const end = 4 + bytes.readUInt32LE(0)
      const read = JSON.parse(bytes.toString('latin1', 4, end)) as Head
      if (this.#crc32(bytes.subarray(end)) === read.checksum) this.#kept = { head: read, bytes: bytes.subarray(end) }
    } catch {
      // Nothing kept yet, or nothing that can be read.
    }
  }

  /** Writes the file when there is something to add to it; called when everything has run. */
  keep(): void {
    const file = this.#file
    if (file === undefined || this.#loaded.length === 0) return
    if (!this.#isNew && this.#kept!.head.runs >= learningRuns) return
    const temporary = `${file}.${process.pid}.tmp`
    try {
      makeFolders(dirname(file))
      writeFileSync(temporary, '', { flag: 'wx', mode: 0o600 }) // before the work, which would be lost
      const scripts: Record<string, KeptScript> = {}
      const parts: Buffer[] = []
      let at = 0
      const put = (name: string, source: number, compiled: Buffer): void => {
        scripts[name] = { source, at, bytes: compiled.length }
        parts.push(compiled, Buffer.alloc(padding(compiled.length)))
        at += compiled.length + padding(compiled.length)
      }
      for (const { name, source, script } of this.#loaded) put(name, source, script.createCachedData())
      // What this run had no use for, another one may.
      for (const [name, { source, at: start, bytes }] of Object.entries(this.#kept?.head.scripts ?? {}))
        if (!(name in scripts) && existsSync(join(this.#folder, name)))
          put(name, source, this.#kept!.bytes.subarray(start, start + bytes))
      const body = Buffer.concat(parts)
      const runs = this.#isNew ? 1 : this.#kept!.head.runs + 1
      const text = JSON.stringify({ runs, checksum: this.#crc32!(body), scripts } satisfies Head)
      const json = text + ' '.repeat(padding(4 + text.length))
      const length = Buffer.alloc(4)
      length.writeUInt32LE(json.length)
      writeFileSync(temporary, Buffer.concat([length, Buffer.from(json, 'latin1'), body]))
      renameSync(temporary, file)
    } catch {
      try {
        rmSync(temporary, { force: true })
      } catch {
        // Its folder is none.
      }
    }
  }
}

const head = '(function (exports, require, module, __filename, __dirname) {'
const tail = '\n})'

/** The engine copies what does not lie at a multiple of eight. */
const padding = (bytes: number): number => (8 - (bytes % 8)) % 8

/** One at a time, as in `base/make-folder.ts`, which is too much for this file: told to make all at once, Node tries for ever in `/proc`. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return
  makeFolders(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}
