import type { FunctionKey } from './function-name.ts'

/** Something changed that invocations of a function depend on: code, configuration, an alias, concurrency, or the function is gone. */
export interface FunctionChanged extends FunctionKey {
  readonly what: 'code' | 'configuration' | 'version' | 'alias' | 'concurrency' | 'setting' | 'deleted'
  /** The qualifier that changed, when it is one: a version that was deleted, an alias. */
  readonly qualifier?: string | undefined
}
