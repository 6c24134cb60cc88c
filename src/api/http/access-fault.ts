/**
 * How AWS says that a request was refused before an operation saw it: one table for all protocols.
 *
 * REST-JSON and JSON services, query services and S3 have names of their own for the same fault.
 */
import { bodyLengthMismatch, checksumMismatch, chunkSignatureMismatch, malformedChunk } from '../../aws/errors.ts'
import { ZipyardError, type ErrorDefinition } from '../../base/errors.ts'
import {
  headersNotSigned,
  hostRefused,
  incompleteSignature,
  invalidSessionToken,
  legacyHeaderRefused,
  legacySignatureRefused,
  malformedPresignedUrl,
  malformedRequest,
  missingAuthentication,
  originRefused,
  payloadHashMismatch,
  presignedUrlExpired,
  requestIncomplete,
  requestStalled,
  signatureExpired,
  signatureMismatch,
  signatureNotYetValid,
  unknownAccessKey,
  unknownService,
} from './errors.ts'

export interface AccessFault {
  /** HTTP status for JSON and query services, and for S3. */
  readonly status: number
  readonly s3Status: number
  /** Error names: `x-amzn-ErrorType` or `__type`, `Code` of query services, `Code` of S3. */
  readonly json: string
  readonly query: string
  readonly s3: string
  readonly message: string
  readonly s3Message: string
}

const notMatching =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const notMatchingS3 =
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
const invalidToken = 'The security token included in the request is invalid.'

type Row = readonly [
  definition: Pick<ErrorDefinition<never>, 'code'>,
  status: number,
  s3Status: number,
  json: string,
  query: string,
  s3: string,
  message?: string,
  s3Message?: string,
]

// prettier-ignore
const rows: readonly Row[] = [
  [missingAuthentication, 403, 403, 'MissingAuthenticationTokenException', 'MissingAuthenticationToken', 'AccessDenied', 'Missing Authentication Token', 'Access Denied'],
  [incompleteSignature, 403, 400, 'IncompleteSignatureException', 'IncompleteSignature', 'AuthorizationHeaderMalformed'],
  [legacyHeaderRefused, 403, 400, 'IncompleteSignatureException', 'IncompleteSignature', 'InvalidRequest', undefined, 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'],
  [unknownAccessKey, 403, 403, 'UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidAccessKeyId', invalidToken, 'The AWS Access Key Id you provided does not exist in our records.'],
  [invalidSessionToken, 403, 400, 'UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidToken', invalidToken, 'The provided token is malformed or otherwise invalid.'],
  [signatureMismatch, 403, 403, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch', notMatching, notMatchingS3],
  [chunkSignatureMismatch, 403, 403, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch', notMatching, notMatchingS3],
  [signatureExpired, 403, 403, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed', undefined, 'The difference between the request time and the current time is too large.'],
  [signatureNotYetValid, 403, 403, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed', undefined, 'The difference between the request time and the current time is too large.'],
  [presignedUrlExpired, 403, 403, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'AccessDenied', 'Signature expired', 'Request has expired'],
  [payloadHashMismatch, 403, 400, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'XAmzContentSHA256Mismatch', notMatching, "The provided 'x-amz-content-sha256' header does not match what was computed."],
  [checksumMismatch, 400, 400, 'ValidationException', 'ValidationError', 'BadDigest', undefined, 'The checksum you specified did not match the calculated checksum.'],
  [malformedChunk, 400, 400, 'SerializationException', 'MalformedInput', 'InvalidRequest'],
  [bodyLengthMismatch, 400, 400, 'SerializationException', 'MalformedInput', 'IncompleteBody', undefined, 'You did not provide the number of bytes specified by the Content-Length HTTP header'],
  [requestIncomplete, 400, 400, 'SerializationException', 'MalformedInput', 'IncompleteBody', undefined, 'You did not provide the number of bytes specified by the Content-Length HTTP header'],
  // The names that SDKs retry; on S3 also the text. Lambda's own words are not recorded.
  [requestStalled, 408, 400, 'RequestTimeoutException', 'RequestTimeout', 'RequestTimeout', undefined, 'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.'],
  [headersNotSigned, 403, 403, 'InvalidSignatureException', 'SignatureDoesNotMatch', 'AccessDenied', notMatching, 'There were headers present in the request which were not signed'],
  [malformedPresignedUrl, 403, 400, 'IncompleteSignatureException', 'IncompleteSignature', 'AuthorizationQueryParametersError'],
  [legacySignatureRefused, 403, 403, 'IncompleteSignatureException', 'IncompleteSignature', 'AccessDenied'],
  [malformedRequest, 400, 400, 'SerializationException', 'MalformedInput', 'InvalidURI', undefined, "Couldn't parse the specified URI."],
  [hostRefused, 403, 403, 'AccessDeniedException', 'AccessDenied', 'AccessDenied'],
  [originRefused, 403, 403, 'AccessDeniedException', 'AccessDenied', 'AccessDenied'],
  [unknownService, 501, 501, 'UnknownOperationException', 'InvalidAction', 'NotImplemented'],
]

const byCode = new Map(rows.map((row) => [row[0].code, row]))

/** The fault of an error of the front door, or `undefined` when the error is not one. */
export function accessFaultOf(error: unknown): AccessFault | undefined {
  const row = error instanceof ZipyardError ? byCode.get(error.code) : undefined
  if (!row) return undefined
  const own = ownMessage(error as ZipyardError)
  return {
    status: row[1],
    s3Status: row[2],
    json: row[3],
    query: row[4],
    s3: row[5],
    message: row[6] ?? own,
    s3Message: row[7] ?? own,
  }
}

function ownMessage(error: ZipyardError): string {
  if (signatureExpired.is(error)) {
    const { signedAt, earliest, now, limitSeconds } = error.details
    return `Signature expired: ${signedAt} is now earlier than ${earliest} (${now} - ${limitSeconds / 60} min.)`
  }
  if (signatureNotYetValid.is(error)) {
    const { signedAt, latest, now, limitSeconds } = error.details
    return `Signature not yet current: ${signedAt} is still later than ${latest} (${now} + ${limitSeconds / 60} min.)`
  }
  // The words of S3.
  if (malformedPresignedUrl.is(error) || legacySignatureRefused.is(error)) return error.details.because
  return `${error.message} (${error.code})`
}
