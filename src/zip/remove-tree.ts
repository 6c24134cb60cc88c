import { chmodSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Removes an unpacked package, also where its own permission bits keep the owner from it. Never follows a link.
 */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    openFolders(path)
    rmSync(path, { recursive: true, force: true })
  }
}

function openFolders(path: string): void {
  chmodSync(path, 0o700)
  for (const item of readdirSync(path, { withFileTypes: true }))
    if (item.isDirectory()) openFolders(join(path, item.name))
}
