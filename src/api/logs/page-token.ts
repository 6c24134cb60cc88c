/** Tokens of lists: opaque to clients, a place to go on from for us. */
import { malformedPageToken } from '../../logs/errors.ts'
import type { LogPosition } from '../../logs/log-query.ts'

export function encodeToken(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** @throws `malformedPageToken` */
export function decodeToken<Value extends object>(
  token: string | undefined,
  shape: { readonly [Name in keyof Value]: 'string' | 'number' },
): Value | undefined {
  if (token === undefined) return undefined
  try {
    const value = JSON.parse(Buffer.from(token, 'base64url').toString()) as Value
    const fits = Object.entries(shape).every(([name, type]) => typeof value[name as keyof Value] === type)
    if (fits && encodeToken(value) === token) return value
  } catch {
    // told below
  }
  throw malformedPageToken({ token })
}

/** `f/…` and `b/…` of GetLogEvents: forward from, or backward before, a place between events. */
export function encodeStreamToken(direction: 'forward' | 'backward', position: LogPosition): string {
  const digits = String(position.timestamp).padStart(17, '0') + String(position.id).padStart(20, '0')
  return `${direction === 'forward' ? 'f' : 'b'}/${digits}/s`
}

/** @throws `malformedPageToken` */
export function decodeStreamToken(token: string): {
  readonly direction: 'forward' | 'backward'
  readonly position: LogPosition
} {
  const match = /^([fb])\/(\d{17})(\d{20})\/s$/.exec(token)
  if (!match) throw malformedPageToken({ token })
  return {
    direction: match[1] === 'f' ? 'forward' : 'backward',
    position: { timestamp: Number(match[2]), id: Number(match[3]) },
  }
}
