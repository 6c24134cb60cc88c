import { array, assert, asyncProperty, constantFrom, integer, string } from 'fast-check'
import { expect, test } from 'vitest'
import { cases } from '../../test/kit/cases.ts'
import { ManualClock } from '../base/clock.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { openCatalog, type Catalog } from '../store/catalog.ts'
import { createBucket, requireBucket, setVersioning } from './bucket.ts'
import { listObjects, listVersions } from './object-listing.ts'
import { insertVersion, removeVersion } from './object-version.ts'

const clock = new ManualClock()
// Few characters, so that prefixes, delimiters and neighbours meet: also the ones around `/`, and the largest of Unicode.
const keys = string({
  unit: constantFrom('a', 'b', '/', '.', '0', 'ü', '\u{10ffff}', '\ud7ff'),
  minLength: 1,
  maxLength: 5,
})
const inBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** What S3's documentation says a list holds, over an array. */
function expected(all: readonly string[], prefix: string, delimiter: string): string[] {
  const entries = all
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      return at < 0 ? key : `${key.slice(0, at + delimiter.length)}*`
    })
  return [...new Set(entries)]
}

async function withBucket(bucketKeys: readonly string[], versions = 1): Promise<Catalog> {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock })
  await createBucket(catalog.db, clock, { name: 'bucket', accountId: '123456789012', region: 'us-east-1' })
  if (versions > 1) await setVersioning(catalog.db, 'bucket', 'Enabled')
  const bucket = await requireBucket(catalog.db, 'bucket')
  const content = { digest: 'd', bytes: 1, etag: 'e', headers: {}, metadata: {}, tags: {} }
  await catalog.transaction(async (db) => {
    for (let version = 0; version < versions; version++) {
      for (const key of bucketKeys) await insertVersion(db, bucket, key, version, content)
    }
  })
  return catalog
}

test('pages of any size list what S3 lists, in the order of bytes, each entry once', async () => {
  await assert(
    asyncProperty(
      array(keys, { maxLength: 40 }),
      keys,
      constantFrom('', '/', 'a', 'b/'),
      integer({ min: 1, max: 7 }),
      async (some, prefixed, delimiter, limit) => {
        const all = [...new Set(some)].toSorted(inBytes)
        const prefix = [...prefixed].slice(0, 1).join('')
        const catalog = await withBucket(all)
        const found: string[] = []
        for (let after: string | undefined; ;) {
          const page = await listObjects(catalog.db, 'bucket', { prefix, delimiter, limit, after })
          const entries = [...page.objects.map((object) => object.key), ...page.commonPrefixes.map((one) => `${one}*`)]
          expect(entries.length).toBeLessThanOrEqual(limit)
          found.push(...entries)
          if (page.next === undefined) break
          after = page.next
        }
        expect(found.toSorted(inBytes)).toEqual(expected(all, prefix, delimiter).toSorted(inBytes))
        await catalog.close()
      },
    ),
    cases(40),
  )
})

test('pages of any size list all versions of all keys, the newest of a key first', async () => {
  await assert(
    asyncProperty(array(keys, { maxLength: 10 }), integer({ min: 1, max: 4 }), async (some, limit) => {
      const all = [...new Set(some)].toSorted(inBytes)
      const catalog = await withBucket(all, 3)
      const found: string[] = []
      for (let marker: { key: string; versionId: string | undefined } | undefined; ;) {
        const page = await listVersions(catalog.db, 'bucket', {
          prefix: '',
          delimiter: '',
          limit,
          after: marker?.key,
          afterVersion: marker?.versionId,
        })
        found.push(...page.versions.map((version) => `${version.key} ${version.modifiedAt} ${version.isLatest}`))
        if (!page.next) break
        marker = page.next
      }
      expect(found).toEqual(all.flatMap((key) => [`${key} 2 true`, `${key} 1 false`, `${key} 0 false`]))
      await catalog.close()
    }),
    cases(15),
  )
})

test('who removes the versions of each page before asking for the next misses none', async () => {
  for (const limit of [1, 2, 3, 4, 5]) {
    const catalog = await withBucket(['a', 'b', 'c'], 4)
    let removed = 0
    for (let marker: { key: string; versionId: string | undefined } | undefined; ;) {
      const options = { prefix: '', delimiter: '', limit, after: marker?.key, afterVersion: marker?.versionId }
      const page = await listVersions(catalog.db, 'bucket', options)
      for (const { key, versionId } of page.versions) {
        await catalog.transaction((db) => removeVersion(db, { bucket: 'bucket', key }, versionId))
        removed += 1
      }
      if (!page.next) break
      marker = page.next
    }
    expect(removed).toBe(12)
    await catalog.close()
  }
})
