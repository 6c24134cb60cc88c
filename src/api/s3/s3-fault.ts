/** How S3 says what went wrong: one table from our errors to its codes, and the XML of an error. */
import { headersNotSigned, requestTooLarge } from '../http/errors.ts'
import { accessFaultOf } from '../http/access-fault.ts'
import type { ApiResponse } from '../http/message.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import { element, xmlDocument, type XmlFields } from '../xml/xml-writer.ts'
import { ZipyardError, type ErrorDefinition } from '../../base/errors.ts'
import {
  bucketNotEmpty,
  bucketNotFound,
  bucketTaken,
  conditionFailed,
  digestMismatch,
  invalidBucketName,
  invalidKey,
  invalidPart,
  objectNotFound,
  partsOutOfOrder,
  partTooSmall,
  uploadNotFound,
  versionNotFound,
} from '../../objects/errors.ts'
import { blobMismatch, blobMissing, holdsNul, storeFull } from '../../store/errors.ts'

/** An answer of S3 that is an error. */
export class S3Fault extends Error {
  readonly code: string
  readonly status: number
  /** Elements besides Code, Message, RequestId and HostId. */
  readonly fields: XmlFields
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    message: string,
    fields: XmlFields = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.code = code
    this.status = status
    this.fields = fields
    this.headers = headers
  }
}

export function accessDenied(): S3Fault {
  return new S3Fault(403, 'AccessDenied', 'Access Denied')
}

export function invalidArgument(name: string, value: string, message: string): S3Fault {
  return new S3Fault(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value })
}

export function malformedDocument(): S3Fault {
  return new S3Fault(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  )
}

/** What is not served; the operation is named, as `product.md` promises. */
export function notImplemented(what: string): S3Fault {
  return new S3Fault(
    501,
    'NotImplemented',
    `A header or operation you provided implies functionality that is not implemented: ${what}`,
  )
}

interface Row {
  readonly status: number
  readonly code: string
  /** Ours when absent. */
  readonly message?: string
  readonly fields?: (details: Readonly<Record<string, unknown>>) => XmlFields
}

type Definition = Pick<ErrorDefinition<never>, 'code'>

const text = (value: unknown): string => String(value)

const rows: readonly (readonly [Definition, Row])[] = [
  [
    bucketNotFound,
    {
      status: 404,
      code: 'NoSuchBucket',
      message: 'The specified bucket does not exist',
      fields: (d) => ({ BucketName: text(d['bucket']) }),
    },
  ],
  [
    invalidBucketName,
    {
      status: 400,
      code: 'InvalidBucketName',
      message: 'The specified bucket is not valid.',
      fields: (d) => ({ BucketName: text(d['bucket']) }),
    },
  ],
  [
    bucketNotEmpty,
    {
      status: 409,
      code: 'BucketNotEmpty',
      message: 'The bucket you tried to delete is not empty',
      fields: (d) => ({ BucketName: text(d['bucket']) }),
    },
  ],
  [
    objectNotFound,
    {
      status: 404,
      code: 'NoSuchKey',
      message: 'The specified key does not exist.',
      fields: (d) => ({ Key: text(d['key']) }),
    },
  ],
  [
    versionNotFound,
    {
      status: 404,
      code: 'NoSuchVersion',
      message: 'The specified version does not exist.',
      fields: (d) => ({ Key: text(d['key']), VersionId: text(d['versionId']) }),
    },
  ],
  [
    conditionFailed,
    {
      status: 412,
      code: 'PreconditionFailed',
      message: 'At least one of the pre-conditions you specified did not hold',
      fields: (d) => ({ Condition: text(d['condition']) }),
    },
  ],
  [
    uploadNotFound,
    {
      status: 404,
      code: 'NoSuchUpload',
      message:
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      fields: (d) => ({ UploadId: text(d['uploadId']) }),
    },
  ],
  [
    invalidPart,
    {
      status: 400,
      code: 'InvalidPart',
      message:
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      fields: (d) => ({ UploadId: text(d['uploadId']), PartNumber: text(d['part']), ETag: text(d['etag']) }),
    },
  ],
  [
    partsOutOfOrder,
    {
      status: 400,
      code: 'InvalidPartOrder',
      message: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
    },
  ],
  [
    partTooSmall,
    {
      status: 400,
      code: 'EntityTooSmall',
      message: 'Your proposed upload is smaller than the minimum allowed size',
      fields: (d) => ({
        ProposedSize: text(d['bytes']),
        MinSizeAllowed: text(d['minimumBytes']),
        PartNumber: text(d['part']),
        ETag: text(d['etag']),
      }),
    },
  ],
  [
    blobMismatch,
    {
      status: 400,
      code: 'IncompleteBody',
      message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
    },
  ],
  [blobMissing, { status: 500, code: 'InternalError' }],
  [
    malformedXml,
    {
      status: 400,
      code: 'MalformedXML',
      message: 'The XML you provided was not well-formed or did not validate against our published schema',
    },
  ],
  [requestTooLarge, { status: 400, code: 'MaxMessageLengthExceeded', message: 'Your request was too big.' }],
  [storeFull, { status: 507, code: 'InsufficientStorage' }],
]

