/**
 * What a deployment has to change, as a printable value: the same plan is shown by `--dry-run` and carried out.
 *
 * Only settings that the caller names are compared; whatever else the function has stays as it is.
 */
import type { FunctionConfiguration } from './lambda-client.ts'

/** What should be true after the deployment. Settings left out are not touched (or get AWS's default on creation). */
export interface DesiredFunction {
  readonly name: string
  readonly codeSha256: string
  readonly codeBytes: number
  readonly runtime?: string | undefined
  readonly handler?: string | undefined
  readonly architecture?: string | undefined
  readonly role?: string | undefined
  readonly description?: string | undefined
  readonly memoryMiB?: number | undefined
  readonly timeoutSeconds?: number | undefined
  readonly ephemeralStorageMiB?: number | undefined
  readonly environment?: Readonly<Record<string, string>> | undefined
  readonly layers?: readonly string[] | undefined
}

export interface Difference {
  /** The API's name of the member. */
  readonly member: string
  readonly from: unknown
  readonly to: unknown
}

export type DeployPlan =
  | { readonly action: 'create' }
  | { readonly action: 'unchanged' }
  | { readonly action: 'update'; readonly code: boolean; readonly configuration: readonly Difference[] }

export function planDeployment(desired: DesiredFunction, current: FunctionConfiguration | undefined): DeployPlan {
  if (!current) return { action: 'create' }
  // The architecture belongs to the code: UpdateFunctionCode sets it.
  const architectureDiffers = desired.architecture !== undefined && current.Architectures?.[0] !== desired.architecture
  const code = current.CodeSha256 !== desired.codeSha256 || architectureDiffers
  const configuration = differences(desired, current)
  return code || configuration.length > 0 ? { action: 'update', code, configuration } : { action: 'unchanged' }
}

/** The members of CreateFunction and UpdateFunctionConfiguration that are named. */
export function configurationInput(
  desired: Omit<DesiredFunction, 'name' | 'codeSha256' | 'codeBytes'>,
): Record<string, unknown> {
  const members: Record<string, unknown> = {
    Runtime: desired.runtime,
    Handler: desired.handler,
    Role: desired.role,
    Description: desired.description,
    MemorySize: desired.memoryMiB,
    Timeout: desired.timeoutSeconds,
    EphemeralStorage: desired.ephemeralStorageMiB === undefined ? undefined : { Size: desired.ephemeralStorageMiB },
    Environment: desired.environment && { Variables: desired.environment },
    Layers: desired.layers,
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** Settings that are named and that the function has otherwise. */
export function differences(
  desired: Omit<DesiredFunction, 'name' | 'codeSha256' | 'codeBytes'>,
  current: FunctionConfiguration,
): Difference[] {
  const now: Record<string, unknown> = {
    ...current,
    Layers: (current.Layers ?? []).map((layer) => layer.Arn),
    Environment: { Variables: current.Environment?.Variables ?? {} },
  }
  return Object.entries(configurationInput(desired))
    .filter(([member, to]) => canonical(to) !== canonical(now[member]))
    .map(([member, to]) => ({ member, from: now[member], to }))
}

/** JSON with sorted keys, so that equal values are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
