/** An S3 operation as a value: routing, grants and the printed reference come from the same object. */
import type { ApiRequest, ApiResponse } from '../http/message.ts'
import { element, xmlDocument, type XmlFields } from '../xml/xml-writer.ts'
import type { Bucket } from '../../objects/bucket.ts'
import type { ObjectStore } from '../../objects/object-store.ts'
import { responseHeaders } from './s3-fault.ts'

export interface S3Context {
  readonly request: ApiRequest
  readonly store: ObjectStore
  /** Whether the caller may do this too; for operations that read a second object. */
  mayCall(action: string, resource: string): Promise<boolean>
}

export interface BucketContext extends S3Context {
  /** It exists and belongs to the caller's account. */
  readonly bucket: Bucket
}

export interface ObjectContext extends BucketContext {
  readonly key: string
}

interface OperationHead {
  readonly name: string
  readonly method: string
  /** The query parameter that chooses it, such as `tagging`. */
  readonly subresource?: string
  /** A second query parameter or a header that must be there. */
  readonly needs?: { readonly query?: string; readonly header?: string }
  /** `stored`: its only effect is to be read back; `refused`: reads as switched off and cannot be switched on. */
  readonly status?: 'implemented' | 'stored' | 'refused'
  /** What a role must be granted; of a version that is named, the grant of that name with `Version`. */
  readonly action: string
}

export type S3Operation = OperationHead &
  (
    | { readonly level: 'service'; handle(context: S3Context): Promise<ApiResponse> }
    | { readonly level: 'name'; handle(context: S3Context & { readonly name: string }): Promise<ApiResponse> }
    | { readonly level: 'bucket'; handle(context: BucketContext): Promise<ApiResponse> }
    | { readonly level: 'object'; handle(context: ObjectContext): Promise<ApiResponse> }
  )

const namespace = { xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/' }

export function xmlAnswer(
  context: Pick<S3Context, 'request'>,
  root: string,
  fields: XmlFields | string,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers, ...responseHeaders(context.request.id) },
    body: xmlDocument(element(root, fields, namespace)),
  }
}

export function emptyAnswer(
  context: Pick<S3Context, 'request'>,
  status: number,
  headers: Readonly<Record<string, string | number>> = {},
): ApiResponse {
  return { status, headers: { ...headers, ...responseHeaders(context.request.id) } }
}

/** `2026-11-22T12:00:00.000Z` */
export function isoTime(time: number): string {
  return new Date(time).toISOString()
}

/** Whole seconds, as in `Last-Modified`. */
export function httpTime(time: number): string {
  return new Date(time).toUTCString()
}
