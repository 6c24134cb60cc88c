/**
 * The sub-resources of a bucket that clients read back. Most are stored only; what has an effect says so, and what would need one that
 * is not there is refused.
 */
import { deleteBucketSetting, findBucketSetting, putBucketSetting } from '../../../objects/bucket.ts'
import { parseXml } from '../../xml/xml-reader.ts'
import { checkAcl, single } from '../object-headers.ts'
import { emptyAnswer, xmlAnswer, type BucketContext, type S3Operation } from '../operation.ts'
import { canonicalId } from '../owner.ts'
import { responseHeaders, S3Fault, notImplemented, malformedDocument } from '../s3-fault.ts'
import { readBucketTagging } from '../tags.ts'
import type { XmlFields } from '../../xml/xml-writer.ts'

const documentLimit = 256 * 1024

interface Setting {
  readonly subresource: string
  /** Of the operations: `GetBucketPolicy`, `PutBucketPolicy`, `DeleteBucketPolicy`. */
  readonly noun: string
  /** What a bucket without it answers: an error, or a document. */
  readonly absent:
    | { readonly code: string; readonly message: string }
    | { readonly root: string; readonly fields: XmlFields }
  /** What it answers once it was deleted, where that is not what it began with. */
  readonly deleted?: { readonly code: string; readonly message: string }
  /** Root element of the document that clients send. */
  readonly root: string
  readonly format?: 'json'
  readonly put: 'stored' | 'implemented' | 'refused'
  readonly putStatus?: 204
  readonly deletable: boolean
  /** A header that belongs to the document, with its default: Terraform waits until it reads it back. */
  readonly header?: { readonly name: string; readonly value: string }
  /** The noun of the grants, where it is not that of the operations. Source: service authorization reference, Amazon S3. */
  readonly grant?: string
  /** Operations that are named without `Bucket`. */
  readonly plain?: boolean
}

/**
 * A bucket encrypts with keys of S3 unless told otherwise (since January 2023), and takes no keys of its clients (since April 2026), which are
 * refused here too. Source: "Setting default server-side encryption behavior" and "Default SSE-C setting for new buckets", S3 user guide.
 */
const standardEncryption: XmlFields = {
  Rule: {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
    BucketKeyEnabled: false,
    BlockedEncryptionTypes: { EncryptionType: 'SSE-C' },
  },
}

/** Of a bucket made since April 2023. Source: "Blocking public access to your Amazon S3 storage", S3 user guide. */
const allBlocked: XmlFields = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}

/** Stands where a setting was deleted that a new bucket has: no document is empty. */
const deletedDocument = ''

