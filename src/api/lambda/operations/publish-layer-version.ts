import { publishLayerVersion as publish } from '../../../functions/layers.ts'
import { takeCode, type CodeInput } from '../code-input.ts'
import { fullLayerVersion, parseLayerName } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly LayerName: string
  readonly Content: CodeInput
  readonly Description?: string
  readonly CompatibleRuntimes?: readonly string[]
  readonly CompatibleArchitectures?: readonly string[]
  readonly LicenseInfo?: string
}

export const publishLayerVersion = defineOperation<Input>({
  name: 'PublishLayerVersion',
  support: 'implemented',
  async handle(input, { caller, origin, services }) {
    const key = parseLayerName(input.LayerName, caller)
    const code = await takeCode(input.Content, key, services)
    const { Description = '', CompatibleRuntimes, CompatibleArchitectures, LicenseInfo } = input
    const document = { Description, CompatibleRuntimes, CompatibleArchitectures, LicenseInfo }
    const row = await publish(services.catalog, services.clock, key, document, code)
    return { json: fullLayerVersion(row, origin, services) }
  },
})
