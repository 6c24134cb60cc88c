import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { folderClosed } from './errors.ts'

/**
 * Checks that everyone may pass through all folders above `path`: where nothing is mounted for it, the function's user needs that.
 *
 * @throws ZY0512 with the first folder that is closed
 */
export function requirePassage(path: string): void {
  accessSync(path, constants.F_OK)
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) throw folderClosed({ folder: path, closedAt: folder })
    if (folder === dirname(folder)) return
  }
}
