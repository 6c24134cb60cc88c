/** Why a request was refused before an API saw it. How each is said on the wire: `access-fault.ts`. */
import { defineError } from '../../base/errors.ts'

export const hostRefused = defineError('ZY0810', 'refused', (p: { host: string }) => ({
  message: `the \`Host\` \`${p.host}\` is not a name of this service`,
  hint: 'Use `127.0.0.1` or `localhost`, or start the service with `--hostname NAME`',
}))

export const originRefused = defineError('ZY0811', 'refused', (p: { origin: string }) => ({
  message: `a page of \`${p.origin}\` may not call this service`,
  hint: 'Call it from a program, or use a function URL or a bucket with CORS rules',
}))

export const missingAuthentication = defineError('ZY0812', 'refused', (p: { path: string }) => ({
  message: `the request for \`${p.path}\` is not signed`,
  hint: 'Take the keys of this service: `eval "$(zipyard env)"`',
}))

export const incompleteSignature = defineError('ZY0813', 'refused', (p: { because: string }) => ({
  message: `the signature cannot be read: ${p.because}`,
  hint: 'Sign with AWS Signature Version 4, as every AWS SDK does',
}))

/** An `Authorization` header of Signature Version 2, which AWS takes for no bucket that was made since June 2020. */
export const legacyHeaderRefused = defineError('ZY0829', 'refused', () => ({
  message: 'the `Authorization` header is one of Signature Version 2',
  hint: 'Sign with AWS Signature Version 4: leave `signature_version` at its default',
}))

export const unknownAccessKey = defineError('ZY0814', 'refused', (p: { accessKeyId: string }) => ({
  message: `the access key \`${p.accessKeyId}\` is not known here`,
  hint: 'Take the keys of this service: `eval "$(zipyard env)"`; `zipyard keys list` shows them',
}))

export const signatureMismatch = defineError('ZY0815', 'refused', (p: { accessKeyId: string }) => ({
  message: `the signature of access key \`${p.accessKeyId}\` does not match the request`,
  hint: 'Check the secret access key, and that no proxy changes path, query, headers or body',
}))

/** Times as `20261122T120000Z`. `limitSeconds` is the skew that is allowed. */
export const signatureExpired = defineError(
  'ZY0816',
  'refused',
  (p: { signedAt: string; earliest: string; now: string; limitSeconds: number }) => ({
    message: `the request was signed at \`${p.signedAt}\`, which is too long ago: it is \`${p.now}\``,
    hint: 'Set the clock of the client',
  }),
)

export const signatureNotYetValid = defineError(
  'ZY0817',
  'refused',
  (p: { signedAt: string; latest: string; now: string; limitSeconds: number }) => ({
    message: `the request was signed at \`${p.signedAt}\`, which is still to come: it is \`${p.now}\``,
    hint: 'Set the clock of the client',
  }),
)

export const invalidSessionToken = defineError('ZY0818', 'refused', (p: { accessKeyId: string }) => ({
  message: `the session token of access key \`${p.accessKeyId}\` is missing or wrong`,
  hint: 'Set `AWS_SESSION_TOKEN` together with its keys, or unset it for keys that have none',
}))

export const presignedUrlExpired = defineError(
  'ZY0819',
  'refused',
  (p: { expiredAt: string; now: string; expiresSeconds: number }) => ({
    message: `the presigned URL expired at \`${p.expiredAt}\`: it is \`${p.now}\``,
    hint: 'Ask for a new one',
  }),
)

export const payloadHashMismatch = defineError('ZY0820', 'refused', (p: { sent: string; computed: string }) => ({
  message: `\`x-amz-content-sha256\` says \`${p.sent}\`, but the body's SHA-256 is \`${p.computed}\``,
  hint: 'Send the body again: it was changed on the way',
}))

export const requestTooLarge = defineError('ZY0821', 'refused', (p: { limitBytes: number }) => ({
  message: `the request's body is larger than \`${p.limitBytes}\` bytes`,
  hint: 'Send less; packages over 50 MB go through S3',
}))

export const requestIncomplete = defineError('ZY0822', 'refused', (p: { received: number }) => ({
  message: `the request ended after \`${p.received}\` bytes of its body`,
  hint: 'Send the whole body, and its true length',
}))

export const requestStalled = defineError('ZY0825', 'refused', (p: { received: number }) => ({
  message: `the client stopped sending, or sent too slowly, after \`${p.received}\` bytes of its body`,
  hint: 'Send the whole body, and its true length',
}))

/** `headers` as S3 lists them, in the order sent. */
export const headersNotSigned = defineError('ZY0826', 'refused', (p: { headers: readonly string[] }) => ({
  message: `the request carries headers that its signature does not cover: \`${p.headers.join('`, `')}\``,
  hint: 'Sign every header that begins with `x-amz-`; no proxy may add any',
}))

export const malformedPresignedUrl = defineError('ZY0827', 'refused', (p: { because: string }) => ({
  message: p.because,
  hint: 'Make the URL with an AWS SDK or `aws s3 presign`, for at most 604800 seconds',
}))

/** Of Signature Version 2; its words are those of S3. */
export const legacySignatureRefused = defineError('ZY0828', 'refused', (p: { because: string }) => ({
  message: p.because,
  hint: 'Make the URL with an AWS SDK or `aws s3 presign`',
}))

export const malformedRequest = defineError('ZY0823', 'refused', (p: { because: string }) => ({
  message: `the request is malformed: ${p.because}`,
  hint: 'Percent-encode path and query',
}))

export const unknownService = defineError('ZY0824', 'refused', (p: { service: string }) => ({
  message: `Zipyard does not serve \`${p.service}\``,
  hint: 'It serves `lambda`, `s3`, `sts`, `iam` and `logs`; unset the endpoint for other services',
}))
