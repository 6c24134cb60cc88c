import { defineError } from '../base/errors.ts'

export const logGroupNotFound = defineError('ZY0680', 'refused', (p: { name: string }) => ({
  message: `there is no log group \`${p.name}\``,
  hint: 'A function makes its group with its first log line; `aws logs describe-log-groups` lists them',
}))

export const logGroupExists = defineError('ZY0681', 'refused', (p: { name: string }) => ({
  message: `the log group \`${p.name}\` is there already`,
  hint: 'Use it, or choose another name',
}))

export const logStreamNotFound = defineError('ZY0682', 'refused', (p: { group: string; name: string }) => ({
  message: `the log group \`${p.group}\` has no stream \`${p.name}\``,
  hint: '`aws logs describe-log-streams` lists them',
}))

export const logStreamExists = defineError('ZY0683', 'refused', (p: { group: string; name: string }) => ({
  message: `the log group \`${p.group}\` has a stream \`${p.name}\` already`,
  hint: 'Use it, or choose another name',
}))

export const malformedPageToken = defineError('ZY0684', 'refused', (p: { token: string }) => ({
  message: `\`${p.token}\` is not a token of this list`,
  hint: 'Send the token of the previous answer, or none to start anew',
}))

export const malformedFilterPattern = defineError('ZY0685', 'refused', (p: { pattern: string; because: string }) => ({
  message: `\`${p.pattern}\` is not a filter pattern: ${p.because}`,
  hint: 'See "Filter pattern syntax" in the CloudWatch Logs user guide',
}))
