/** How many invocations may run at the same time, without running one. */
import { expect, test } from 'vitest'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { ConcurrencyLimits } from './concurrency.ts'
import { throttled, type ThrottleReason } from './errors.ts'

const version = (functionName: string, reservedConcurrency?: number, accountId = '123456789012'): RunnableVersion =>
  ({
    accountId,
    region: 'us-east-1',
    functionArn: `arn:aws:lambda:us-east-1:${accountId}:function:${functionName}`,
    reservedConcurrency,
  }) as RunnableVersion

/** Why one more is refused, or `undefined` when it was taken. */
function refusal(limits: ConcurrencyLimits, target: RunnableVersion): ThrottleReason | undefined {
  try {
    limits.take(target)
    return undefined
  } catch (error) {
    if (!throttled.is(error)) throw error
    return error.details.reason
  }
}

test('functions without a reservation share what their account has; another account has its own', () => {
  const limits = new ConcurrencyLimits({ accountLimit: 2 })
  limits.take(version('a'))
  limits.take(version('b'))
  expect(refusal(limits, version('a'))).toBe('ConcurrentInvocationLimitExceeded')
  expect(refusal(limits, version('a', undefined, '210987654321'))).toBeUndefined()
  limits.giveBack(version('b'))
  expect(refusal(limits, version('a'))).toBeUndefined()
})

test('what functions reserved of the account is not there for others, and is there for them', () => {
  const limits = new ConcurrencyLimits({ accountLimit: 3, setAside: () => 2 })
  limits.take(version('a'))
  expect(refusal(limits, version('b'))).toBe('ConcurrentInvocationLimitExceeded')
  limits.take(version('c', 2))
  limits.take(version('c', 2))
  expect(refusal(limits, version('c', 2))).toBe('ReservedFunctionConcurrentInvocationLimitExceeded')
})

test('provisioned environments have their share of a reservation, whether they run or not', () => {
  const limits = new ConcurrencyLimits()
  const target = version('a', 2)
  limits.setProvisioned(target.functionArn, 1)
  limits.take(target)
  expect(refusal(limits, target)).toBe('ReservedFunctionConcurrentInvocationLimitExceeded')
  limits.setProvisioned(target.functionArn, 0)
  expect(refusal(limits, target)).toBeUndefined()
})
