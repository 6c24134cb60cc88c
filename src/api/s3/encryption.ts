/** How S3 says that objects are encrypted. Here it is stored and returned only: see docs/reference/s3.md. */
import { findBucketSetting } from '../../objects/bucket.ts'
import type { ObjectDescription } from '../../objects/object-version.ts'
import { child, parseXml, textOf } from '../xml/xml-reader.ts'
import { encryptionHeader, encryptionKeyHeader, readDescription } from './object-headers.ts'
import type { BucketContext } from './operation.ts'

/** What a request says of an object that it writes, and how its bucket encrypts it when the request does not say. */
export async function describeObject(context: BucketContext): Promise<ObjectDescription> {
  const description = readDescription(context.request.headers)
  if (description.headers[encryptionHeader] !== undefined) return description
  const document = await findBucketSetting(context.store.catalog.db, context.bucket.name, 'encryption')
  const rule = document === undefined ? undefined : child(parseXml(document), 'Rule')
  const standard = rule && child(rule, 'ApplyServerSideEncryptionByDefault')
  const algorithm = standard && textOf(standard, 'SSEAlgorithm')
  const key = standard && textOf(standard, 'KMSMasterKeyID')
  const headers = {
    ...description.headers,
    [encryptionHeader]: algorithm ?? 'AES256',
    ...(key !== undefined && { [encryptionKeyHeader]: key }),
  }
  return { ...description, headers }
}
