import { randomHex } from '../../base/random.ts'

/**
 * `X-Amzn-Trace-Id` of an invocation: in the caller's own trace when it sent one. Never sampled, since nobody collects traces here.
 * @param now milliseconds since the epoch
 */
export function newTraceHeader(now: number, sent?: string | string[] | undefined): string {
  const root = typeof sent === 'string' ? /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/.exec(sent)?.[1] : undefined
  const seconds = Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')
  const random = randomHex(20)
  return `Root=${root ?? `1-${seconds}-${random.slice(16)}`};Parent=${random.slice(0, 16)};Sampled=0`
}
