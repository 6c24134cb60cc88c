import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'

/** Files of the data folder that nobody but the service may read. */
const closedFiles = [
  'catalog.db',
  'catalog.db-wal',
  'catalog.db-shm',
  'logs.db',
  'logs.db-wal',
  'logs.db-shm',
  'interpreters.json',
]

/**
 * Lets an unprivileged user pass through the data folder to the code it runs, and no further: the folder cannot be listed, and what the
 * service keeps beside the code is closed. For tiers `process` and `bwrap` as root,
 * in which a user of the host comes for it; the other tiers mount what a function may see before they become that user.
 */
export function makePassable(dataFolder: string): void {
  for (const name of closedFiles) if (existsSync(join(dataFolder, name))) chmodSync(join(dataFolder, name), 0o600)
  chmodSync(dataFolder, 0o711)
}
