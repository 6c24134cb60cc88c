/** The commands on functions and versions. Each is one transaction; what it promised is carried out by `Activation`. */
import { createHash, randomUUID } from 'node:crypto'
import type { Announcer } from '../base/announcer.ts'
import type { Clock } from '../base/clock.ts'
import type { Digest } from '../base/digest.ts'
import type { Catalog, CatalogQueries } from '../store/catalog.ts'
import type { Activation } from './activation.ts'
import type { Configuration } from './configuration.ts'
import { functionNotFound, invalidParameter, resourceConflict, revisionMismatch } from './errors.ts'
import type { FunctionChanged } from './function-changed.ts'
import { functionArn, isVersionNumber, latest, type FunctionKey } from './function-name.ts'
import {
  expectSettled,
  expectStorage,
  findFunction,
  findNewestPublished,
  findVersion,
  getLatest,
  notReady,
  replaceVersion,
  toVersionRow,
} from './function-store.ts'
import { versionName, type FunctionVersion } from './function-version.ts'

/** A deployment package in the blob store, checked. */
export interface Code {
  readonly digest: Digest
  readonly bytes: number
  readonly unzippedBytes: number
}

export interface FunctionsOptions {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly changes: Announcer<FunctionChanged>
  readonly activation: Activation
}

export class Functions {
  readonly #catalog: Catalog
  readonly #clock: Clock
  readonly #changes: Announcer<FunctionChanged>
  readonly #activation: Activation

  constructor(options: FunctionsOptions) {
    this.#catalog = options.catalog
    this.#clock = options.clock
    this.#changes = options.changes
    this.#activation = options.activation
  }

