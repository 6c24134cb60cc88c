import { validateHeaderValue } from 'node:http'
import { expect, test } from 'vitest'
import { openObjectStore } from '../../test/kit/object-store.ts'
import { objectHeaders } from '../api/s3/object-headers.ts'
import { requireBucket } from '../objects/bucket.ts'
import { requireObject } from '../objects/object-version.ts'
import { putObject } from './object-ports.ts'

test.each([
  ['is plain', 'intentional failure', 'intentional failure'],
  ['has characters that no header can carry', 'naïve €\nsecond line', '=?UTF-8?B?bmHDr3ZlIOKCrApzZWNvbmQgbGluZQ==?='],
])('a dead letter whose error message %s can be read from its bucket', async (_, message, shown) => {
  const store = await openObjectStore('dead')
  const { accountId, region } = await requireBucket(store.catalog.db, 'dead')
  const name = { bucket: 'dead', key: 'key' }
  const metadata = { RequestID: 'id', ErrorMessage: message }
  await putObject(store)({ accountId, region }, { ...name, body: Buffer.from('{}'), metadata })
  const headers = objectHeaders(await requireObject(store.catalog.db, name), false)
  for (const [header, value] of Object.entries(headers)) validateHeaderValue(header, value)
  expect(headers).toMatchObject({ 'x-amz-meta-requestid': 'id', 'x-amz-meta-errormessage': shown })
})
