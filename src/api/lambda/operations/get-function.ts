import type { Tags } from '../../../functions/tags.ts'
import { findFunction } from '../../../functions/function-store.ts'
import { defineOperation } from '../operation.ts'
import { shownVersion } from '../shown-version.ts'
import { fullConfiguration } from '../views.ts'

interface Input {
  readonly FunctionName: string
  readonly Qualifier?: string
}

export const getFunction = defineOperation<Input>({
  name: 'GetFunction',
  support: 'implemented',
  note: '`Code.Location` can be fetched without credentials for ten minutes',
  async handle(input, { caller, origin, services }) {
    const { version, arn } = await shownVersion(input.FunctionName, input.Qualifier, caller, services.catalog.db)
    const row = await findFunction(services.catalog.db, version)
    const tags = JSON.parse(row?.tags ?? '{}') as Tags
    const reserved = row?.reserved_concurrency
    return {
      json: {
        Configuration: fullConfiguration(version, arn),
        Code: { RepositoryType: 'S3', Location: services.downloadUrl(origin, version.codeDigest) },
        ...(Object.keys(tags).length > 0 && { Tags: tags }),
        ...(reserved !== null && reserved !== undefined && { Concurrency: { ReservedConcurrentExecutions: reserved } }),
      },
    }
  },
})
