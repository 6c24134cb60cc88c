import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { folderClosed } from './errors.ts'
import type { SandboxSpec } from './sandbox.ts'

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

/** Whether the function may enter one of the folders that are bound: a package may be closed to it as a whole, and then it starts elsewhere. */
export function mayEnter({ binds }: Pick<SandboxSpec, 'binds'>, folder: string): boolean {
  const bind = binds.find(({ target }) => target === folder)
  return bind === undefined || (statSync(bind.source).mode & 0o001) !== 0
}
