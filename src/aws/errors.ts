import { defineError } from '../base/errors.ts'

export const malformedChunk = defineError('ZY0801', 'refused', (p: { because: string }) => ({
  message: `the \`aws-chunked\` body is malformed: ${p.because}`,
  hint: 'Send each chunk as its size in hexadecimal digits, a line end, the bytes and a line end, and end with a chunk of size 0',
}))

export const chunkSignatureMismatch = defineError('ZY0802', 'refused', (p: { chunk: number }) => ({
  message: `the signature of chunk \`${p.chunk}\` of the body does not match its bytes`,
  hint: 'Check the secret access key, and that nothing between client and service changes the body',
}))

export const checksumMismatch = defineError(
  'ZY0803',
  'refused',
  (p: { header: string; sent: string; computed: string }) => ({
    message: `\`${p.header}\` says \`${p.sent}\`, but the body's is \`${p.computed}\``,
    hint: 'Send the body again: it was changed on the way',
  }),
)

export const bodyLengthMismatch = defineError('ZY0804', 'refused', (p: { expected: number; received: number }) => ({
  message: `the body has \`${p.received}\` bytes, but \`${p.expected}\` were announced`,
  hint: 'Send the whole body, and its true length',
}))
