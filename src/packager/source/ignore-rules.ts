import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import picomatch from 'picomatch'
import { DefaultRules } from './default-rules.ts'

/** Why a file is left out: the file or flag that says so. */
export type IgnoreReason = 'default' | '.gitignore' | '.zipyardignore' | '--exclude'

/**
 * Decides which files of a project belong into the package.
 *
 * From weak to strong: the default ignores, `.gitignore` files, `.zipyardignore` files (both also in folders below, the deeper one
 * wins), `--include` patterns, `--exclude` patterns. Only files inside the project are read: a global gitignore or one of a parent folder would make
 * the bytes depend on where the project lies.
 */
export class IgnoreRules {
  readonly #project: string
  readonly #root: string
  readonly #defaults = new DefaultRules()
  readonly #files = new Map<string, Ignore | undefined>()
  readonly #included: (path: string) => boolean
  readonly #includeBases: readonly string[]
  readonly #excluded: (path: string) => boolean

  constructor(
    project: string,
    patterns: {
      readonly include?: readonly string[]
      readonly exclude?: readonly string[]
      /** The folder that becomes the package root, relative to the project: default ignores count from there. */
      readonly root?: string
    },
  ) {
    this.#project = project
    this.#root = patterns.root ? `${patterns.root}/` : ''
    this.#included = matcher(patterns.include ?? [])
    this.#includeBases = (patterns.include ?? []).map((pattern) => picomatch.scan(trimmed(pattern)).base)
    this.#excluded = matcher(patterns.exclude ?? [])
  }

  /** Why `path` (relative to the project, `/` between the parts) is left out, or `undefined` when it belongs into the package. */
  reasonToIgnore(path: string, isFolder: boolean): IgnoreReason | undefined {
    if (this.#excluded(path)) return '--exclude'
    if (this.#included(path)) return undefined
    const reason = this.#reasonByFiles(path, isFolder)
    if (reason && isFolder && this.#mayHoldIncluded(path)) return undefined
    return reason
  }

  /** A folder that is itself ignored, and is entered only because an `--include` pattern may match below it. */
  isOnlyPassage(folder: string): boolean {
    return !this.#included(folder) && this.#reasonByFiles(folder, true) !== undefined
  }

  /** Whether an `--include` pattern names this path. */
  isIncluded(path: string): boolean {
    return this.#included(path)
  }

  #reasonByFiles(path: string, isFolder: boolean): IgnoreReason | undefined {
    const subject = isFolder ? `${path}/` : path
    let reason: IgnoreReason | undefined = this.#defaults.ignores(this.#fromRoot(subject)) ? 'default' : undefined
    for (const name of ['.gitignore', '.zipyardignore'] as const) {
      for (const folder of foldersAbove(path)) {
        const rules = this.#rulesIn(folder, name)
        if (!rules) continue
        const verdict = rules.test(folder === '' ? subject : subject.slice(folder.length + 1))
        if (verdict.ignored) reason = name
        else if (verdict.unignored) reason = undefined
      }
    }
    return reason
  }

  #fromRoot(path: string): string {
    return this.#root !== '' && path.startsWith(this.#root) && path !== this.#root
      ? path.slice(this.#root.length)
      : path
  }

  #mayHoldIncluded(folder: string): boolean {
    return this.#includeBases.some(
      (base) =>
        base === '' ||
        base === '.' ||
        base === folder ||
        base.startsWith(`${folder}/`) ||
        folder.startsWith(`${base}/`),
    )
  }

  #rulesIn(folder: string, name: string): Ignore | undefined {
    const file = posix.join(folder, name)
    if (!this.#files.has(file)) this.#files.set(file, readRules(join(this.#project, file)))
    return this.#files.get(file)
  }
}

function readRules(file: string): Ignore | undefined {
  try {
    return ignore().add(readFileSync(file, 'utf8'))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw error
  }
}

/** @example foldersAbove('a/b/c.py') // ['', 'a', 'a/b'] */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))]
}

/** A pattern matches a path, everything below it when it names a folder, and at any depth when it has no slash. */
function matcher(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.flatMap((pattern) => {
    const text = trimmed(pattern)
    const forms = text.includes('/') ? [text, `${text}/**`] : [text, `**/${text}`, `**/${text}/**`]
    return forms.map((form) => picomatch(form.replace(/^\//, ''), { dot: true }))
  })
  return (path) => tests.some((test) => test(path))
}

function trimmed(pattern: string): string {
  return pattern.replace(/^\.\//, '').replace(/\/$/, '')
}
