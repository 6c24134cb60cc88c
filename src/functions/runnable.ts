/**
 * What an invocation runs, from memory: the catalog is asked once after each change. Only the service owns the store, so a change
 * is always announced.
 */
import { createHash } from 'node:crypto'
import type { Announcer } from '../base/announcer.ts'
import type { Architecture } from '../lambda/architecture.ts'
import type { Catalog } from '../store/catalog.ts'
import type { Configuration } from './configuration.ts'
import { functionNotFound, notSupported } from './errors.ts'
import type { FunctionChanged } from './function-changed.ts'
import { functionArn, isVersionNumber, latest, type FunctionKey } from './function-name.ts'
import { findFunction, findVersion, notReady, type FunctionRow } from './function-store.ts'
import { versionName, versionNumber, type FunctionVersion } from './function-version.ts'
import { layerDigests } from './layer-store.ts'
import type { RunnableVersion } from './runnable-version.ts'

/** What a qualifier stands for: one version, or several with the part of invocations that each gets. */
interface Resolution {
  readonly main: RunnableVersion
  readonly others: readonly { readonly weight: number; readonly target: RunnableVersion }[]
}

export class RunnableVersions {
  readonly #catalog: Catalog
  readonly #random: () => number
  /** Function → qualifier → resolution. */
  readonly #known = new Map<string, Map<string, Promise<Resolution>>>()
  /** Function → the end of a change that is under way. */
  readonly #held = new Map<string, Promise<unknown>>()

  constructor(catalog: Catalog, changes: Announcer<FunctionChanged>, random: () => number = Math.random) {
    this.#catalog = catalog
    this.#random = random
    changes.subscribe((change) => this.#known.delete(nameOf(change)))
  }

  /**
   * The version that an invocation of this qualifier runs now; weights are drawn anew for each call.
   *
   * @throws `resourceNotFound`; `resourceConflict` while the function is being created
   */
  async resolve(key: FunctionKey, qualifier: string | undefined): Promise<RunnableVersion> {
    if (this.#held.size > 0 && (qualifier ?? latest) === latest) await this.#held.get(nameOf(key))
    const resolution = await this.#resolution(key, qualifier)
    if (resolution.others.length === 0) return resolution.main
    let draw = this.#random()
    for (const { weight, target } of resolution.others) {
      if (draw < weight) return target
      draw -= weight
    }
    return resolution.main
  }

  /** Whoever asks for the unpublished version from now on waits for `until`, which must not reject: it is about to be replaced. */
  hold(key: FunctionKey, until: Promise<unknown>): void {
    const name = nameOf(key)
    this.#held.set(name, until)
    void until.then(() => {
      if (this.#held.get(name) === until) this.#held.delete(name)
    })
  }

  /** The version that a qualifier points to, whatever weights it has. */
  async main(key: FunctionKey, qualifier: string | undefined): Promise<RunnableVersion> {
    return (await this.#resolution(key, qualifier)).main
  }

  #resolution(key: FunctionKey, qualifier: string | undefined): Promise<Resolution> {
    const name = nameOf(key)
    let qualifiers = this.#known.get(name)
    if (!qualifiers) this.#known.set(name, (qualifiers = new Map()))
    let pending = qualifiers.get(qualifier ?? latest)
    if (!pending) {
      pending = this.#load(key, qualifier ?? latest)
      qualifiers.set(qualifier ?? latest, pending)
      // Refusals are not kept: names that were never there would fill the memory.
      const kept = qualifiers
      pending.catch(() => {
        kept.delete(qualifier ?? latest)
        if (kept.size === 0 && this.#known.get(name) === kept) this.#known.delete(name)
      })
    }
    return pending
  }

  async #load(key: FunctionKey, qualifier: string): Promise<Resolution> {
    const row = await findFunction(this.#catalog.db, key)
    const missing = functionNotFound(functionArn(key, qualifier))
    if (!row) throw missing
    if (qualifier === latest || isVersionNumber(qualifier)) {
      return { main: await this.#loadVersion(key, row, versionNumber(qualifier), missing), others: [] }
    }
    const alias = await this.#catalog.db
      .selectFrom('function_alias')
      .selectAll()
      .where('account_id', '=', key.accountId)
      .where('region', '=', key.region)
      .where('name', '=', key.name)
      .where('alias', '=', qualifier)
      .executeTakeFirst()
    if (!alias) throw missing
    const others: { weight: number; target: RunnableVersion }[] = []
    for (const [version, weight] of Object.entries(JSON.parse(alias.weights) as Record<string, number>)) {
      others.push({ weight, target: await this.#loadVersion(key, row, versionNumber(version), missing) })
    }
    return { main: await this.#loadVersion(key, row, alias.version, missing), others }
  }

  async #loadVersion(key: FunctionKey, row: FunctionRow, number: number, missing: Error): Promise<RunnableVersion> {
    const version = await findVersion(this.#catalog.db, key, number)
    if (!version) throw missing
    if (version.state !== 'Active') throw notReady(version)
    const { configuration, codeDigest, codeBytes } = version.running ?? version
    if (configuration.FileSystemConfigs !== undefined)
      throw notSupported({ what: 'Invoking a function with `FileSystemConfigs`' })
    const layers = await layerDigests(
      this.#catalog.db,
      (configuration.Layers ?? []).map((layer) => layer.Arn),
    )
    return toRunnable(row, version, configuration, { codeDigest, codeBytes, layers })
  }
}

function toRunnable(
  row: FunctionRow,
  version: FunctionVersion,
  configuration: Configuration,
  code: Pick<RunnableVersion, 'codeDigest' | 'codeBytes' | 'layers'>,
): RunnableVersion {
  const { LoggingConfig: logging } = configuration
  const environmentKey = createHash('sha256')
    .update(JSON.stringify([row.id, version.number, code.codeDigest, configuration]))
    .digest('hex')
    .slice(0, 32)
  return {
    accountId: version.accountId,
    region: version.region,
    functionName: version.name,
    version: versionName(version.number),
    functionArn: functionArn(version),
    environmentKey,
    ...code,
    runtime: configuration.Runtime,
    handler: configuration.Handler,
    architecture: configuration.Architectures[0] as Architecture,
    memoryMiB: configuration.MemorySize,
    timeoutSeconds: configuration.Timeout,
    ephemeralStorageMiB: configuration.EphemeralStorage.Size,
    environment: configuration.Environment?.Variables ?? {},
    roleArn: configuration.Role,
    logging: {
      format: logging.LogFormat,
      group: logging.LogGroup,
      applicationLevel: logging.ApplicationLogLevel,
      systemLevel: logging.SystemLogLevel,
    },
    tracing: configuration.TracingConfig.Mode,
    reservedConcurrency: row.reserved_concurrency ?? undefined,
  }
}

function nameOf(key: FunctionKey): string {
  return `${key.accountId}/${key.region}/${key.name}`
}
