/** S3, STS, IAM and CloudWatch Logs on a port of their own, in this process, and real tools that talk to them. */
import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { createApiServer } from '../../src/api/http/server.ts'
import type { AccessKey, KeyRing } from '../../src/api/http/key-ring.ts'
import type { ApiService } from '../../src/api/http/message.ts'
import { createIamService } from '../../src/api/iam/iam-service.ts'
import { createLogsService } from '../../src/api/logs/logs-service.ts'
import { createS3Service } from '../../src/api/s3/s3-service.ts'
import { createStsService, type SessionIssuer, type SessionKey } from '../../src/api/sts/sts-service.ts'
import { systemClock, type Clock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { LogStore } from '../../src/logs/log-store.ts'
import { ObjectStore } from '../../src/objects/object-store.ts'
import { Blobs } from '../../src/store/blobs.ts'
import { openCatalog, type Catalog } from '../../src/store/catalog.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { cleanEnvironment, toolPath } from './zipyard.ts'

export interface SideServices {
  readonly url: string
  readonly folder: string
  readonly catalog: Catalog
  readonly blobs: Blobs
  readonly objects: ObjectStore
  readonly logs: LogStore
  /** For `aws` and boto3. */
  readonly environment: Record<string, string>
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

const isGranted = async (): Promise<boolean> => false

export async function startSideServices(
  options: { readonly folder?: string; readonly clock?: Clock; readonly port?: number } = {},
): Promise<SideServices> {
  const folder = options.folder ?? temporaryFolder()
  const clock = options.clock ?? systemClock
  const catalog = await openCatalog({ folder, clock })
  const blobs = await Blobs.open({ folder, clock })
  const logs = await LogStore.open({ catalog, folder, clock, log: silentLog })
  const objects = new ObjectStore({ catalog, blobs, clock })

  const keys = new TestKeys(systemClock)
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
  })
  const { url } = await server.listen({ host: '127.0.0.1', port: options.port ?? 0 })
  const stop = async (): Promise<void> => {
    await server.close(0)
    await logs.stop()
    await catalog.close()
    await blobs.close()
  }
  let stopped: Promise<void> | undefined
  const stopOnce = (): Promise<void> => (stopped ??= stop())
  onTestFinished(stopOnce)
  return { url, folder, catalog, blobs, objects, logs, environment: environmentFor(url), stop: stopOnce }
}

export function environmentFor(url: string, key = testKey): Record<string, string> {
  return {
    ...cleanEnvironment(),
    PATH: toolPath(),
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_PROXY: '127.0.0.1,localhost',
  }
}

export interface ToolResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a tool beside us: the server lives in this process, so nothing here may block. */
export function runTool(
  command: string,
  args: readonly string[],
  options: { readonly env: Record<string, string>; readonly cwd?: string; readonly input?: string | Buffer },
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

/** `aws …`, which must succeed; gives its stdout. */
export async function aws(services: Pick<SideServices, 'environment'>, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool('aws', args, { env: services.environment })
  if (exitCode !== 0) throw new Error(`aws ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`)
  return stdout
}

/** `aws …`, which must fail; gives its stderr. */
export async function awsFails(services: Pick<SideServices, 'environment'>, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool('aws', args, { env: services.environment })
  if (exitCode === 0) throw new Error(`aws ${args.join(' ')} should have failed: ${stdout}`)
  return stderr
}

/** A Python program with boto3, which must succeed; gives its stdout. */
export async function python(services: Pick<SideServices, 'environment'>, program: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool('python3', ['-'], { env: services.environment, input: program })
  if (exitCode !== 0) throw new Error(`python ended with ${exitCode}: ${stderr}${stdout}`)
  return stdout
}
