import { getLayerVersion } from '../../../functions/layers.ts'
import { removeStatement } from '../../../functions/policies.ts'
import { parseLayerName } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly LayerName: string
  readonly VersionNumber: number
  readonly StatementId: string
  readonly RevisionId?: string
}

export const removeLayerVersionPermission = defineOperation<Input>({
  name: 'RemoveLayerVersionPermission',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseLayerName(input.LayerName, caller)
    await services.catalog.transaction(async (db) => {
      await getLayerVersion(db, key, input.VersionNumber)
      const policy = { ...key, kind: 'layer', qualifier: String(input.VersionNumber) } as const
      await removeStatement(db, policy, input.StatementId, input.RevisionId)
    })
    return { status: 204 }
  },
})
