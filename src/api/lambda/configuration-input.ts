/** The checks that CreateFunction and UpdateFunctionConfiguration share, in the service's order. */
import { checkEnvironment, checkRuntime, checkSnapStart, checkSupported } from '../../functions/checks.ts'
import type { Configuration, ConfigurationInput } from '../../functions/configuration.ts'
import { expectUnzippedSize } from '../../functions/deployment-packages.ts'
import type { Scope } from '../../functions/function-name.ts'
import { resolveLayers } from '../../functions/function-layers.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import { shapes } from './model/model.gen.ts'
import type { LambdaServices } from './services.ts'
import { creatableRuntimes } from './validation/overrides.ts'

export interface CheckedInput {
  readonly layers: Configuration['Layers']
  /** Sum of the layers' unzipped sizes. */
  readonly layerBytes: number
}

/** Everything that can be refused before anything is changed. */
export async function checkConfigurationInput(
  input: ConfigurationInput,
  action: 'create' | 'update',
  scope: Scope,
  services: LambdaServices,
  db: CatalogQueries,
): Promise<CheckedInput> {
  checkSupported(input as Readonly<Record<string, unknown>>)
  if (input.Runtime !== undefined) {
    checkRuntime(input.Runtime, action, {
      policy: services.runtimePolicy,
      today: services.policyDay ?? new Date(services.clock.now()),
      creatable: creatableRuntimes,
      known: shapes['Runtime']!.enum ?? [],
    })
  }
  checkEnvironment(input)
  const { layers, unzippedBytes } = await resolveLayers(db, scope, input.Layers)
  return { layers, layerBytes: unzippedBytes }
}

/** What can only be said of the whole: SnapStart with the runtime, the package together with its layers. */
export function checkWhole(configuration: Configuration, codeBytes: number, layerBytes: number): void {
  checkSnapStart(configuration.SnapStart.ApplyOn, configuration.Runtime)
  expectUnzippedSize(codeBytes + layerBytes)
}
