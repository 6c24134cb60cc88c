import { expectCodeSigningConfig } from '../../../functions/code-signing.ts'
import { newConfiguration, type ConfigurationInput } from '../../../functions/configuration.ts'
import { invalidParameter } from '../../../functions/errors.ts'
import { functionArn, parseFunctionName } from '../../../functions/function-name.ts'
import { checkTags } from '../../../functions/tags.ts'
import { checkConfigurationInput, checkWhole } from '../configuration-input.ts'
import { takeCode, type CodeInput } from '../code-input.ts'
import { defineOperation } from '../operation.ts'
import { fullConfiguration } from '../views.ts'

interface Input extends ConfigurationInput {
  readonly FunctionName: string
  readonly Code: CodeInput
  readonly Publish?: boolean
  readonly Tags?: Readonly<Record<string, string>>
  readonly CodeSigningConfigArn?: string
}

/** Longest name of a function. The model allows more, for ARNs. */
const longestName = 64

export const createFunction = defineOperation<Input>({
  name: 'CreateFunction',
  support: 'implemented',
  note: 'packages only (`PackageType` `Zip`); roles are not checked to exist',
  async handle(input, { caller, services }) {
    const { name } = parseFunctionName(input.FunctionName, caller)
    if (name.length > longestName) {
      throw invalidParameter({
        text: `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${longestName}`,
      })
    }
    const key = { accountId: caller.accountId, region: caller.region, name }
    const { db } = services.catalog
    const { layers, layerBytes } = await checkConfigurationInput(input, 'create', key, services, db)
    if (!input.Runtime || !input.Handler) {
      throw invalidParameter({
        text: 'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
      })
    }
    checkTags(input.Tags ?? {})
    const configuration = newConfiguration(name, input, layers)
    checkWhole(configuration, 0, layerBytes)
    await services.functions.expectFree(key)
    if (input.CodeSigningConfigArn !== undefined) await expectCodeSigningConfig(db, key, input.CodeSigningConfigArn)
    const code = await takeCode(input.Code, key, services)
    checkWhole(configuration, code.unzippedBytes, layerBytes)
    const version = await services.functions.create(key, {
      configuration,
      code,
      tags: input.Tags ?? {},
      publish: input.Publish ?? false,
      codeSigningConfigArn: input.CodeSigningConfigArn,
    })
    // Also with `Publish`, where the version is `1`: recorded.
    return { json: fullConfiguration(version, functionArn(key)) }
  },
})