// prettier-ignore
const settings: readonly Setting[] = [
  { subresource: 'policy', noun: 'Policy', root: '', format: 'json', put: 'stored', putStatus: 204, deletable: true, absent: { code: 'NoSuchBucketPolicy', message: 'The bucket policy does not exist' } },
  { subresource: 'cors', grant: 'BucketCORS', noun: 'Cors', root: 'CORSConfiguration', put: 'implemented', deletable: true, absent: { code: 'NoSuchCORSConfiguration', message: 'The CORS configuration does not exist' } },
  { subresource: 'lifecycle', grant: 'LifecycleConfiguration', noun: 'LifecycleConfiguration', root: 'LifecycleConfiguration', put: 'stored', header: { name: 'x-amz-transition-default-minimum-object-size', value: 'all_storage_classes_128K' }, deletable: true, absent: { code: 'NoSuchLifecycleConfiguration', message: 'The lifecycle configuration does not exist' } },
  { subresource: 'encryption', grant: 'EncryptionConfiguration', noun: 'Encryption', root: 'ServerSideEncryptionConfiguration', put: 'stored', deletable: true, absent: { root: 'ServerSideEncryptionConfiguration', fields: standardEncryption } },
  { subresource: 'tagging', noun: 'Tagging', root: 'Tagging', put: 'stored', putStatus: 204, deletable: true, absent: { code: 'NoSuchTagSet', message: 'The TagSet does not exist' } },
  { subresource: 'publicAccessBlock', grant: 'BucketPublicAccessBlock', noun: 'PublicAccessBlock', root: 'PublicAccessBlockConfiguration', put: 'stored', deletable: true, plain: true, absent: { root: 'PublicAccessBlockConfiguration', fields: allBlocked }, deleted: { code: 'NoSuchPublicAccessBlockConfiguration', message: 'The public access block configuration was not found' } },
  { subresource: 'ownershipControls', noun: 'OwnershipControls', root: 'OwnershipControls', put: 'stored', deletable: true, absent: { root: 'OwnershipControls', fields: { Rule: { ObjectOwnership: 'BucketOwnerEnforced' } } }, deleted: { code: 'OwnershipControlsNotFoundError', message: 'The bucket ownership controls were not found' } },
  { subresource: 'website', noun: 'Website', root: 'WebsiteConfiguration', put: 'refused', deletable: true, absent: { code: 'NoSuchWebsiteConfiguration', message: 'The specified bucket does not have a website configuration' } },
  { subresource: 'replication', grant: 'ReplicationConfiguration', noun: 'Replication', root: 'ReplicationConfiguration', put: 'refused', deletable: true, absent: { code: 'ReplicationConfigurationNotFoundError', message: 'The replication configuration was not found' } },
  { subresource: 'object-lock', grant: 'BucketObjectLockConfiguration', noun: 'ObjectLockConfiguration', root: 'ObjectLockConfiguration', put: 'refused', deletable: false, plain: true, absent: { code: 'ObjectLockConfigurationNotFoundError', message: 'Object Lock configuration does not exist for this bucket' } },
  { subresource: 'accelerate', grant: 'AccelerateConfiguration', noun: 'AccelerateConfiguration', root: 'AccelerateConfiguration', put: 'refused', deletable: false, absent: { root: 'AccelerateConfiguration', fields: {} } },
  { subresource: 'requestPayment', noun: 'RequestPayment', root: 'RequestPaymentConfiguration', put: 'refused', deletable: false, absent: { root: 'RequestPaymentConfiguration', fields: { Payer: 'BucketOwner' } } },
  { subresource: 'logging', noun: 'Logging', root: 'BucketLoggingStatus', put: 'refused', deletable: false, absent: { root: 'BucketLoggingStatus', fields: {} } },
  { subresource: 'notification', grant: 'BucketNotification', noun: 'NotificationConfiguration', root: 'NotificationConfiguration', put: 'refused', deletable: false, absent: { root: 'NotificationConfiguration', fields: {} } },
]

export const bucketSettingOperations: readonly S3Operation[] = [
  ...settings.flatMap(operationsOf),
  {
    name: 'GetBucketAcl',
    method: 'GET',
    level: 'bucket',
    subresource: 'acl',
    action: 's3:GetBucketAcl',
    handle: async (context) => ownerHasAll(context),
  },
  {
    name: 'PutBucketAcl',
    method: 'PUT',
    level: 'bucket',
    subresource: 'acl',
    action: 's3:PutBucketAcl',
    async handle(context) {
      checkAcl(context.request.headers)
      if (context.request.headers['x-amz-acl'] === undefined) {
        throw new S3Fault(400, 'AccessControlListNotSupported', 'The bucket does not allow ACLs')
      }
      return emptyAnswer(context, 200)
    },
  },
]

/** The only access control list there is: all for the owner. */
export function ownerHasAll(context: BucketContext): ReturnType<typeof xmlAnswer> {
  const id = canonicalId(context.bucket.accountId)
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...responseHeaders(context.request.id) },
    body:
      '<?xml version="1.0" encoding="UTF-8"?>\n<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      `<Owner><ID>${id}</ID></Owner><AccessControlList><Grant>` +
      `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${id}</ID></Grantee>` +
      '<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
  }
}

