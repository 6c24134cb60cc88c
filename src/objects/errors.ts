import { defineError } from '../base/errors.ts'

export const invalidBucketName = defineError('ZY0650', 'refused', (p: { bucket: string }) => ({
  message: `\`${p.bucket}\` is not a bucket name`,
  hint: 'Use 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit',
}))

export const bucketNotFound = defineError('ZY0651', 'refused', (p: { bucket: string }) => ({
  message: `there is no bucket \`${p.bucket}\``,
  hint: 'Make it with `aws s3 mb`',
}))

export const bucketTaken = defineError('ZY0652', 'refused', (p: { bucket: string; own: boolean }) => ({
  message: `the bucket \`${p.bucket}\` is there already${p.own ? '' : ' and belongs to another account'}`,
  hint: p.own ? 'Use it as it is' : 'Choose another name: names are unique in the whole service',
}))

export const bucketNotEmpty = defineError('ZY0653', 'refused', (p: { bucket: string }) => ({
  message: `the bucket \`${p.bucket}\` is not empty`,
  hint: 'Remove its objects, their versions and unfinished uploads first: `aws s3 rb --force` does it for objects',
}))

export const objectNotFound = defineError('ZY0654', 'refused', (p: { bucket: string; key: string }) => ({
  message: `the bucket \`${p.bucket}\` has no object \`${p.key}\``,
  hint: '`aws s3 ls` lists what is there',
}))

export const versionNotFound = defineError(
  'ZY0655',
  'refused',
  (p: { bucket: string; key: string; versionId: string }) => ({
    message: `the object \`${p.key}\` of bucket \`${p.bucket}\` has no version \`${p.versionId}\``,
    hint: '`aws s3api list-object-versions` lists them',
  }),
)

export const invalidKey = defineError('ZY0656', 'refused', (p: { key: string; tooLong: boolean }) => ({
  message: p.tooLong ? 'the key is longer than 1024 bytes' : `\`${JSON.stringify(p.key)}\` holds a NUL character`,
  hint: 'Choose another key',
}))

export const conditionFailed = defineError('ZY0657', 'refused', (p: { condition: string }) => ({
  message: `\`${p.condition}\` does not hold`,
  hint: 'The object changed or is there already; look at it again',
}))

export const uploadNotFound = defineError('ZY0658', 'refused', (p: { uploadId: string }) => ({
  message: `there is no unfinished upload \`${p.uploadId}\``,
  hint: 'It was completed or aborted; start a new one',
}))

export const invalidPart = defineError('ZY0659', 'refused', (p: { uploadId: string; part: number; etag: string }) => ({
  message: `the upload \`${p.uploadId}\` has no part \`${p.part}\` with ETag \`${p.etag}\``,
  hint: 'List the parts and send their ETags',
}))

export const partsOutOfOrder = defineError('ZY0660', 'refused', (p: { part: number }) => ({
  message: `part \`${p.part}\` is not listed in ascending order`,
  hint: 'List parts by their number, each once',
}))

export const partTooSmall = defineError(
  'ZY0661',
  'refused',
  (p: { part: number; bytes: number; etag: string; minimumBytes: number }) => ({
    message: `part \`${p.part}\` has \`${p.bytes}\` bytes, but all parts except the last need at least \`${p.minimumBytes}\``,
    hint: 'Upload larger parts',
  }),
)

export const digestMismatch = defineError(
  'ZY0662',
  'refused',
  (p: { what: string; expected: string; found: string }) => ({
    message: `the body's ${p.what} is \`${p.found}\`, but the request says \`${p.expected}\``,
    hint: 'The body was changed on its way; send it again',
  }),
)
