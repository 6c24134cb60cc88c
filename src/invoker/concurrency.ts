/**
 * Who may run how much at the same time: the account's limit, what functions have reserved of it, and the machine's memory.
 *
 * One map entry per function that runs; taking and giving back allocate nothing.
 */
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { accountConcurrency } from '../lambda/quotas.ts'
import { throttled } from './errors.ts'

export class ConcurrencyLimits {
  readonly #accountLimit: number
  /** Running invocations on demand, per function. */
  readonly #running = new Map<string, number>()
  /** Running invocations of functions without a reservation, per account and region. */
  readonly #unreserved = new Map<string, number>()
  /** Environments that are provisioned, per function: they have their share of a reservation whether they run or not. */
  readonly #provisioned = new Map<string, number>()
  /** What functions have reserved or provisioned of their account, per account and region. */
  #setAside: (accountId: string, region: string) => number

  constructor(
    options: {
      readonly accountLimit?: number | undefined
      readonly setAside?: ((accountId: string, region: string) => number) | undefined
    } = {},
  ) {
    this.#accountLimit = options.accountLimit ?? accountConcurrency
    this.#setAside = options.setAside ?? (() => 0)
  }

  setProvisioned(functionArn: string, environments: number): void {
    if (environments > 0) this.#provisioned.set(functionArn, environments)
    else this.#provisioned.delete(functionArn)
  }

  /** @throws `throttled` */
  take(version: RunnableVersion): void {
    const { functionArn, reservedConcurrency } = version
    const running = this.#running.get(functionArn) ?? 0
    if (reservedConcurrency !== undefined) {
      if (running >= reservedConcurrency - (this.#provisioned.get(functionArn) ?? 0)) {
        throw throttled({
          functionArn,
          reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
          limit: reservedConcurrency,
        })
      }
    } else {
      const account = accountOf(version)
      const limit = this.#accountLimit - this.#setAside(version.accountId, version.region)
      const unreserved = this.#unreserved.get(account) ?? 0
      if (unreserved >= limit) throw throttled({ functionArn, reason: 'ConcurrentInvocationLimitExceeded', limit })
      this.#unreserved.set(account, unreserved + 1)
    }
    this.#running.set(functionArn, running + 1)
  }

  giveBack(version: RunnableVersion): void {
    const { functionArn } = version
    const running = (this.#running.get(functionArn) ?? 1) - 1
    if (running > 0) this.#running.set(functionArn, running)
    else this.#running.delete(functionArn)
    if (version.reservedConcurrency !== undefined) return
    const account = accountOf(version)
    const unreserved = (this.#unreserved.get(account) ?? 1) - 1
    if (unreserved > 0) this.#unreserved.set(account, unreserved)
    else this.#unreserved.delete(account)
  }
}

const accounts = new WeakMap<RunnableVersion, string>()

/** Put together once per version: it is asked for twice in every invocation. */
function accountOf(version: RunnableVersion): string {
  let account = accounts.get(version)
  if (account === undefined) accounts.set(version, (account = `${version.accountId}/${version.region}`))
  return account
}
