import { defineError } from '../base/errors.ts'

/** Why an invocation was not run: the values of `Reason` in Lambda's 429 answer. */
export type ThrottleReason =
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded'
  /** Ours, and sent as `ConcurrentInvocationLimitExceeded`: this machine has no memory left for one more environment. */
  | 'MachineMemoryExceeded'

/** The Lambda API answers 429 `TooManyRequestsException`, `Rate Exceeded.` with the reason. */
export const throttled = defineError(
  'ZY0550',
  'refused',
  (p: { functionArn: string; reason: ThrottleReason; limit: number }) => ({
    message:
      p.reason === 'MachineMemoryExceeded'
        ? `\`${p.functionArn}\` was throttled: its environments need more memory than the ${p.limit} MB given to functions`
        : `\`${p.functionArn}\` was throttled: ${p.limit} concurrent invocations are its limit`,
    hint:
      p.reason === 'ReservedFunctionConcurrentInvocationLimitExceeded'
        ? 'Raise it with `aws lambda put-function-concurrency`'
        : 'Try again in a moment, or lower the concurrency of the callers',
  }),
)

export const foreignArchitecture = defineError(
  'ZY0551',
  'refused',
  (p: { functionArn: string; architecture: string; host: string; library: string }) => ({
    message: `\`${p.functionArn}\` is for \`${p.architecture}\` and its package holds native code (\`${p.library}\`), which this \`${p.host}\` machine cannot run`,
    hint: `Build the package for \`${p.host}\` too (\`zipyard build --arch ${p.host}\`), or run the service on a \`${p.architecture}\` machine`,
  }),
)

export const invokerStopping = defineError('ZY0552', 'refused', () => ({
  message: 'the service is stopping and takes no more invocations',
  hint: 'Start it again with `zipyard serve`',
}))

export const notAPythonRuntime = defineError('ZY0553', 'refused', (p: { functionArn: string; runtime: string }) => ({
  message: `\`${p.functionArn}\` has the runtime \`${p.runtime}\`, and this service runs Python and \`provided\` runtimes`,
  hint: 'Invoke it on AWS, or give it a Python runtime with `aws lambda update-function-configuration --runtime`',
}))

export const unsupportedDestination = defineError('ZY0554', 'refused', (p: { arn: string }) => ({
  message: `\`${p.arn}\` cannot be a destination here: only functions and S3 buckets of this service are`,
  hint: 'Name a function or a bucket of this account',
}))
