import { defineError } from '../../base/errors.ts'
import { contentOf } from './content.ts'
import { ownerName, type LayoutFile, type Note } from './layout.ts'

/** What happens when two distributions bring different files for one place. */
export type ConflictPolicy = 'error' | 'first' | 'last'

export const conflictPolicies: readonly ConflictPolicy[] = ['error', 'first', 'last']

export const fileConflict = defineError('ZY0422', 'refused', (p: { path: string; first: string; second: string }) => ({
  message: `\`${p.path}\` comes from \`${p.first}\` and, with other bytes, from \`${p.second}\``,
  hint: 'Leave one of them out, or decide with `--on-conflict first` or `last` (by name of the distribution)',
}))

export const fileIsFolder = defineError(
  'ZY0423',
  'refused',
  (p: { path: string; owner: string; below: string; other: string }) => ({
    message: `\`${p.path}\` of \`${p.owner}\` is a file, and \`${p.below}\` of \`${p.other}\` needs a folder of that name`,
    hint: 'Rename the file, or leave one of the two out',
  }),
)

/**
 * Puts the files of all distributions and the project's own into one tree, in this order. Own files win over those of distributions,
 * and each such case is noted; two distributions must not differ about a file.
 */
export function mergeFiles(
  distributions: readonly (readonly LayoutFile[])[],
  own: readonly LayoutFile[],
  policy: ConflictPolicy,
): { readonly files: readonly LayoutFile[]; readonly notes: readonly Note[] } {
  const files = new Map<string, LayoutFile>()
  const notes: Note[] = []
  for (const file of distributions.flat()) {
    const other = files.get(file.path)
    if (other && !isSame(other, file)) {
      if (policy === 'error')
        throw fileConflict({ path: file.path, first: ownerName(other.owner), second: ownerName(file.owner) })
      notes.push(conflictNote(file, other, policy))
    }
    if (!other || policy === 'last') files.set(file.path, file)
  }
  for (const file of own) {
    const other = files.get(file.path)
    // A project that depends on itself (`-e .`) brings its files twice.
    if (other && isSame(other, file)) continue
    if (other) notes.push(replaceNote(file, other))
    files.set(file.path, file)
  }
  refuseFilesAsFolders(files)
  return { files: [...files.values()], notes: [...notes, ...hiddenModules(own, files)] }
}

function conflictNote(file: LayoutFile, other: LayoutFile, policy: ConflictPolicy): Note {
  const kept = policy === 'last' ? file : other
  return {
    code: 'ZY0422',
    message: `\`${file.path}\` comes from \`${ownerName(other.owner)}\` and from \`${ownerName(file.owner)}\`; that of \`${ownerName(kept.owner)}\` is packed`,
  }
}

function replaceNote(file: LayoutFile, other: LayoutFile): Note {
  return {
    code: 'ZY0424',
    message: `\`${file.path}\` of the project replaces that of \`${ownerName(other.owner)}\``,
    hint: 'Rename the file if that is not meant',
  }
}

/** Own modules and packages of the same name as a distribution's: Python takes the package, whoever's it is. */
function hiddenModules(own: readonly LayoutFile[], files: ReadonlyMap<string, LayoutFile>): Note[] {
  const packages = new Map<string, LayoutFile>()
  for (const file of files.values()) {
    const match = /^([^/]+)\/__init__\.py$/.exec(file.path)
    if (match && file.owner !== 'own') packages.set(match[1]!, file)
  }
  return own.flatMap((file) => {
    const module = /^([^/]+)\.py$/.exec(file.path)?.[1]
    const other = module === undefined ? undefined : packages.get(module)
    if (!other) return []
    return [
      {
        code: 'ZY0425',
        message: `\`${file.path}\` of the project is never imported: the package \`${module}/\` of \`${ownerName(other.owner)}\` has the same name and comes first`,
        hint: `Rename \`${file.path}\``,
      },
    ]
  })
}

function refuseFilesAsFolders(files: ReadonlyMap<string, LayoutFile>): void {
  const folders = new Map<string, LayoutFile>()
  for (const file of files.values()) {
    for (let slash = file.path.lastIndexOf('/'); slash > 0; slash = file.path.lastIndexOf('/', slash - 1)) {
      const folder = file.path.slice(0, slash)
      if (folders.has(folder)) break
      folders.set(folder, file)
    }
  }
  for (const [folder, below] of folders) {
    const file = files.get(folder)
    if (file)
      throw fileIsFolder({
        path: folder,
        owner: ownerName(file.owner),
        below: below.path,
        other: ownerName(below.owner),
      })
  }
}

function isSame(a: LayoutFile, b: LayoutFile): boolean {
  if (a.uncompressedBytes !== b.uncompressedBytes || Boolean(a.link) !== Boolean(b.link)) return false
  if (a.crc32 !== undefined && b.crc32 !== undefined && a.crc32 !== b.crc32) return false
  return contentOf(a).equals(contentOf(b))
}
