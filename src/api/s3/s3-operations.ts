import type { S3Operation } from './operation.ts'
import { bucketOperations } from './operations/buckets.ts'
import { bucketSettingOperations } from './operations/bucket-settings.ts'
import { copyOperations } from './operations/copies.ts'
import { listingOperations } from './operations/listing.ts'
import { objectOperations } from './operations/objects.ts'
import { uploadOperations } from './operations/uploads.ts'

/** Everything S3 that is served. */
export const s3Operations: readonly S3Operation[] = [
  ...bucketOperations,
  ...bucketSettingOperations,
  ...listingOperations,
  ...objectOperations,
  ...copyOperations,
  ...uploadOperations,
]

/**
 * Query parameters that choose an operation which is not served: without them `GET /bucket?inventory` would list objects.
 * Source: request syntax of the S3 API reference.
 */
export const refusedSubresources: ReadonlySet<string> = new Set([
  'analytics',
  'attributes',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'metadataConfiguration',
  'metadataInventoryTable',
  'metadataJournalTable',
  'metadataTable',
  'metrics',
  'abac',
  'encryptionUpdate',
  'policyStatus',
  'renameObject',
  'restore',
  'retention',
  'select',
  'session',
  'torrent',
  'writeGetObjectResponse',
])
