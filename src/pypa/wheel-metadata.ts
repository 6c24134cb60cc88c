import { defineError } from '../base/errors.ts'
import { readHeaders } from './headers.ts'

/** The `WHEEL` file of a wheel. */
export interface WheelMetadata {
  /** `[1, 0]` */
  readonly wheelVersion: readonly [number, number]
  readonly generator?: string | undefined
  readonly rootIsPurelib: boolean
  readonly tags: readonly string[]
  readonly build?: string | undefined
}

export const invalidWheelMetadata = defineError('ZY0209', 'refused', (p: { file: string; problem: string }) => ({
  message: `\`${p.file}\` is not a wheel's WHEEL file: ${p.problem}`,
  hint: 'The wheel is damaged or was not made by a build backend; build or download it again',
}))

/** Reads `{distribution}-{version}.dist-info/WHEEL`. Wheels of a newer major version are refused, as the specification asks. */
export function parseWheelMetadata(text: string, file = 'WHEEL'): WheelMetadata {
  const { headers } = readHeaders(text)
  const one = (name: string): string | undefined => headers.find((header) => header.name === name)?.value
  const version = /^\s*(\d+)\.(\d+)/.exec(one('wheel-version') ?? '')
  if (!version) throw invalidWheelMetadata({ file, problem: 'it has no `Wheel-Version`' })
  if (Number(version[1]) > 1) {
    throw invalidWheelMetadata({ file, problem: `\`Wheel-Version: ${version[0].trim()}\` is newer than \`1.x\`` })
  }
  return {
    wheelVersion: [Number(version[1]), Number(version[2])],
    generator: one('generator'),
    rootIsPurelib: (one('root-is-purelib') ?? 'true').trim().toLowerCase() === 'true',
    tags: headers.filter((header) => header.name === 'tag').map((header) => header.value.trim()),
    build: one('build'),
  }
}
