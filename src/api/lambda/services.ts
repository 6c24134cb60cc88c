/** What the operations work with; put together once by `service/compose.ts`. */
import type { Announcer } from '../../base/announcer.ts'
import type { Clock } from '../../base/clock.ts'
import type { Digest } from '../../base/digest.ts'
import type { Aliases } from '../../functions/aliases.ts'
import type { RuntimePolicy } from '../../functions/checks.ts'
import type { DeploymentPackages } from '../../functions/deployment-packages.ts'
import type { FunctionChanged } from '../../functions/function-changed.ts'
import type { Functions } from '../../functions/functions.ts'
import type { FunctionKey } from '../../functions/function-name.ts'
import type { RunnableVersions } from '../../functions/runnable.ts'
import type { Invocation, InvocationResult } from '../../invoker/invocation.ts'
import type { Catalog } from '../../store/catalog.ts'
import type { Provisioner } from './provisioner.ts'
import type { IsGranted } from '../grants.ts'
import type { LargeCodeBodies } from './large-code-body.ts'

/** An event for later: accepted once it is durable. */
export interface AsynchronousEvent extends FunctionKey {
  readonly requestId: string
  /** As the caller named it: `$LATEST`, a number, an alias. */
  readonly qualifier: string | undefined
  readonly payload: Buffer
  readonly clientContext?: string | undefined
  readonly traceHeader: string
}

/** Port: runs functions. */
export interface InvokerPort {
  invoke(invocation: Invocation): Promise<InvocationResult>
  /** Resolves when the event will survive a crash. */
  enqueue(event: AsynchronousEvent): Promise<void>
}

/** What `service/compose.ts` gives. */
export interface LambdaPorts {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly changes: Announcer<FunctionChanged>
  readonly functions: Functions
  readonly packages: DeploymentPackages
  readonly runnable: RunnableVersions
  readonly invoker: InvokerPort
  readonly runtimePolicy: RuntimePolicy
  /** The day by which that policy goes. Default: today. */
  readonly policyDay?: Date | undefined
  /** A URL at which the blob can be fetched without credentials for ten minutes. */
  readonly downloadUrl: (origin: string, digest: Digest) => string
  /** Whether the caller may do this; asked for roles only. */
  readonly isGranted: IsGranted
  /** Absent: bodies with packages are held in memory, however large. */
  readonly largeBodies?: LargeCodeBodies | undefined
  /** Absent: provisioned concurrency is refused. */
  readonly provisioner?: Provisioner | undefined
  /** Where a function URL is served. Absent: function URLs are refused. */
  readonly functionUrl?: ((urlId: string, region: string) => string) | undefined
}

/** What operations work with. */
export interface LambdaServices extends LambdaPorts {
  readonly aliases: Aliases
}
