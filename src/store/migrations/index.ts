import type { Migration } from '../migration.ts'
import { functionsMigration } from './0001-functions.ts'
import { objectsMigration } from './0002-objects.ts'
import { logsMigration } from './0003-logs.ts'
import { accessMigration } from './0004-access.ts'
import { eventsMigration } from './0005-events.ts'
import { logEventsMigration } from './logs-0001-events.ts'
import { logOriginMigration } from './logs-0002-origin.ts'

/** The catalog's migrations, oldest first. Add at the end; never edit one that was released. */
export const catalogMigrations: readonly Migration[] = [
  functionsMigration,
  objectsMigration,
  logsMigration,
  accessMigration,
  eventsMigration,
]

/** The migrations of `logs.db`, which is a file of its own because log events may be lost in a power cut and the catalog may not. */
export const logMigrations: readonly Migration[] = [logEventsMigration, logOriginMigration]
