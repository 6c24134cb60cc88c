import { invalidPayload } from './fault.ts'

/** Longest client context, in bytes of base64. Source: Invoke API reference. */
const longest = 3583

/** The JSON text of `X-Amz-Client-Context`. */
export function parseClientContext(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === '') return undefined
  const refused = invalidPayload({ text: 'Client context must be a valid Base64-encoded JSON object.' })
  if (base64.length > longest || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw refused
  const text = Buffer.from(base64, 'base64').toString()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text
  } catch {
    // Said below.
  }
  throw refused
}