function operationsOf(setting: Setting): S3Operation[] {
  const { subresource, plain } = setting
  const noun = plain ? setting.noun : `Bucket${setting.noun}`
  const grant = setting.grant ?? noun
  const status = setting.put
  const get: S3Operation = {
    name: `Get${noun}`,
    method: 'GET',
    level: 'bucket',
    subresource,
    action: `s3:Get${grant}`,
    status,
    handle: (context) => read(context, setting),
  }
  const put: S3Operation = {
    name: `Put${noun}`,
    method: 'PUT',
    level: 'bucket',
    subresource,
    action: `s3:Put${grant}`,
    status,
    handle: (context) => write(context, setting, `Put${noun}`),
  }
  const remove: S3Operation = {
    name: `Delete${noun}`,
    method: 'DELETE',
    level: 'bucket',
    subresource,
    // Two have a grant of their own for that.
    action: subresource === 'policy' || subresource === 'website' ? `s3:Delete${grant}` : `s3:Put${grant}`,
    status,
    async handle(context) {
      const { db } = context.store.catalog
      if (setting.deleted) await putBucketSetting(db, context.bucket.name, subresource, deletedDocument)
      else await deleteBucketSetting(db, context.bucket.name, subresource)
      return emptyAnswer(context, 204)
    },
  }
  // A refused one can still be put back to what it is, and deleted.
  return [get, put, ...(setting.deletable ? [remove] : [])]
}

async function read(context: BucketContext, setting: Setting): ReturnType<S3Operation['handle']> {
  const { absent } = setting
  const document = await findBucketSetting(context.store.catalog.db, context.bucket.name, setting.subresource)
  if (document === undefined && 'root' in absent) return xmlAnswer(context, absent.root, absent.fields)
  const missing = document === deletedDocument ? setting.deleted : 'code' in absent ? absent : undefined
  if (missing && !document) throw new S3Fault(404, missing.code, missing.message, { BucketName: context.bucket.name })
  const type = setting.format === 'json' ? 'application/json' : 'application/xml'
  const kept =
    setting.header && (await findBucketSetting(context.store.catalog.db, context.bucket.name, setting.header.name))
  return {
    status: 200,
    headers: {
      'content-type': type,
      ...(kept !== undefined && { [setting.header!.name]: kept }),
      ...responseHeaders(context.request.id),
    },
    body: document!,
  }
}

async function write(context: BucketContext, setting: Setting, operation: string): ReturnType<S3Operation['handle']> {
  const document = (await context.request.body(documentLimit)).toString()
  if (setting.format === 'json') checkPolicy(document)
  else {
    const root = parseXml(document)
    if (root.name !== setting.root) throw malformedDocument()
    if (setting.subresource === 'tagging' && Object.keys(readBucketTagging(root)).length === 0)
      return forget(context, setting)
    const isEmpty = root.children.every(
      (child) => child.children.length === 0 && /^(|Suspended|BucketOwner)$/.test(child.text),
    )
    if (setting.put === 'refused') {
      if (!isEmpty) throw notImplemented(operation)
      return emptyAnswer(context, 200)
    }
  }
  const { db } = context.store.catalog
  await putBucketSetting(db, context.bucket.name, setting.subresource, document)
  const kept = setting.header && (single(context.request.headers[setting.header.name]) ?? setting.header.value)
  if (kept !== undefined) await putBucketSetting(db, context.bucket.name, setting.header!.name, kept)
  return emptyAnswer(context, setting.putStatus ?? 200, kept === undefined ? {} : { [setting.header!.name]: kept })
}

/** Tags that are none are as if they were deleted. */
async function forget(context: BucketContext, setting: Setting): ReturnType<S3Operation['handle']> {
  await deleteBucketSetting(context.store.catalog.db, context.bucket.name, setting.subresource)
  return emptyAnswer(context, setting.putStatus ?? 200)
}

function checkPolicy(document: string): void {
  try {
    const policy = JSON.parse(document) as unknown
    if (typeof policy === 'object' && policy !== null && 'Statement' in policy) return
  } catch {
    // told below
  }
  throw new S3Fault(400, 'MalformedPolicy', "Policies must be valid JSON and the first byte must be '{'")
}
