import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { defineError } from './errors.ts'

export const folderRefused = defineError('ZY0019', 'refused', (p: { folder: string; above: string }) => ({
  message: `The folder \`${p.folder}\` cannot be made: the file system of \`${p.above}\` takes no folder there`,
  hint: 'Name a folder on a disk',
}))

/**
 * Makes a folder that somebody named, and what is missing above it.
 *
 * One folder at a time: told to make all at once, Node tries for ever where a folder is there and takes none, as in `/proc`.
 *
 * @returns the topmost folder that was missing
 * @throws `folderRefused` there; what the system says otherwise
 */
export function makeFolder(folder: string, mode = 0o777): string | undefined {
  const missing: string[] = []
  for (let path = folder; !existsSync(path); path = dirname(path)) missing.push(path)
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path, { mode })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'EPERM') throw folderRefused({ folder, above: dirname(path) })
      if (code !== 'EEXIST') throw error
    }
  }
  return missing[0]
}
