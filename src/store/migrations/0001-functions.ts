import type { Migration } from '../migration.ts'

export const functionsMigration: Migration = {
  name: '0001-functions',
  async up() {},
}
