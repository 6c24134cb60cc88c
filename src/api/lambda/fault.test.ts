import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { throttled, type ThrottleReason } from '../../invoker/errors.ts'
import { renderFault } from './fault.ts'

interface Recorded {
  readonly Type: string
  readonly Reason: string
  readonly message: string
  readonly ResponseMetadata: { readonly HTTPStatusCode: number }
}

/** Every refusal of an invocation that AWS was recorded to give for want of concurrency. */
function recordedRefusals(): Recorded[] {
  const found: Recorded[] = []
  const text = readFileSync(new URL('../../../test/fixtures/aws-recordings/concurrency.json', import.meta.url), 'utf8')
  JSON.parse(text, (_, value: { readonly operation?: string; readonly response?: Partial<Recorded> } | null) => {
    if (value?.operation === 'Invoke' && value.response?.Reason) found.push(value.response as Recorded)
    return value
  })
  return found
}

const refuse = (reason: ThrottleReason): { status: number; body: unknown; headers: object } => {
  const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:f'
  const { status, headers, body } = renderFault(throttled({ functionArn, reason, limit: 1 }), 'Invoke')
  return { status: status!, headers: headers!, body: JSON.parse(body as string) }
}

test('an invocation beyond a reservation is refused as AWS was recorded to refuse it', () => {
  const recorded = recordedRefusals()
  expect(recorded.length).toBeGreaterThan(2)
  for (const { Type, Reason, message, ResponseMetadata } of recorded) {
    const answer = refuse(Reason as ThrottleReason)
    expect(answer.status).toBe(ResponseMetadata.HTTPStatusCode)
    expect(answer.body).toEqual({ Type, Reason, message })
    expect(answer.headers).toMatchObject({ 'x-amzn-ErrorType': 'TooManyRequestsException' })
  }
})

test.each(['ConcurrentInvocationLimitExceeded', 'MachineMemoryExceeded'] as const)(
  'an invocation beyond what the account has (%s) is refused in the same words, with the reason that the API reference has for it',
  (reason) => {
    const [{ Type, message }] = recordedRefusals() as [Recorded]
    const Reason = 'ConcurrentInvocationLimitExceeded'
    expect(refuse(reason)).toMatchObject({ status: 429, body: { Type, Reason, message } })
  },
)
