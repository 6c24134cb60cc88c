/**
 * A runtime's own copy of the AWS SDK, which may still be under construction when environments start: they get its folder all the same, empty, and
 * whoever in there needs the copy waits for it (runtime/python/awslambdaric/late_sdk.py).
 */
export interface RuntimeSdk {
  /** Folder on this machine. It is there from the start, stays where it is, and is filled at once when the copy is made. */
  readonly folder: string
  /** Top-level modules that the copy has: whoever imports another one does not wait. */
  readonly modules: readonly string[]
  /** Whether the copy is in the folder. */
  readonly isWhole: boolean
  /** What is under way; `undefined` when the copy is there, or could not be made. */
  readonly making: Promise<unknown> | undefined
  /** Makes the copy unless it is there, under way, or has just failed. Resolves to whether it is there; never rejects. */
  made(): Promise<boolean>
}
