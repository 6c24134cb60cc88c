import { parseHandler } from '../lambda/handler.ts'
import { isDirectory, isSymbolicLink, permissionsOf, unixMode, type Entry } from '../zip/entry.ts'
import { readEntry } from '../zip/entry-data.ts'
import { methods } from '../zip/format.ts'
import type { SpliceEntry } from '../zip/plan.ts'
import { openArchive } from '../zip/reader.ts'
import { splice, type Archive } from '../zip/splicer.ts'
import type { FileSource } from '../zip/source.ts'
import { nothingToRepair } from './errors.ts'

export interface RepairRequest {
  readonly path: string
  readonly out: string
  /** Decides whether the code lies one folder too deep. */
  readonly handler?: string | undefined
}

/** One kind of change and the files it was made to. */
export interface RepairChange {
  readonly what:
    | 'permissions'
    | 'backslashes'
    | 'absolute-names'
    | 'nested-root'
    | 'duplicates'
    | 'untidy-names'
    | 'development-files'
    | 'encoding'
  /** A sentence without full stop. */
  readonly sentence: string
  readonly files: readonly string[]
}

export interface RepairResult {
  readonly archive: Archive
  readonly changes: readonly RepairChange[]
  /** What could not be carried over, and why. */
  readonly dropped: readonly { readonly name: string; readonly because: string }[]
}

interface Draft {
  path: string
  readonly entry: Entry
  mode: number
}

/**
 * Makes a foreign package right and tells each change: names, permission bits, a root that lies one folder too deep, duplicates.
 * Contents are copied as they are. Throws `notAZip` and, when nothing usable is in it, `nothingToRepair`.
 */
export async function repairPackage(request: RepairRequest): Promise<RepairResult> {
  const { source, listing } = openArchive(request.path)
  try {
    const dropped: { name: string; because: string }[] = []
    const changes: RepairChange[] = []
    let drafts: Draft[] = []
    for (const entry of listing.entries) {
      if (isDirectory(entry) || (entry.name.endsWith('\\') && entry.uncompressedBytes === 0)) continue
      const because = whyUnusable(entry, source, request.path)
      if (because === undefined) drafts.push({ path: entry.name, entry, mode: permissionsOf(entry) })
      else dropped.push({ name: entry.name, because })
    }
    const change = (
      what: RepairChange['what'],
      sentence: (count: number) => string,
      touched: readonly string[],
    ): void => {
      if (touched.length > 0) changes.push({ what, sentence: sentence(touched.length), files: touched })
    }
    change(
      'backslashes',
      (count) => `turned backslashes into folders in ${names(count)}`,
      rename(drafts, (path) => path.replaceAll('\\', '/')),
    )
    change(
      'absolute-names',
      (count) => `made ${names(count)} relative`,
      rename(drafts, (path) => path.replace(/^(?:[a-zA-Z]:)?\/+/, '')),
    )
    change('untidy-names', (count) => `tidied ${names(count)}`, rename(drafts, tidy))
    drafts = drafts.filter(({ path, entry }) => {
      const isSafe = path !== '' && !path.split('/').includes('..')
      if (!isSafe) dropped.push({ name: entry.name, because: 'its name leads out of the package' })
      return isSafe
    })
    const junk = drafts.filter(({ path }) => developmentFiles.test(path)).map(({ path }) => path)
    drafts = drafts.filter(({ path }) => !developmentFiles.test(path))
    change('development-files', (count) => `left out ${files(count)} of the development machine`, junk)
    const nested = nestedRoot(
      drafts.map(({ path }) => path),
      request.handler,
    )
    if (nested !== undefined)
      change(
        'nested-root',
        () => `moved what is in \`${nested}\` to the root`,
        rename(drafts, (path) => (path.startsWith(`${nested}/`) ? path.slice(nested.length + 1) : path)),
      )
    drafts = lastOfEach(drafts, (duplicates) =>
      change(
        'duplicates',
        (count) => `kept the last of ${files(count)} that ${count === 1 ? 'was' : 'were'} there twice`,
        duplicates,
      ),
    )
    change('permissions', (count) => `gave everyone read permission to ${files(count)}`, openPermissions(drafts))
    change(
      'encoding',
      (count) => `marked ${names(count)} as UTF-8`,
      listing.hazards.filter((hazard) => hazard.code === 'name-unmarked').map((hazard) => hazard.name!),
    )
    if (drafts.length === 0) throw nothingToRepair({ path: request.path })
    const archive = await splice(
      drafts.map((draft) => spliceEntryOf(draft, request.path)),
      request.out,
    )
    return { archive, changes, dropped }
  } finally {
    source.close()
  }
}