const byCode = new Map(rows.map(([definition, row]) => [definition.code, row]))

/** The fault of any error; what nobody expected is an InternalError that tells nothing. */
export function faultOf(error: unknown): S3Fault {
  if (error instanceof S3Fault) return error
  const access = accessFaultOf(error)
  if (headersNotSigned.is(error)) {
    return new S3Fault(403, access!.s3, access!.s3Message, { HeadersNotSigned: error.details.headers.join(', ') })
  }
  if (access) return new S3Fault(access.s3Status, access.s3, access.s3Message)
  if (bucketTaken.is(error)) {
    const [code, message] = error.details.own
      ? [
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded and you already own it.',
        ]
      : [
          'BucketAlreadyExists',
          'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
        ]
    return new S3Fault(409, code!, message!, { BucketName: error.details.bucket })
  }
  if (invalidKey.is(error)) {
    return error.details.tooLong
      ? new S3Fault(400, 'KeyTooLongError', 'Your key is too long', { MaxSizeAllowed: 1024 })
      : invalidArgument('key', JSON.stringify(error.details.key), error.message)
  }
  if (digestMismatch.is(error)) {
    const { what, expected, found } = error.details
    return what === 'Content-MD5'
      ? new S3Fault(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.', {
          ExpectedDigest: expected,
          CalculatedDigest: found,
        })
      : new S3Fault(400, 'BadDigest', `The ${what} you specified did not match the calculated checksum.`)
  }
  if (holdsNul(error))
    return new S3Fault(400, 'InvalidArgument', 'A name or value in the request holds a NUL character')
  const row = error instanceof ZipyardError ? byCode.get(error.code) : undefined
  if (!row) return new S3Fault(500, 'InternalError', 'We encountered an internal error. Please try again.')
  const { message, details } = error as ZipyardError
  return new S3Fault(row.status, row.code, row.message ?? message, row.fields?.(details))
}

/** The whole answer; HEAD gets no body, as everywhere in HTTP. */
export function renderFault(
  error: unknown,
  request: { readonly id: string; readonly path: string; readonly method: string },
): ApiResponse {
  const fault = faultOf(error)
  const headers = { ...fault.headers, ...responseHeaders(request.id) }
  if (fault.status === 304 || request.method === 'HEAD') return { status: fault.status, headers }
  const root = element('Error', {
    Code: fault.code,
    Message: fault.message,
    ...fault.fields,
    Resource: request.path,
    RequestId: request.id,
    HostId: 'zipyard',
  })
  return { status: fault.status, headers: { 'content-type': 'application/xml', ...headers }, body: xmlDocument(root) }
}

/** What every answer of S3 carries. */
export function responseHeaders(requestId: string): Record<string, string> {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': 'zipyard' }
}
