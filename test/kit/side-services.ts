/** The side services in this process, and real tools that talk to them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import type { HttpLimits } from '../../src/api/http/patience.ts'
import { openSideServices, testKey, type OpenSideServices } from './side-services-open.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { cleanEnvironment, toolPath } from './zipyard.ts'

export interface SideServices extends OpenSideServices {
  /** For `aws` and boto3. */
  readonly environment: Record<string, string>
}

/** Starts them; they stop when the test ends. */
export async function startSideServices(
  options: { readonly folder?: string; readonly clock?: Clock; readonly limits?: HttpLimits } = {},
): Promise<SideServices> {
  const services = await openSideServices({ ...options, folder: options.folder ?? temporaryFolder() })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= services.stop())
  onTestFinished(stop)
  return { ...services, environment: environmentFor(services.url), stop }
}

export interface SideServicesProcess {
  readonly url: string
  readonly environment: Record<string, string>
  readonly process: ChildProcess
  /** Sends a line and gives the parsed answer. */
  ask(line: 'collect' | 'memory'): Promise<unknown>
  stop(signal: NodeJS.Signals): Promise<void>
}

/** Starts them in a process of their own. `before`: a command line that is put in front, such as `unshare …`. */
export async function spawnSideServices(folder: string, before: readonly string[] = []): Promise<SideServicesProcess> {
  const script = join(import.meta.dirname, 'side-services-process.ts')
  const [command, ...args] = [...before, process.execPath, '--import', import.meta.resolve('tsx'), script, folder]
  const child = spawn(command!, args, { env: cleanEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const { value: url } = (await lines.next()) as { value: string | undefined }
  if (url === undefined) throw new Error('the side services ended before they listened')
  return {
    url,
    environment: environmentFor(url),
    process: child,
    async ask(line) {
      child.stdin.write(`${line}\n`)
      return JSON.parse((await lines.next()).value as string) as unknown
    },
    async stop(signal) {
      child.kill(signal)
      await exited
    },
  }
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
