/** S3 over HTTP: finds the operation, checks bucket and caller, and lets it answer. */
import type { ApiRequest, ApiResponse, ApiService } from '../http/message.ts'
import { mayCall, type IsGranted } from '../grants.ts'
import { parseBucketName, requireBucket } from '../../objects/bucket.ts'
import type { ObjectStore } from '../../objects/object-store.ts'
import { readAddress, type S3Address } from './address.ts'
import { corsHeaders } from './cors.ts'
import { single } from './object-headers.ts'
import type { S3Operation } from './operation.ts'
import { accessDenied, notImplemented, renderFault, S3Fault } from './s3-fault.ts'
import { refusedSubresources, s3Operations } from './s3-operations.ts'

export interface S3ServiceOptions {
  readonly store: ObjectStore
  readonly isGranted: IsGranted
}

export function createS3Service(options: S3ServiceOptions): ApiService {
  return {
    name: 's3',
    handle: (request) => handle(options, request),
    renderError: renderFault,
    allowsOrigin: (head, origin) => corsHeaders(options.store.catalog.db, head, origin),
  }
}

async function handle(options: S3ServiceOptions, request: ApiRequest): Promise<ApiResponse> {
  const address = readAddress(request)
  const operation = findOperation(request, address)
  const { store } = options
  const may = (action: string, resource: string): Promise<boolean> =>
    mayCall(options.isGranted, request.caller, { action, resource })
  const context = { request, store, mayCall: may }
  // DeleteObjects is granted object by object.
  const granted = operation.name === 'DeleteObjects' || (await may(grantOf(operation, request), resourceOf(address)))
  if (!granted) throw accessDenied()
  if (operation.level === 'service') return operation.handle(context)
  if (operation.level === 'name') return operation.handle({ ...context, name: parseBucketName(address.bucket!) })
  const bucket = await requireBucket(store.catalog.db, address.bucket!)
  const expectedOwner = single(request.headers['x-amz-expected-bucket-owner'])
  if (bucket.accountId !== request.caller.accountId) throw accessDenied()
  if (expectedOwner !== undefined && expectedOwner !== bucket.accountId) throw accessDenied()
  if (operation.level === 'bucket') return operation.handle({ ...context, bucket })
  return operation.handle({ ...context, bucket, key: address.key! })
}

/** The operation of method, address, query and headers; the one that asks for most wins. */
function findOperation(request: ApiRequest, address: S3Address): S3Operation {
  const { method, query, headers } = request
  const levels =
    address.bucket === undefined ? ['service'] : address.key === undefined ? ['bucket', 'name'] : ['object']
  const refused = [...query.keys()].find((name) => refusedSubresources.has(name))
  if (refused !== undefined && levels[0] !== 'service') throw notImplemented(`${method} ?${refused}`)
  const matching = s3Operations.filter(
    (operation) =>
      operation.method === method &&
      levels.includes(operation.level) &&
      (operation.subresource === undefined || query.has(operation.subresource)) &&
      (operation.needs?.query === undefined || query.has(operation.needs.query)) &&
      (operation.needs?.header === undefined || headers[operation.needs.header] !== undefined),
  )
  const found = matching.sort((one, other) => weightOf(other) - weightOf(one))[0]
  if (!found) {
    throw new S3Fault(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      Method: method,
      ResourceType: levels[0]!.toUpperCase(),
    })
  }
  // `GET ?tagging` is not GetObject: a sub-resource that this method does not serve must not fall through to the plain operation.
  const unserved = found.subresource === undefined ? servedElsewhere(query, levels) : undefined
  if (unserved !== undefined) throw notImplemented(`${method} ?${unserved}`)
  return found
}

function weightOf(operation: S3Operation): number {
  return (operation.subresource ? 4 : 0) + (operation.needs?.query ? 2 : 0) + (operation.needs?.header ? 1 : 0)
}

/** Query parameters that are sub-resources under some other method; `partNumber` is also a plain parameter of GetObject. */
function servedElsewhere(query: URLSearchParams, levels: readonly string[]): string | undefined {
  return [...query.keys()].find(
    (name) =>
      name !== 'partNumber' &&
      name !== 'list-type' &&
      s3Operations.some((operation) => operation.subresource === name && levels.includes(operation.level)),
  )
}

/** `s3:GetObject` of a named version is `s3:GetObjectVersion`, `s3:GetObjectTagging` is `s3:GetObjectVersionTagging`. */
function grantOf(operation: S3Operation, request: ApiRequest): string {
  if (operation.level !== 'object' || !request.query.has('versionId')) return operation.action
  return operation.action.replace(/^(s3:(?:Get|Put|Delete)Object)(Tagging|Acl)?$/, '$1Version$2')
}

function resourceOf(address: S3Address): string {
  if (address.bucket === undefined) return '*'
  return `arn:aws:s3:::${address.bucket}${address.key === undefined ? '' : `/${address.key}`}`
}
