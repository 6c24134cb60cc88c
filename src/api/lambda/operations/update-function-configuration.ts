import { mergeConfiguration, type ConfigurationInput } from '../../../functions/configuration.ts'
import { functionArn, parseFunctionName } from '../../../functions/function-name.ts'
import { layersUnzippedBytes } from '../../../functions/function-layers.ts'
import { checkConfigurationInput, checkWhole } from '../configuration-input.ts'
import { defineOperation } from '../operation.ts'
import { fullConfiguration } from '../views.ts'
import { expectLatest } from './update-function-code.ts'

interface Input extends ConfigurationInput {
  readonly FunctionName: string
  readonly RevisionId?: string
}

export const updateFunctionConfiguration = defineOperation<Input>({
  name: 'UpdateFunctionConfiguration',
  support: 'implemented',
  note: 'networks, file systems, encryption keys and dead-letter targets are stored; the last has its effect where the target is served here',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller)
    expectLatest(qualifier)
    const version = await services.functions.updateConfiguration(key, {
      revisionId: input.RevisionId,
      async change(current, db) {
        const { layers } = await checkConfigurationInput(input, 'update', key, services, db)
        const configuration = mergeConfiguration(current.configuration, input, layers)
        checkWhole(configuration, current.unzippedBytes, await layersUnzippedBytes(db, configuration.Layers))
        return configuration
      },
    })
    return { json: fullConfiguration(version, functionArn(key)) }
  },
})
