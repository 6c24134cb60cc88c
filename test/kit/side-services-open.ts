/** S3, STS, IAM and CloudWatch Logs on a port of their own. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { IsGranted } from '../../src/api/grants.ts'
import type { AccessKey, KeyRing } from '../../src/api/http/key-ring.ts'
import type { ApiService } from '../../src/api/http/message.ts'
import type { HttpLimits } from '../../src/api/http/patience.ts'
import { createApiServer } from '../../src/api/http/server.ts'
import { createIamService } from '../../src/api/iam/iam-service.ts'
import { createLogsService } from '../../src/api/logs/logs-service.ts'
import { createS3Service } from '../../src/api/s3/s3-service.ts'
import { createStsService, type SessionIssuer, type SessionKey } from '../../src/api/sts/sts-service.ts'
import { systemClock, type Clock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { LogStore } from '../../src/logs/log-store.ts'
import { ObjectStore } from '../../src/objects/object-store.ts'
import { isGrantedToRole, roleOfSession } from '../../src/service/authorizer.ts'
import { ownedDigests } from '../../src/store/blob-owners.ts'
import { Blobs } from '../../src/store/blobs.ts'
import { openCatalog, type Catalog } from '../../src/store/catalog.ts'

export interface OpenSideServices {
  readonly url: string
  readonly folder: string
  readonly catalog: Catalog
  readonly blobs: Blobs
  readonly objects: ObjectStore
  readonly logs: LogStore
  /** Removes blobs that nothing names, however young. */
  collect(): Promise<readonly string[]>
  /** Resident memory and the longest step of the event loop since the last call. */
  measure(): { readonly residentBytes: number; readonly longestStepMs: number }
  stop(): Promise<void>
}

export const testKey = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'secret-of-the-test' }
export const otherKey = { accessKeyId: 'AKIAOTHEROTHEROTHERX', secretAccessKey: 'secret-of-the-other' }

/** Two users of two accounts, and the temporary keys that STS makes for them. */
class TestKeys implements KeyRing, SessionIssuer {
  readonly #clock: Clock
  readonly #keys = new Map<string, AccessKey>([
    [testKey.accessKeyId, userKey('123456789012', testKey.secretAccessKey)],
    [otherKey.accessKeyId, userKey('210987654321', otherKey.secretAccessKey)],
  ])

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find(accessKeyId: string): AccessKey | undefined {
    return this.#keys.get(accessKeyId)
  }

  issueForRole(roleArn: string, sessionName: string, lifetimeMs: number): SessionKey {
    const accountId = roleArn.split(':')[4]!
    const arn = `arn:aws:sts::${accountId}:assumed-role/${roleArn.split('/').at(-1)}/${sessionName}`
    return this.#issue({ accountId, arn, kind: 'role' }, lifetimeMs)
  }

  issueForUser(user: { readonly accountId: string; readonly arn: string }, lifetimeMs: number): SessionKey {
    return this.#issue({ ...user, kind: 'user' }, lifetimeMs)
  }

  #issue(principal: Pick<AccessKey, 'accountId' | 'arn' | 'kind'>, lifetimeMs: number): SessionKey {
    const accessKeyId = `ASIATEST${String(this.#keys.size).padStart(12, '0')}`
    const key = { ...principal, secret: `secret-of-${accessKeyId}`, sessionToken: `token-of-${accessKeyId}` }
    this.#keys.set(accessKeyId, key)
    return { ...key, accessKeyId, expiresAt: this.#clock.now() + lifetimeMs }
  }
}

function userKey(accountId: string, secret: string): AccessKey {
  return { accountId, secret, arn: `arn:aws:iam::${accountId}:user/tester`, kind: 'user' }
}

export async function openSideServices(options: {
  readonly folder: string
  readonly clock?: Clock
  readonly limits?: HttpLimits
}): Promise<OpenSideServices> {
  const { folder } = options
  const clock = options.clock ?? systemClock
  const catalog = await openCatalog({ folder, clock })
  const blobs = await Blobs.open({ folder, clock })
  const logs = await LogStore.open({ catalog, folder, clock, log: silentLog })
  const objects = new ObjectStore({ catalog, blobs, clock })

  const keys = new TestKeys(systemClock)
  const isGranted: IsGranted = async (caller, question) => {
    const role = roleOfSession(caller.arn)
    return role !== undefined && isGrantedToRole(catalog, role, question)
  }
  const services: ApiService[] = [
    createS3Service({ store: objects, isGranted }),
    createIamService({ catalog, clock, isGranted }),
    createStsService({ db: catalog.db, keyRing: keys, sessions: keys, isGranted }),
    createLogsService({ catalog, logs, clock, isGranted }),
  ]
  const server = createApiServer({
    services,
    keyRing: keys,
    allowUnsigned: false,
    hostNames: [],
    log: silentLog,
    clock: systemClock,
    adminRoutes: [],
    ...(options.limits && { limits: options.limits }),
  })
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 })
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  return {
    url,
    folder,
    catalog,
    blobs,
    objects,
    logs,
    collect: () => blobs.collect((digests) => ownedDigests(catalog.db, digests), -1),
    measure() {
      const longestStepMs = delay.max / 1e6
      delay.reset()
      return { residentBytes: process.memoryUsage.rss(), longestStepMs }
    },
    async stop() {
      delay.disable()
      await server.close(0)
      await logs.stop()
      await catalog.close()
      await blobs.close()
    },
  }
}