  /** Makes a function; with `publish` its version 1 too, which is then returned. */
  async create(
    key: FunctionKey,
    input: {
      readonly configuration: Configuration
      readonly code: Code
      readonly tags: Readonly<Record<string, string>>
      readonly publish: boolean
      readonly codeSigningConfigArn?: string | undefined
    },
  ): Promise<FunctionVersion> {
    const first: FunctionVersion = {
      ...key,
      number: 0,
      version: latest,
      revisionId: randomUUID(),
      configuration: input.configuration,
      codeDigest: input.code.digest,
      codeBytes: input.code.bytes,
      unzippedBytes: input.code.unzippedBytes,
      fingerprint: null,
      state: 'Pending',
      updateStatus: null,
      failure: null,
      modifiedAt: this.#clock.now(),
    }
    const made = await this.#catalog.transaction(async (db) => {
      if (await findFunction(db, key)) throw resourceConflict({ text: `Function already exist: ${key.name}` })
      await expectStorage(db, key, input.code.bytes)
      await db
        .insertInto('function')
        .values({
          account_id: key.accountId,
          region: key.region,
          name: key.name,
          id: randomUUID(),
          created_at: this.#clock.now(),
          last_version: 0,
          tags: JSON.stringify(input.tags),
          reserved_concurrency: null,
          recursive_loop: 'Terminate',
          code_signing_config: input.codeSigningConfigArn ?? null,
        })
        .execute()
      await db.insertInto('function_version').values(toVersionRow(first)).execute()
      return input.publish ? [first, await this.#addVersion(db, first, {})] : [first]
    })
    for (const version of made) this.#activation.start(version)
    this.#announce(key, 'code')
    return made.at(-1)!
  }

  /** @throws `resourceConflict` when there is a function of this name: said before its package is taken */
  async expectFree(key: FunctionKey): Promise<void> {
    if (await findFunction(this.#catalog.db, key)) {
      throw resourceConflict({ text: `Function already exist: ${key.name}` })
    }
  }

  /** `$LATEST`, when it may be updated now: said before a package is taken. */
  async expectUpdatable(key: FunctionKey, revisionId: string | undefined): Promise<FunctionVersion> {
    const current = await getLatest(this.#catalog.db, key)
    if (revisionId !== undefined && revisionId !== current.revisionId) throw revisionMismatch()
    expectSettled(current)
    return current
  }

  /** Other code for `$LATEST`. Invocations run the old one until the new one is ready. */
  async updateCode(
    key: FunctionKey,
    input: {
      readonly code: Code
      readonly architectures?: readonly string[] | undefined
      readonly publish: boolean
      readonly revisionId?: string | undefined
    },
  ): Promise<FunctionVersion> {
    return this.#update(key, input.revisionId, input.publish, async (db, current) => {
      await expectStorage(db, key, input.code.bytes)
      const Architectures = input.architectures ?? current.configuration.Architectures
      return {
        configuration: { ...current.configuration, Architectures },
        codeDigest: input.code.digest,
        codeBytes: input.code.bytes,
        unzippedBytes: input.code.unzippedBytes,
      }
    })
  }

  /** Another configuration for `$LATEST`; `change` gets the current one and may refuse. */
  async updateConfiguration(
    key: FunctionKey,
    input: {
      readonly revisionId?: string | undefined
      readonly change: (current: FunctionVersion, db: CatalogQueries) => Promise<Configuration>
    },
  ): Promise<FunctionVersion> {
    return this.#update(key, input.revisionId, false, async (db, current) => ({
      configuration: await input.change(current, db),
    }))
  }

  /** Publishes `$LATEST`, unless it equals the newest version: that one is returned then. */
  async publish(
    key: FunctionKey,
    input: {
      readonly description?: string | undefined
      readonly codeSha256?: string | undefined
      readonly revisionId?: string | undefined
    },
  ): Promise<FunctionVersion> {
    const version = await this.#catalog.transaction(async (db) => {
      const current = await getLatest(db, key)
      if (input.revisionId !== undefined && input.revisionId !== current.revisionId) throw revisionMismatch()
      const sha256 = Buffer.from(current.codeDigest, 'hex').toString('base64')
      if (input.codeSha256 !== undefined && input.codeSha256 !== '' && input.codeSha256 !== sha256) {
        throw invalidParameter({
          text: `CodeSHA256 (${input.codeSha256}) is different from current CodeSHA256 in $LATEST (${sha256}). Please try again with the CodeSHA256 in $LATEST.`,
        })
      }
      expectSettled(current)
      // What could not be made cannot be published; what could not be updated to is tried again as the version's own.
      if (current.state === 'Failed') throw notReady(current)
      const newest = await findNewestPublished(db, key)
      if (newest && newest.state !== 'Failed' && newest.fingerprint === fingerprintOf(current)) return newest
      const source: FunctionVersion =
        current.updateStatus === 'Failed'
          ? { ...current, state: 'Pending', updateStatus: null, failure: null }
          : { ...current, state: 'Active', updateStatus: 'Successful' }
      const added = await this.#addVersion(db, source, { description: input.description })
      await replaceVersion(db, current, { ...current, revisionId: randomUUID() })
      return added
    })
    if (version.state === 'Pending') this.#activation.start(version)
    this.#announce(key, 'version', version.version)
    return version
  }

  /**
   * Deletes a function with all that belongs to it, or one version. A version that is not there is deleted without complaint, as long as
   * the function is there.
   */
  async delete(key: FunctionKey, qualifier: string | undefined): Promise<void> {
    if (qualifier === latest) {
      throw invalidParameter({ text: '$LATEST version cannot be deleted without deleting the function.' })
    }
    if (qualifier !== undefined && !isVersionNumber(qualifier)) await this.#refuseAlias(key, qualifier)
    await this.#catalog.freeing(async (db) => {
      if (!(await findFunction(db, key))) throw functionNotFound(functionArn(key))
      if (qualifier === undefined) await deleteFunctionRows(db, key)
      else await deleteVersionRows(db, key, Number(qualifier))
    })
    this.#announce(key, 'deleted', qualifier)
  }

  async #refuseAlias(key: FunctionKey, qualifier: string): Promise<void> {
    if (!(await findFunction(this.#catalog.db, key))) throw functionNotFound(functionArn(key))
    const alias = await this.#catalog.db
      .selectFrom('function_alias')
      .select('alias')
      .where('account_id', '=', key.accountId)
      .where('region', '=', key.region)
      .where('name', '=', key.name)
      .where('alias', '=', qualifier)
      .executeTakeFirst()
    if (!alias) throw functionNotFound(functionArn(key))
    throw invalidParameter({ text: 'Deletion of aliases is not currently supported.' })
  }

  async #update(
    key: FunctionKey,
    revisionId: string | undefined,
    publish: boolean,
    change: (db: CatalogQueries, current: FunctionVersion) => Promise<Partial<FunctionVersion>>,
  ): Promise<FunctionVersion> {
    const made = await this.#catalog.transaction(async (db) => {
      const current = await getLatest(db, key)
      if (revisionId !== undefined && revisionId !== current.revisionId) throw revisionMismatch()
      expectSettled(current)
      const { configuration, codeDigest, codeBytes } = current
      const after: FunctionVersion = {
        ...current,
        ...(await change(db, current)),
        revisionId: randomUUID(),
        updateStatus: 'InProgress',
        failure: null,
        modifiedAt: this.#clock.now(),
        // After a failed creation there is nothing to run meanwhile; after a failed update, still what was there before it.
        running: current.state === 'Failed' ? undefined : (current.running ?? { configuration, codeDigest, codeBytes }),
      }
      await replaceVersion(db, current, after)
      return publish
        ? [after, await this.#addVersion(db, { ...after, state: 'Pending', updateStatus: null }, {})]
        : [after]
    })
    for (const version of made) this.#activation.start(version)
    this.#announce(key, 'configuration')
    return made.at(-1)!
  }

  /** Adds the next version, a copy of `$LATEST` in the state given. */
  async #addVersion(
    db: CatalogQueries,
    source: FunctionVersion,
    input: { readonly description?: string | undefined },
  ): Promise<FunctionVersion> {
    await expectStorage(db, source, source.codeBytes)
    const { last_version: lastVersion } = (await findFunction(db, source))!
    const number = lastVersion + 1
    const Description = input.description ?? source.configuration.Description
    const version: FunctionVersion = {
      ...source,
      number,
      version: versionName(number),
      revisionId: randomUUID(),
      configuration: { ...source.configuration, Description },
      fingerprint: fingerprintOf(source),
      running: undefined,
    }
    await db.insertInto('function_version').values(toVersionRow(version)).execute()
    await db
      .updateTable('function')
      .set({ last_version: number })
      .where('account_id', '=', source.accountId)
      .where('region', '=', source.region)
      .where('name', '=', source.name)
      .execute()
    return version
  }

  #announce(key: FunctionKey, what: FunctionChanged['what'], qualifier?: string): void {
    const { accountId, region, name } = key
    this.#changes.announce({ accountId, region, name, what, qualifier })
  }
}

