/**
 * What the audit says of every function's package: looked at after the upload was answered, in a thread of its own. Nothing is refused because
 * of it. Kept by what it was made from, so equal packages are audited once.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckResult } from '../audit/check-package.ts'
import type { Announcer } from '../base/announcer.ts'
import type { Clock } from '../base/clock.ts'
import { sha256, type Digest } from '../base/digest.ts'
import type { Log } from '../base/log.ts'
import { SerialQueue } from '../base/tasks.ts'
import type { FunctionChanged } from '../functions/function-changed.ts'
import { functionArn, type FunctionKey } from '../functions/function-name.ts'
import type { RunnableVersions } from '../functions/runnable.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { findPythonRuntime } from '../lambda/runtimes.ts'
import { noAudit } from './errors.ts'

interface UploadAuditParts {
  /** `audit/` below it is ours: one JSON file per audited package, named by a digest. */
  readonly dataFolder: string
  readonly changes: Announcer<FunctionChanged>
  readonly runnable: Pick<RunnableVersions, 'resolve'>
  /** The file of a package in the blob store. */
  readonly localPath: (digest: Digest) => string
  /** The cache of builds on this machine: what was built here is known and need not be unpacked. */
  readonly cacheFolder: string
  readonly clock: Clock
  readonly log: Log
}

/** How many audits are kept on disk; the oldest go when the service starts. */
const keptAudits = 500

/** Changes with the rules, so that what older ones found is not shown for theirs. The rules are loaded with the first package. */
async function digestRules(): Promise<string> {
  const { rules } = await import('../audit/rules.ts')
  return sha256(JSON.stringify(rules.flatMap((rule) => rule.findings)))
}

export class UploadAudits {
  readonly #parts: UploadAuditParts
  readonly #folder: string
  /** One at a time: uploads come in bursts, and invocations need the processors more. */
  readonly #queue = new SerialQueue()
  readonly #underWay = new Map<string, Promise<CheckResult>>()
  /** Function → what was told of it last, so that the same is not told again. */
  readonly #told = new Map<string, string>()
  readonly #unsubscribe: () => void
  #rulesDigest: Promise<string> | undefined
  #stopped = false

  constructor(parts: UploadAuditParts) {
    this.#parts = parts
    this.#folder = join(parts.dataFolder, 'audit')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    prune(this.#folder)
    this.#unsubscribe = parts.changes.subscribe((change) => {
      if (change.what === 'deleted' && change.qualifier === undefined) this.#told.delete(functionArn(change))
      // Versions are copies of what was `$LATEST`.
      else if (change.what === 'code' || change.what === 'configuration') void this.#look(change)
    })
  }

  /**
   * What the audit says of `$LATEST` as it runs now; waits for an audit that is under way, and makes one when there is none.
   *
   * @throws `noAudit` for a runtime that is not Python's; what `RunnableVersions.resolve` throws
   */
  async resultOf(key: FunctionKey): Promise<CheckResult> {
    return this.#resultOf(await this.#parts.runnable.resolve(key, undefined))
  }

  /** Lets a running audit end and begins no other. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    await this.#queue.idle()
  }

  async #look(changed: FunctionKey): Promise<void> {
    const arn = functionArn(changed)
    const { log, runnable } = this.#parts
    try {
      const version = await runnable.resolve(changed, undefined)
      if (!findPythonRuntime(version.runtime)) return
      const key = await this.#keyOf(version)
      if (this.#told.get(arn) === key) return
      this.#told.set(arn, key)
      const { findings, summary } = await this.#resultOf(version)
      const { errors, warnings } = summary
      const first = findings.find((finding) => finding.severity === 'error')
      const fields = { function: changed.name, errors, warnings, code: first?.code, first: first?.sentence }
      if (errors > 0) log.warn('the package will not run on Lambda', fields)
      else log.info('the package was checked', fields)
    } catch (error) {
      this.#told.delete(arn)
      // Pending, deleted meanwhile, or stopping: the change that follows, or somebody who asks, leads here again.
      log.debug('a package was not checked', { function: changed.name, because: String(error) })
    }
  }

  async #resultOf(version: RunnableVersion): Promise<CheckResult> {
    const { functionName, runtime } = version
    if (!findPythonRuntime(runtime)) throw noAudit({ functionName, runtime })
    const key = await this.#keyOf(version)
    let result = this.#underWay.get(key)
    if (!result) {
      result = this.#readOrMake(key, version)
      this.#underWay.set(key, result)
      const forget = (): unknown => this.#underWay.delete(key)
      result.then(forget, forget)
    }
    const { findings, summary } = await result
    return { findings, summary: { ...summary, name: functionName } }
  }

  async #readOrMake(key: string, version: RunnableVersion): Promise<CheckResult> {
    const path = join(this.#folder, `${key}.json`)
    const known = readResult(path)
    if (known) return known
    const { localPath } = this.#parts
    return this.#queue.run(async () => {
      if (this.#stopped) throw new Error('the service is stopping')
      const { auditInWorker } = await import('../audit/check-package.ts')
      const result = await auditInWorker({
        path: localPath(version.codeDigest),
        runtime: version.runtime,
        architecture: version.architecture,
        handler: version.handler,
        layers: version.layers.map((layer) => localPath(layer.codeDigest)),
        cacheFolder: this.#parts.cacheFolder,
        digest: version.codeDigest,
      })
      const temporary = join(this.#folder, `${key}.tmp`)
      await writeFile(temporary, JSON.stringify(result), { mode: 0o600 })
      await rename(temporary, path)
      return result
    })
  }

  /** All that the audit looks at: the package, what it is checked against, the rules, and the day for the dates of runtimes. */
  async #keyOf(version: RunnableVersion): Promise<string> {
    const { codeDigest, layers, runtime, architecture, handler } = version
    const day = new Date(this.#parts.clock.now()).toISOString().slice(0, 10)
    const layerDigests = layers.map((layer) => layer.codeDigest)
    const rulesDigest = await (this.#rulesDigest ??= digestRules())
    return sha256(JSON.stringify([codeDigest, layerDigests, runtime, architecture, handler, day, rulesDigest]))
  }
}

/** A file that is not there or was cut short means: not audited yet. */
function readResult(path: string): CheckResult | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CheckResult
  } catch {
    return undefined
  }
}

function prune(folder: string): void {
  const files = readdirSync(folder).map((name) => ({ path: join(folder, name), at: 0 }))
  for (const file of files) file.at = statSync(file.path).mtimeMs
  for (const { path } of files.sort((a, b) => b.at - a.at).slice(keptAudits)) rmSync(path, { force: true })
}