const developmentFiles = /(?:^|\/)(?:__MACOSX\/|\.DS_Store$|\._[^/]*$|Thumbs\.db$)|^\.git\//

function names(count: number): string {
  return count === 1 ? 'one name' : `${count} names`
}

function files(count: number): string {
  return count === 1 ? 'one file' : `${count} files`
}

function spliceEntryOf({ path, entry, mode }: Draft, archive: string): SpliceEntry {
  return { path, mode, source: { archive, entry }, ...(isSymbolicLink(entry) ? { link: true } : {}) }
}

/** A damaged or unreadable file cannot be made right, only left out and told. */
function whyUnusable(entry: Entry, source: FileSource, path: string): string | undefined {
  if (entry.method !== methods.stored && entry.method !== methods.deflate)
    return 'its compression method is not one that Lambda reads'
  try {
    readEntry(source, entry, path)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function rename(drafts: readonly Draft[], to: (path: string) => string): string[] {
  const touched: string[] = []
  for (const draft of drafts) {
    const renamed = to(draft.path)
    if (renamed === draft.path) continue
    touched.push(draft.path)
    draft.path = renamed
  }
  return touched
}

function tidy(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

/** The single folder that holds everything, when the handler is in it and not at the root. */
function nestedRoot(paths: readonly string[], handler: string | undefined): string | undefined {
  const tops = new Set(paths.map((path) => path.split('/')[0]!))
  if (handler !== undefined) {
    const file = parseHandler(handler).module.replaceAll('.', '/')
    const all = new Set(paths)
    const isThere = (prefix: string): boolean =>
      all.has(`${prefix}${file}.py`) || all.has(`${prefix}${file}/__init__.py`)
    if (isThere('')) return undefined
    return [...tops].find((top) => isThere(`${top}/`))
  }
  const [only] = tops
  // Without a handler: one folder around everything that is no Python package itself, and has Python files right in it.
  if (
    tops.size !== 1 ||
    only === undefined ||
    paths.includes(`${only}/__init__.py`) ||
    ['python', 'lib', 'bin'].includes(only)
  )
    return undefined
  return paths.some((path) => /^[^/]+\/[^/]+\.py$/.test(path)) ? only : undefined
}

function lastOfEach(drafts: readonly Draft[], tell: (duplicates: readonly string[]) => void): Draft[] {
  const last = new Map<string, Draft>()
  const duplicates = new Set<string>()
  for (const draft of drafts) {
    if (last.has(draft.path)) duplicates.add(draft.path)
    last.set(draft.path, draft)
  }
  tell([...duplicates])
  return [...last.values()]
}

/** Everyone may read what its owner may read, and execute what its owner may execute. */
function openPermissions(drafts: readonly Draft[]): string[] {
  const touched: string[] = []
  for (const draft of drafts) {
    const mode = (draft.mode & 0o100) !== 0 ? 0o755 : 0o644
    if ((draft.mode & 0o004) === 0 || ((draft.mode & 0o100) !== 0 && (draft.mode & 0o001) === 0))
      touched.push(draft.path)
    draft.mode = isSymbolicLink(draft.entry) ? unixMode(draft.entry) & 0o777 : mode
  }
  return touched
}
