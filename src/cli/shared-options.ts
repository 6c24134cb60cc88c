import type { OptionSpec } from '../settings/option.ts'

/** Options that several commands share, each sentence written once. */
export const dataOption = {
  type: 'string',
  value: 'DIR',
  sentence: 'Data folder of the service [ZIPYARD_HOME, else the user data folder]',
} as const satisfies OptionSpec

export const endpointOptions = {
  'endpoint-url': { type: 'string', value: 'URL', sentence: 'Send the calls to this endpoint' },
  profile: { type: 'string', value: 'NAME', sentence: 'Use this AWS profile, and AWS itself' },
  region: { type: 'string', value: 'NAME', sentence: 'Region of the calls' },
} as const satisfies Record<string, OptionSpec>

export const runtimeOption = {
  type: 'string',
  value: 'ID',
  inFile: true,
  sentence: 'Python runtime of Lambda, such as python3.13',
} as const satisfies OptionSpec

export const handlerOption = {
  type: 'string',
  value: 'MODULE.NAME',
  inFile: true,
  sentence: 'Function that Lambda calls',
} as const satisfies OptionSpec
