import type { Generated } from 'kysely'

/** Buckets, objects and multipart uploads. A bucket's name is unique in the whole service, so the rows below it are keyed by it. */
export interface ObjectTables {
  bucket: BucketTable
  bucket_setting: BucketSettingTable
  object_version: ObjectVersionTable
  multipart_upload: MultipartUploadTable
  multipart_part: MultipartPartTable
}

export interface BucketTable {
  name: string
  account_id: string
  region: string
  created_at: number
  /** Null: never enabled, which S3 tells apart from suspended. */
  versioning: 'Enabled' | 'Suspended' | null
}

/** A sub-resource that is stored and read back: `policy`, `cors`, `lifecycle` … */
export interface BucketSettingTable {
  bucket: string
  name: string
  /** The document as the client sent it: XML, or JSON for `policy`. */
  document: string
}

export interface ObjectVersionTable {
  /** Grows with every write: of two versions of a key the larger is the newer. */
  id: Generated<number>
  bucket: string
  key: string
  /** What clients see; `null` in a bucket that was never versioned. */
  version_id: string
  /** 1 for the newest version of its key. */
  latest: 0 | 1
  delete_marker: 0 | 1
  /** Null for a delete marker, as are the columns below. */
  digest: string | null
  bytes: number | null
  /** Without quotes: the MD5 in hexadecimal, or `md5-of-md5s-N`. */
  etag: string | null
  /** JSON: content type and the other headers that are stored and returned. */
  headers: string | null
  /** JSON: `x-amz-meta-…` without the prefix. */
  metadata: string | null
  /** JSON: `{ algorithm, value, type }`. */
  checksum: string | null
  /** JSON: sizes of the parts of a multipart upload. */
  parts: string | null
  /** JSON object. */
  tags: string | null
  modified_at: number
}

export interface MultipartUploadTable {
  upload_id: string
  bucket: string
  key: string
  headers: string
  metadata: string
  /** JSON: `{ algorithm, type }`, or null. */
  checksum: string | null
  tags: string | null
  initiated_at: number
}

export interface MultipartPartTable {
  upload_id: string
  part_number: number
  digest: string
  bytes: number
  etag: string
  /** JSON: `{ algorithm, value }`, or null. */
  checksum: string | null
  modified_at: number
}
