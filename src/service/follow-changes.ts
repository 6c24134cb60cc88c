import type { Announcer } from '../base/announcer.ts'
import type { Log } from '../base/log.ts'
import { SerialQueue } from '../base/tasks.ts'
import type { FunctionChanged } from '../functions/function-changed.ts'
import { functionArn } from '../functions/function-name.ts'
import type { RunnableVersions } from '../functions/runnable.ts'
import type { Invoker } from '../invoker/invoker.ts'

/**
 * After a change nothing may start on the old code, and nothing of it may linger: environments that run what a function was are ended. What it
 * is now is made ready meanwhile (unpacked, compiled, its interpreter warm), one function after another, so that its first start is quick.
 */
export function followChanges(parts: {
  readonly changes: Announcer<FunctionChanged>
  readonly runnable: RunnableVersions
  readonly invoker: Invoker
  readonly log: Log
}): { stop(): Promise<void> } {
  const { changes, runnable, invoker, log } = parts
  const preparing = new SerialQueue()
  let stopped = false
  const forget = changes.subscribe((change) => {
    const arn = functionArn(change)
    if (change.what === 'deleted') {
      invoker.drain(
        (version) => version.functionArn === arn && (change.qualifier ?? version.version) === version.version,
      )
      return
    }
    if (change.what !== 'code' && change.what !== 'configuration') return
    // While an update is under way the old one still runs, and this resolves to it.
    runnable.resolve(change, undefined).then(
      (current) => {
        invoker.drain(
          (version) =>
            version.functionArn === arn &&
            version.version === '$LATEST' &&
            version.environmentKey !== current.environmentKey,
        )
        // A runtime without its Python is told to whoever invokes it.
        preparing
          .run(async () => (stopped ? undefined : invoker.prepare(current)))
          .catch((error: unknown) => {
            log.debug('not made ready', { function: arn, because: String(error) })
          })
      },
      (error: unknown) => log.debug('nothing to drain', { function: arn, because: String(error) }),
    )
  })
  return {
    /** What is being made ready may go on for a while: it starts interpreters, which must not be started later than they are ended. */
    async stop() {
      stopped = true
      forget()
      await preparing.idle()
    },
  }
}
