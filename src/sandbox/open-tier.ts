import { createBwrapSandbox } from './bwrap.ts'
import { createNamespaceSandbox } from './namespaces.ts'
import { createProcessSandbox } from './process.ts'
import type { NetworkMode, Sandbox, SandboxSpec, Tier } from './sandbox.ts'

export interface TierOptions {
  /** A folder of the service's own, such as `DATA/sandbox`; what an earlier service that was killed left in it is swept. */
  readonly stateFolder: string
  /** Host folder with `bootstrap.py`, seen at /var/runtime, which warm interpreters import. Without it programs are only executed. */
  readonly runtimeFolder?: string | undefined
  /** A Python of 3.8 or later with ctypes: it sets up the isolation of functions whose own interpreter cannot. */
  readonly launcher?: SandboxSpec['interpreter'] | undefined
  /** The network that most environments will have. */
  readonly network?: NetworkMode | undefined
}

/** Opens a tier without asking whether it works here: `openSandbox` and `probeTiers` do. */
export function openTier(tier: Tier, options: TierOptions): Sandbox {
  if (tier === 'process') return createProcessSandbox(options)
  if (tier === 'bwrap') return createBwrapSandbox(options)
  return createNamespaceSandbox({ tier, ...options })
}
