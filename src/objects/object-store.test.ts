import { expect, test } from 'vitest'
import { openObjectStore } from '../../test/kit/object-store.ts'
import { conditionFailed, digestMismatch, objectNotFound } from './errors.ts'
import { requireObject } from './object-version.ts'

const name = { bucket: 'bucket', key: 'key' }
const plain = { headers: {}, metadata: {}, tags: {} }
const thrown = (error: unknown): unknown => error
/** MD5 of `first` as an ETag, and of `other` as `Content-MD5`. */
const md5OfFirst = '8b04d5e3775d298e78455efc5ca404d5'
const md5OfOther = 'eV8yArF8trw9S3cdjGyerw=='

test('a body that is not what its Content-MD5 says is refused, and nothing is stored', async () => {
  const store = await openObjectStore(name.bucket)
  const refused: unknown = await store.put(name, Buffer.from('first'), plain, { md5: md5OfOther }).catch(thrown)
  expect(digestMismatch.is(refused) && refused.details.what).toBe('Content-MD5')
  await expect(requireObject(store.catalog.db, name)).rejects.toSatisfy(objectNotFound.is)
  await store.put(name, Buffer.from('other'), plain, { md5: md5OfOther })
})

test('If-None-Match: * writes only where nothing stands', async () => {
  const store = await openObjectStore(name.bucket)
  const first = await store.put(name, Buffer.from('first'), plain, { ifNoneMatch: '*' })
  expect(first.etag).toBe(md5OfFirst)
  const refused: unknown = await store.put(name, Buffer.from('other'), plain, { ifNoneMatch: '*' }).catch(thrown)
  expect(conditionFailed.is(refused) && refused.details.condition).toBe('If-None-Match')
  expect((await requireObject(store.catalog.db, name)).etag).toBe(first.etag)
})

test('If-None-Match: * does not take an object that cannot be read for none', async () => {
  const store = await openObjectStore(name.bucket)
  await store.put(name, Buffer.from('first'), plain)
  await store.catalog.db.updateTable('object_version').set({ metadata: 'damaged' }).execute()
  await expect(store.put(name, Buffer.from('other'), plain, { ifNoneMatch: '*' })).rejects.toThrow(SyntaxError)
  const rows = await store.catalog.db.selectFrom('object_version').select('etag').execute()
  expect(rows).toEqual([{ etag: md5OfFirst }])
})
