import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { defineError } from '../../base/errors.ts'
import type { IgnoreReason, IgnoreRules } from './ignore-rules.ts'

/** What becomes of symbolic links: `follow` packs what they point to, `preserve` packs the link, `error` refuses them. */
export type SymlinkPolicy = 'follow' | 'preserve' | 'error'

export const symlinkPolicies: readonly SymlinkPolicy[] = ['follow', 'preserve', 'error']

/** A file of the project, named as it will be named in the package. */
export interface OwnFile {
  /** Relative to the package root, `/` between the parts, Unicode NFC. */
  readonly path: string
  /** Where its bytes are. */
  readonly file: string
  readonly sizeBytes: number
  /** The text of the link, for a link that is kept as one. */
  readonly linkTarget?: string | undefined
}

/** Something left out, the whole folder at once where that is so. */
export interface IgnoredFile {
  readonly path: string
  readonly because: IgnoreReason | 'virtual environment' | 'installed packages' | 'not a regular file'
}

export interface OwnSources {
  /** Sorted by the UTF-8 bytes of their paths. */
  readonly files: readonly OwnFile[]
  readonly ignored: readonly IgnoredFile[]
}

export const symlinkEscapes = defineError('ZY0404', 'refused', (p: { path: string; target: string }) => ({
  message: `\`${p.path}\` is a symbolic link to \`${p.target}\`, which is outside the project`,
  hint: 'Copy the file into the project, make it a local path dependency, or leave the link out with `--exclude`',
}))

export const symlinkLoop = defineError('ZY0405', 'refused', (p: { path: string; target: string }) => ({
  message: `\`${p.path}\` is a symbolic link to \`${p.target}\`, a folder that contains it`,
  hint: 'Remove the link, leave it out with `--exclude`, or keep it as a link with `symlinks = "preserve"`',
}))

export const symlinkRefused = defineError('ZY0406', 'refused', (p: { path: string; target: string }) => ({
  message: `\`${p.path}\` is a symbolic link to \`${p.target}\`, and \`symlinks\` is \`error\``,
  hint: 'Replace it with a file, or set `symlinks` to `follow` or `preserve`',
}))

export const brokenSymlink = defineError('ZY0407', 'refused', (p: { path: string; target: string }) => ({
  message: `\`${p.path}\` is a symbolic link to \`${p.target}\`, which does not exist`,
  hint: 'Restore its target, or leave it out with `--exclude`',
}))

export const namesDifferInForm = defineError('ZY0408', 'refused', (p: { path: string }) => ({
  message: `Two files are named \`${p.path}\` once their names are in Unicode form NFC`,
  hint: 'Rename one of them',
}))

/**
 * The project's own files below `source`, in the order of their names' bytes, whatever the order of the file system.
 *
 * The host's permissions are not read: Windows has none, and some mounts set the execute bit everywhere.
 */
export function ownSources(options: {
  /** Ignore files count from here; links may not leave it. Absolute. */
  readonly project: string
  /** The folder that becomes the package root; the project, or a folder in it. Absolute. */
  readonly source: string
  readonly rules: IgnoreRules
  readonly symlinks: SymlinkPolicy
  /** Files that are never packed, such as the output itself. Absolute. */
  readonly never?: readonly string[]
}): OwnSources {
  const walk = new Walk(options)
  walk.enter(options.source, '', [realpathSync(options.source)])
  return { files: inByteOrder(walk.files), ignored: walk.ignored }
}

class Walk {
  readonly files: OwnFile[] = []
  readonly ignored: IgnoredFile[] = []
  readonly #options: Parameters<typeof ownSources>[0]
  readonly #prefix: string
  readonly #never: ReadonlySet<string>
  readonly #root: string

  constructor(options: Parameters<typeof ownSources>[0]) {
    this.#options = options
    this.#prefix = relative(options.project, options.source).split(sep).join('/')
    this.#never = new Set(options.never)
    this.#root = realpathSync(options.project)
  }

