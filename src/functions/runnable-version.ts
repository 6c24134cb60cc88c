import type { Digest } from '../base/digest.ts'
import type { Architecture } from '../lambda/architecture.ts'

/** All that an execution environment needs to know of one version of a function. Equal `environmentKey`, interchangeable environments. */
export interface RunnableVersion {
  readonly accountId: string
  readonly region: string
  readonly functionName: string
  /** `$LATEST` or a number. */
  readonly version: string
  /** Unqualified ARN of the function. */
  readonly functionArn: string
  /** Changes whenever something changed that environments depend on (code, configuration): names a pool. */
  readonly environmentKey: string
  /** The deployment package in the blob store. */
  readonly codeDigest: Digest
  readonly codeBytes: number
  /** In the order of the configuration; later ones overwrite earlier ones under /opt. */
  readonly layers: readonly { readonly arn: string; readonly codeDigest: Digest }[]
  readonly runtime: string
  readonly handler: string
  readonly architecture: Architecture
  readonly memoryMiB: number
  readonly timeoutSeconds: number
  readonly ephemeralStorageMiB: number
  readonly environment: Readonly<Record<string, string>>
  readonly roleArn: string
  readonly logging: {
    readonly format: 'Text' | 'JSON'
    readonly group: string
    readonly applicationLevel?: string | undefined
    readonly systemLevel?: string | undefined
  }
  readonly tracing: 'Active' | 'PassThrough'
  /** Reserved concurrency of the function, if it has one; 0 throttles everything. */
  readonly reservedConcurrency?: number | undefined
}
