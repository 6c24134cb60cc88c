/** Tags of functions. Every change of them gives the function a new RevisionId (recorded). */
import { randomUUID } from 'node:crypto'
import type { Catalog } from '../store/catalog.ts'
import { invalidParameter } from './errors.ts'
import type { FunctionKey } from './function-name.ts'
import { getFunction, getLatest, replaceVersion } from './function-store.ts'

export type Tags = Readonly<Record<string, string>>

const tagsLimit = 50

export function checkTags(tags: Tags): void {
  if (Object.keys(tags).length > tagsLimit) {
    throw invalidParameter({ text: 'Number of tags exceeds resource tag limit.' })
  }
}

export async function readTags(catalog: Catalog, key: FunctionKey): Promise<Tags> {
  return JSON.parse((await getFunction(catalog.db, key)).tags) as Tags
}

export async function changeTags(catalog: Catalog, key: FunctionKey, change: (tags: Tags) => Tags): Promise<void> {
  await catalog.transaction(async (db) => {
    const { tags } = await getFunction(db, key)
    const after = change(JSON.parse(tags) as Tags)
    checkTags(after)
    await db
      .updateTable('function')
      .set({ tags: JSON.stringify(after) })
      .where('account_id', '=', key.accountId)
      .where('region', '=', key.region)
      .where('name', '=', key.name)
      .execute()
    const current = await getLatest(db, key)
    await replaceVersion(db, current, { ...current, revisionId: randomUUID() })
  })
}
