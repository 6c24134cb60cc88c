/**
 * Tags of objects and of buckets: in a header, or in a document.
 *
 * Source: "Categorizing your storage using tags", S3 user guide; what is refused, and its words: tests of a public suite that are marked as verified
 * against AWS (moto, `test_s3_tagging.py`).
 */
import { child, childrenNamed, textOf, type XmlNode } from '../xml/xml-reader.ts'
import { malformedDocument, S3Fault } from './s3-fault.ts'

export type Tags = Readonly<Record<string, string>>

/** Of an object. */
const objectLimit = 10
/** Of a bucket. */
const bucketLimit = 50

/** `x-amz-tagging` of an object: `key=value&…`, percent-encoded. */
export function readTaggingHeader(text: string | undefined): Tags {
  if (text === undefined || text === '') return {}
  return checkObjectTags([...new URLSearchParams(text)], 'Your TagKey cannot be prefixed with aws:')
}

/** The document of PutObjectTagging. */
export function readObjectTagging(root: XmlNode): Tags {
  return checkObjectTags(readTagSet(root), ofTheSystem)
}

/** The document of PutBucketTagging. */
export function readBucketTagging(root: XmlNode): Tags {
  const pairs = readTagSet(root)
  if (pairs.length > bucketLimit) throw new S3Fault(400, 'BadRequest', `Bucket tag count cannot be greater than ${bucketLimit}`) // prettier-ignore
  return checkTags(pairs, ofTheSystem)
}

type Pairs = readonly (readonly [string, string])[]

const ofTheSystem = 'System tags cannot be added/updated by requester'

function readTagSet(root: XmlNode): Pairs {
  const set = child(root, 'TagSet')
  if (root.name !== 'Tagging' || !set) throw malformedDocument()
  return childrenNamed(set, 'Tag').map((tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? ''] as const)
}

function checkObjectTags(pairs: Pairs, reserved: string): Tags {
  if (pairs.length > objectLimit) throw new S3Fault(400, 'BadRequest', `Object tags cannot be greater than ${objectLimit}`) // prettier-ignore
  return checkTags(pairs, reserved)
}

/** @param reserved what is said of keys that are AWS's own */
function checkTags(pairs: Pairs, reserved: string): Tags {
  const tags: Record<string, string> = {}
  for (const [key, value] of pairs) {
    if (key.startsWith('aws:')) throw new S3Fault(400, 'InvalidTag', reserved, { TagKey: key })
    if (key === '' || key.length > 128) throw new S3Fault(400, 'InvalidTag', 'The TagKey you have provided is invalid')
    if (value.length > 256) throw new S3Fault(400, 'InvalidTag', 'The TagValue you have provided is invalid')
    if (Object.hasOwn(tags, key)) {
      throw new S3Fault(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key', { TagKey: key })
    }
    tags[key] = value
  }
  return tags
}
