import { invalidParameter } from '../../../functions/errors.ts'
import { expectUnzippedSize } from '../../../functions/deployment-packages.ts'
import { functionArn, latest, parseFunctionName } from '../../../functions/function-name.ts'
import { layersUnzippedBytes } from '../../../functions/function-layers.ts'
import { takeCode, type CodeInput } from '../code-input.ts'
import { defineOperation } from '../operation.ts'
import { fullConfiguration, qualifiedArn } from '../views.ts'

interface Input extends CodeInput {
  readonly FunctionName: string
  readonly Publish?: boolean
  readonly DryRun?: boolean
  readonly RevisionId?: string
  readonly Architectures?: readonly string[]
}

export const updateFunctionCode = defineOperation<Input>({
  name: 'UpdateFunctionCode',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller)
    expectLatest(qualifier)
    const current = await services.functions.expectUpdatable(key, input.RevisionId)
    const code = await takeCode(input, key, services)
    const layers = await layersUnzippedBytes(services.catalog.db, current.configuration.Layers)
    expectUnzippedSize(code.unzippedBytes + layers)
    if (input.DryRun) {
      const Architectures = input.Architectures ?? current.configuration.Architectures
      const configuration = { ...current.configuration, Architectures }
      const would = { ...current, configuration, codeDigest: code.digest, codeBytes: code.bytes }
      return { json: fullConfiguration(would, functionArn(key)) }
    }
    const version = await services.functions.updateCode(key, {
      code,
      architectures: input.Architectures,
      publish: input.Publish ?? false,
      revisionId: input.RevisionId,
    })
    return { json: fullConfiguration(version, version.number > 0 ? qualifiedArn(version) : functionArn(key)) }
  },
})

/** Published versions never change. */
export function expectLatest(qualifier: string | undefined): void {
  if (qualifier !== undefined && qualifier !== latest) {
    throw invalidParameter({ text: 'Current operation does not support versions other than $LATEST' })
  }
}
