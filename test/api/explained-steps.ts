/** Where Zipyard answers otherwise than AWS did, and why. Printed with the score; a step that is not listed here must be the same. */
export interface ExplainedStep {
  readonly topic: string
  readonly recording: string
  /** All steps of the recording when absent. */
  readonly step?: number
  readonly because: string
}

/** `code-signing` is replayed with `Warn` in place of `Enforce`, which Zipyard refuses: see `readTopic`. */
export const explainedSteps: readonly ExplainedStep[] = [
  {
    topic: 'concurrency',
    recording: 'function-concurrency-exceptions',
    step: 3,
    because: 'the request was inferred: AWS said this of a qualified name, and so does Zipyard',
  },
  {
    topic: 'concurrency',
    recording: 'lambda-provisioned-concurrency-moves-with-alias',
    step: 12,
    because: 'recorded in 2023: AWS still counted the environment of the version that the alias came from',
  },
  {
    topic: 'environment',
    recording: 'assume-role-1',
    because: 'the role that was used is not in the request',
  },
  {
    topic: 'name-resolution',
    recording: 'function-arns',
    step: 4,
    because: 'the ARN of the request was inferred and is 130 long, so that only the name in it is too long',
  },
  {
    topic: 'environment',
    recording: 'runtime-introspection-x86',
    because: 'the user and the files of the AWS sandbox that are no part of what a package may rely on',
  },
  {
    topic: 'functions',
    recording: 'invalid-vpc-config-subnet',
    step: 0,
    because: 'there is no EC2 here that knows subnets: networks are stored and read back',
  },
  {
    topic: 'invoke',
    recording: 'lambda-invoke-timed-out-environment-reuse',
    step: 5,
    because: 'recorded in 2024: since 2025 AWS says it as Zipyard does',
  },
]
