/** Which bucket and key a request names, path-style or by virtual host. */
import type { ApiRequest } from '../http/message.ts'
import { parseKey } from '../../objects/object-version.ts'
import { S3Fault } from './s3-fault.ts'

export interface S3Address {
  readonly bucket: string | undefined
  readonly key: string | undefined
}

/** The key is everything after the bucket, decoded once; `..` and `//` are letters of a name here, nothing more. */
export function readAddress(request: Pick<ApiRequest, 'path' | 'hostBucket'>): S3Address {
  const { bucket, rest } = split(request)
  return { bucket: bucket === '' ? undefined : bucket, key: rest === '' ? undefined : parseKey(rest) }
}

function split(request: Pick<ApiRequest, 'path' | 'hostBucket'>): { bucket: string; rest: string } {
  const path = request.path.slice(1)
  if (request.hostBucket !== undefined) return { bucket: request.hostBucket, rest: decode(path) }
  const slash = path.indexOf('/')
  return slash < 0
    ? { bucket: decode(path), rest: '' }
    : { bucket: decode(path.slice(0, slash)), rest: decode(path.slice(slash + 1)) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Fault(400, 'InvalidURI', "Couldn't parse the specified URI.")
  }
}
