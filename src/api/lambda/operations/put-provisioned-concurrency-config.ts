import { randomUUID } from 'node:crypto'
import { aliasesOf, findAlias } from '../../../functions/alias-store.ts'
import { provisionedConcurrency, reservedConcurrency } from '../../../functions/concurrency.ts'
import { invalidParameter, resourceConflict } from '../../../functions/errors.ts'
import { isVersionNumber, latest, parseFunctionName, type FunctionKey } from '../../../functions/function-name.ts'
import { findVersion, getFunction, replaceVersion } from '../../../functions/function-store.ts'
import { expectQualifier } from '../../../functions/qualifiers.ts'
import { findSetting, putSetting } from '../../../functions/setting-store.ts'
import { accountConcurrency, unreservedConcurrencyMinimum } from '../../../lambda/quotas.ts'
import type { CatalogQueries } from '../../../store/catalog.ts'
import { defineOperation } from '../operation.ts'
import { provisionerOf, type ProvisionedDocument, type ProvisionedInput } from '../provisioned-view.ts'
import { formatTime } from '../views.ts'

interface Input extends ProvisionedInput {
  readonly ProvisionedConcurrentExecutions: number
}

export const putProvisionedConcurrencyConfig = defineOperation<Input>({
  name: 'PutProvisionedConcurrencyConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier = latest, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    if (qualifier === latest) {
      throw invalidParameter({
        text: 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
      })
    }
    provisionerOf(services)
    const requested = input.ProvisionedConcurrentExecutions
    const now = services.clock.now()
    await services.catalog.transaction(async (db) => {
      await expectQualifier(db, key, qualifier)
      await expectExclusive(db, key, qualifier)
      await expectRoom(db, key, qualifier, requested)
      await putSetting(db, key, 'provisioned-concurrency', qualifier, { requested }, now)
      await renewRevision(db, key, qualifier)
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    return {
      json: {
        RequestedProvisionedConcurrentExecutions: requested,
        AvailableProvisionedConcurrentExecutions: 0,
        AllocatedProvisionedConcurrentExecutions: 0,
        Status: 'IN_PROGRESS',
        LastModified: formatTime(now),
      },
    }
  },
})

/** The version that is provisioned, also by an alias, gets another revision: recorded. */
async function renewRevision(db: CatalogQueries, key: FunctionKey, qualifier: string): Promise<void> {
  const number = isVersionNumber(qualifier) ? Number(qualifier) : (await findAlias(db, key, qualifier))!.version
  const version = (await findVersion(db, key, number))!
  await replaceVersion(db, version, { ...version, revisionId: randomUUID() })
}

/** A version is provisioned by itself or by an alias that points to it. */
async function expectExclusive(db: CatalogQueries, key: FunctionKey, qualifier: string): Promise<void> {
  if (!isVersionNumber(qualifier)) {
    const alias = await findAlias(db, key, qualifier)
    if (alias && (await findSetting(db, key, 'provisioned-concurrency', String(alias.version)))) {
      throw resourceConflict({
        text: "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
      })
    }
    return
  }
  for (const alias of await aliasesOf(db, key).where('version', '=', Number(qualifier)).execute()) {
    if (await findSetting(db, key, 'provisioned-concurrency', alias.alias)) {
      throw resourceConflict({ text: 'Version is pointed by a Provisioned Concurrency alias' })
    }
  }
}

async function expectRoom(db: CatalogQueries, key: FunctionKey, qualifier: string, requested: number): Promise<void> {
  const { reserved_concurrency: reserved } = await getFunction(db, key)
  const current = await findSetting(db, key, 'provisioned-concurrency', qualifier)
  const own = current ? (JSON.parse(current.document) as ProvisionedDocument).requested : 0
  const total = (await provisionedConcurrency(db, key)) - own + requested
  if (reserved !== null) {
    if (total <= reserved) return
    throw invalidParameter({
      text: 'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    })
  }
  const unreserved = accountConcurrency - (await reservedConcurrency(db, key))
  if (total > unreserved) {
    throw invalidParameter({
      text: `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${unreserved}].`,
    })
  }
  if (unreserved - total < unreservedConcurrencyMinimum) {
    throw invalidParameter({
      text: `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedConcurrencyMinimum}].`,
    })
  }
}
