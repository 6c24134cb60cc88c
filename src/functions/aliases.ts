/** The commands on aliases. Each change gives the alias a new RevisionId. */
import { randomUUID } from 'node:crypto'
import type { Announcer } from '../base/announcer.ts'
import type { Catalog, CatalogQueries } from '../store/catalog.ts'
import { findAlias, type AliasRow } from './alias-store.ts'
import {
  aliasNotFound,
  functionNotFound,
  invalidParameter,
  resourceConflict,
  resourceNotFound,
  revisionMismatch,
} from './errors.ts'
import type { FunctionChanged } from './function-changed.ts'
import { functionArn, latest, type FunctionKey } from './function-name.ts'
import { findFunction, findVersion } from './function-store.ts'
import { versionNumber } from './function-version.ts'
import { deleteQualifierRows } from './functions.ts'

/** Version → part of the invocations that go there instead of to the alias's own version. */
export type Weights = Readonly<Record<string, number>>

export interface AliasInput {
  readonly version?: string | undefined
  readonly description?: string | undefined
  /** Empty removes them. */
  readonly weights?: Weights | undefined
}

export class Aliases {
  readonly #catalog: Catalog
  readonly #changes: Announcer<FunctionChanged>

  constructor(catalog: Catalog, changes: Announcer<FunctionChanged>) {
    this.#catalog = catalog
    this.#changes = changes
  }

  async create(key: FunctionKey, alias: string, input: AliasInput & { readonly version: string }): Promise<AliasRow> {
    const row: AliasRow = {
      account_id: key.accountId,
      region: key.region,
      name: key.name,
      alias,
      version: versionNumber(input.version),
      description: input.description ?? '',
      weights: JSON.stringify(input.weights ?? {}),
      revision_id: randomUUID(),
    }
    await this.#catalog.transaction(async (db) => {
      await expectRouting(db, key, input.version, input.weights ?? {})
      if (await findAlias(db, key, alias)) {
        throw resourceConflict({ text: `Alias already exists: ${functionArn(key, alias)}` })
      }
      await db.insertInto('function_alias').values(row).execute()
    })
    this.#announce(key, alias)
    return row
  }

  /** @throws `resourceNotFound` as GetAlias says it */
  async get(key: FunctionKey, alias: string): Promise<AliasRow> {
    const row = await findAlias(this.#catalog.db, key, alias)
    if (!row) throw aliasNotFound(functionArn(key, alias))
    return row
  }

  async update(
    key: FunctionKey,
    alias: string,
    input: AliasInput & { readonly revisionId?: string | undefined },
  ): Promise<AliasRow> {
    const after = await this.#catalog.transaction(async (db) => {
      const before = await findAlias(db, key, alias)
      if (!before) throw resourceNotFound({ text: `Alias not found: ${functionArn(key, alias)}` })
      if (input.revisionId !== undefined && input.revisionId !== before.revision_id) throw revisionMismatch()
      const version = input.version ?? (before.version === 0 ? latest : String(before.version))
      const weights = input.weights ?? (JSON.parse(before.weights) as Weights)
      await expectRouting(db, key, version, weights)
      const row: AliasRow = {
        ...before,
        version: versionNumber(version),
        description: input.description ?? before.description,
        weights: JSON.stringify(weights),
        revision_id: randomUUID(),
      }
      await db
        .updateTable('function_alias')
        .set(row)
        .where('account_id', '=', key.accountId)
        .where('region', '=', key.region)
        .where('name', '=', key.name)
        .where('alias', '=', alias)
        .execute()
      return row
    })
    this.#announce(key, alias)
    return after
  }

  /** Deletes the alias with its policy, settings and URL. One that is not there is deleted without complaint. */
  async delete(key: FunctionKey, alias: string): Promise<void> {
    await this.#catalog.transaction(async (db) => {
      if (!(await findFunction(db, key))) throw functionNotFound(functionArn(key))
      await deleteQualifierRows(db, key, alias)
      await db
        .deleteFrom('function_alias')
        .where('account_id', '=', key.accountId)
        .where('region', '=', key.region)
        .where('name', '=', key.name)
        .where('alias', '=', alias)
        .execute()
    })
    this.#announce(key, alias)
  }

  #announce(key: FunctionKey, alias: string): void {
    const { accountId, region, name } = key
    this.#changes.announce({ accountId, region, name, what: 'alias', qualifier: alias })
  }
}

/** What an alias may point to. */
async function expectRouting(db: CatalogQueries, key: FunctionKey, version: string, weights: Weights): Promise<void> {
  const others = Object.keys(weights)
  if (others.length > 1) {
    throw invalidParameter({ text: 'Number of items in AdditionalVersionWeights cannot be greater than 1' })
  }
  if (others.includes(version)) {
    throw invalidParameter({
      text: `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    })
  }
  if (version === latest && others.length > 0) {
    throw invalidParameter({
      text: '$LATEST is not supported for an alias pointing to more than 1 version',
      untyped: true,
    })
  }
  for (const one of [version, ...others]) {
    if (!(await findVersion(db, key, versionNumber(one)))) throw functionNotFound(functionArn(key, one))
  }
}