  enter(folder: string, path: string, chain: readonly string[]): void {
    const names = readdirSync(folder)
    if (path !== '') {
      const reason = folderReason(names)
      if (reason && !this.#isWanted(path)) {
        this.ignored.push({ path: this.#inProject(path), because: reason })
        return
      }
    }
    for (const name of names) this.#visit(join(folder, name), path === '' ? name : `${path}/${name}`, chain)
  }

  #visit(file: string, path: string, chain: readonly string[]): void {
    if (this.#never.has(file)) return
    const stats = lstatSync(file)
    const inProject = this.#inProject(path)
    if (!stats.isSymbolicLink()) {
      if (this.#isIgnored(inProject, stats.isDirectory())) return
      if (stats.isDirectory()) this.enter(file, path, chain)
      else if (stats.isFile()) this.#add(path, file, stats.size)
      else this.ignored.push({ path: inProject, because: 'not a regular file' })
      return
    }
    // A link that is ignored may point anywhere, or nowhere.
    if (this.#isIgnored(inProject, false) || this.#isIgnored(inProject, true)) return
    this.#visitLink(file, path, chain)
  }

  #visitLink(file: string, path: string, chain: readonly string[]): void {
    const target = readlinkSync(file)
    const inProject = this.#inProject(path)
    if (this.#options.symlinks === 'error') throw symlinkRefused({ path: inProject, target })
    let real: string
    try {
      real = realpathSync(file)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'ELOOP') throw symlinkLoop({ path: inProject, target })
      throw brokenSymlink({ path: inProject, target })
    }
    if (!isInside(this.#root, real)) throw symlinkEscapes({ path: inProject, target })
    if (this.#options.symlinks === 'preserve') {
      if (!staysInside(path, target)) throw symlinkEscapes({ path: inProject, target })
      this.files.push({ path: path.normalize('NFC'), file, sizeBytes: Buffer.byteLength(target), linkTarget: target })
      return
    }
    const stats = statSync(file)
    if (stats.isFile()) this.#add(path, file, stats.size)
    else if ([realpathSync(dirname(file)), ...chain].some((ancestor) => isInside(real, ancestor)))
      throw symlinkLoop({ path: inProject, target })
    else this.enter(file, path, [...chain, real])
  }

  #isIgnored(inProject: string, isFolder: boolean): boolean {
    const because = this.#options.rules.reasonToIgnore(inProject, isFolder)
    if (!because) return false
    const parent = posix.dirname(inProject)
    // Below a folder that is entered only for an `--include`, naming every other file would say nothing.
    if (parent === '.' || !this.#options.rules.isOnlyPassage(parent)) this.ignored.push({ path: inProject, because })
    return true
  }

  #isWanted(path: string): boolean {
    const inProject = this.#inProject(path)
    return this.#options.rules.isIncluded(inProject)
  }

  #inProject(path: string): string {
    return this.#prefix === '' ? path : `${this.#prefix}/${path}`
  }

  #add(path: string, file: string, sizeBytes: number): void {
    this.files.push({ path: path.normalize('NFC'), file, sizeBytes })
  }
}

/** Folders that are the work of a tool, known by what they hold and not by their name. */
function folderReason(names: readonly string[]): IgnoredFile['because'] | undefined {
  if (names.includes('pyvenv.cfg')) return 'virtual environment'
  if (names.some((name) => name.endsWith('.dist-info'))) return 'installed packages'
  return undefined
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

/** Whether a link at `path` with this text stays below the package root, read as text. */
function staysInside(path: string, target: string): boolean {
  if (posix.isAbsolute(target) || target.includes('\\')) return false
  const resolved = posix.normalize(posix.join(posix.dirname(path), target))
  return resolved !== '..' && !resolved.startsWith('../')
}

function inByteOrder(files: readonly OwnFile[]): OwnFile[] {
  const sorted = files
    .map((file) => ({ file, key: Buffer.from(file.path) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
  for (let index = 1; index < sorted.length; index++) {
    if (sorted[index]!.file.path === sorted[index - 1]!.file.path)
      throw namesDifferInForm({ path: sorted[index]!.file.path })
  }
  return sorted.map(({ file }) => file)
}
