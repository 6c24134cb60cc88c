import { statSync } from 'node:fs'
import { digestToBase64, sha256File } from '../base/digest.ts'
import { defineError } from '../base/errors.ts'

/** A finished package on disk. */
export interface Deployable {
  readonly path: string
  readonly codeSha256: string
  readonly bytes: number
}

export const badVariable = defineError('ZY0707', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a variable`,
  hint: 'Write `--env NAME=VALUE`, once for each variable',
}))

export async function readDeployable(path: string): Promise<Deployable> {
  return { path, codeSha256: digestToBase64(await sha256File(path)), bytes: statSync(path).size }
}

/** `NAME=VALUE` texts as a map; `undefined` when there are none, so that the function's own stay. */
export function parseVariables(texts: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (texts.length === 0) return undefined
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1) throw badVariable({ text })
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}
