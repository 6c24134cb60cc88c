import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what the start of the process left behind: V8 lets its young generation grow to 16 MB while modules load, and shrinks it only
 * at a collection in quiet times, which a process that waits for requests never comes to. A few milliseconds.
 */
export function releaseGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'minor' })
}
