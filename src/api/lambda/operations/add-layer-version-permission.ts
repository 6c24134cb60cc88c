import { layerArn } from '../../../functions/layer-store.ts'
import { getLayerVersion } from '../../../functions/layers.ts'
import { addStatement } from '../../../functions/policies.ts'
import { parseLayerName } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'
import { makeStatement, type PermissionInput } from '../statement.ts'

interface Input extends PermissionInput {
  readonly LayerName: string
  readonly VersionNumber: number
  readonly RevisionId?: string
}

export const addLayerVersionPermission = defineOperation<Input>({
  name: 'AddLayerVersionPermission',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseLayerName(input.LayerName, caller)
    const qualifier = String(input.VersionNumber)
    const statement = makeStatement(input, layerArn(key, input.VersionNumber))
    const RevisionId = await services.catalog.transaction(async (db) => {
      await getLayerVersion(db, key, input.VersionNumber)
      return addStatement(db, { ...key, kind: 'layer', qualifier }, statement, input.RevisionId)
    })
    return { json: { Statement: JSON.stringify(statement), RevisionId } }
  },
})
