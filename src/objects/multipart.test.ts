import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { openObjectStore } from '../../test/kit/object-store.ts'
import { objectNotFound, partsOutOfOrder } from './errors.ts'
import { completeUpload, createUpload, listUploads, putPart, smallestPart, type ListedPart } from './multipart.ts'
import { requireObject } from './object-version.ts'

const name = { bucket: 'bucket', key: 'key' }
const plain = { headers: {}, metadata: {}, tags: {} }
const thrown = (error: unknown): unknown => error

test('parts are joined only in the order of their numbers, each once', async () => {
  const store = await openObjectStore(name.bucket)
  const upload = await createUpload(store, name, plain, undefined)
  // Both large enough to stand before another: only their order is wrong.
  const put = async (number: number): Promise<ListedPart> => {
    const body = Readable.from([Buffer.alloc(smallestPart, `${number}`)], { objectMode: false })
    return { number, etag: (await putPart(store, upload, number, body, {})).etag }
  }
  const [one, two] = [await put(1), await put(2)]
  for (const listed of [
    [two, one],
    [one, two, two],
  ]) {
    const refused: unknown = await completeUpload(store, upload, listed).catch(thrown)
    expect(partsOutOfOrder.is(refused) && refused.details.part).toBe(listed.at(-1)!.number)
  }
  await expect(requireObject(store.catalog.db, name)).rejects.toSatisfy(objectNotFound.is)
  expect((await completeUpload(store, upload, [one, two])).bytes).toBe(2 * smallestPart)
})

test('uploads are listed by prefix whatever character comes after it', async () => {
  const store = await openObjectStore(name.bucket)
  for (const key of ['a', 'b', 'b\u{10ffff}c', 'c']) await createUpload(store, { ...name, key }, plain, undefined)
  const listed = await listUploads(store.catalog.db, name.bucket, { prefix: 'b', limit: 10 })
  expect(listed.map((upload) => upload.key)).toEqual(['b', 'b\u{10ffff}c'])
})