/** Equal for equal code and configuration: what PublishVersion compares. */
function fingerprintOf(version: FunctionVersion): string {
  const members = Object.entries(version.configuration).filter(([, value]) => value !== undefined)
  const sorted = members.sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(version.codeDigest).update(JSON.stringify(sorted)).digest('hex')
}

async function deleteFunctionRows(db: CatalogQueries, key: FunctionKey): Promise<void> {
  await db
    .deleteFrom('resource_policy')
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('kind', '=', 'function')
    .where('name', '=', key.name)
    .execute()
  // Versions, aliases, settings and URLs go with it.
  await db
    .deleteFrom('function')
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .execute()
}

async function deleteVersionRows(db: CatalogQueries, key: FunctionKey, number: number): Promise<void> {
  const aliases = await db
    .selectFrom('function_alias')
    .select(['alias', 'version', 'weights'])
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .orderBy('alias')
    .execute()
  const pointing = aliases
    .filter((row) => row.version === number || Object.hasOwn(JSON.parse(row.weights) as object, String(number)))
    .map((row) => row.alias)
  if (pointing.length > 0) {
    throw resourceConflict({
      text: `Unable to delete version because the following aliases reference it: [${pointing.join(', ')}]`,
    })
  }
  if (!(await findVersion(db, key, number))) return
  await deleteQualifierRows(db, key, String(number))
  await db
    .deleteFrom('function_version')
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .where('number', '=', number)
    .execute()
}

/** What belongs to one qualifier and goes with it: policy, settings, URL. */
export async function deleteQualifierRows(db: CatalogQueries, key: FunctionKey, qualifier: string): Promise<void> {
  for (const table of ['resource_policy', 'function_setting', 'function_url'] as const) {
    await db
      .deleteFrom(table)
      .where('account_id', '=', key.accountId)
      .where('region', '=', key.region)
      .where('name', '=', key.name)
      .where('qualifier', '=', qualifier)
      .$if(table === 'resource_policy', (query) => query.where('kind' as never, '=', 'function' as never))
      .execute()
  }
}
