/**
 * Which tiers this machine can hold, found out by doing: each is opened, runs a program and is asked what it saw. Settings that say
 * "allowed" are not believed (Ubuntu's AppArmor rule lets a user namespace be made and then forbids to mount in it).
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mebibyte } from '../base/byte-size.ts'
import { networkUnavailable } from './errors.ts'
import { openTier } from './open-tier.ts'
import { lacksOf, type Lack } from './promises.ts'
import type { NetworkMode, Sandbox, SandboxSpec, Tier } from './sandbox.ts'

export interface TierReport {
  readonly tier: Tier
  readonly isAvailable: boolean
  /** Why it cannot be used, and what to do about it. */
  readonly because?: string | undefined
  readonly remedy?: string | undefined
  /** What it does not hold on this machine. */
  readonly lacks: readonly Lack[]
}

export interface ProbeOptions {
  readonly interpreter: SandboxSpec['interpreter']
  readonly network: NetworkMode
  /** Which tiers to try; all when not given. */
  readonly tiers?: readonly Tier[]
}

export const tiers: readonly Tier[] = ['root', 'userns', 'bwrap', 'process']

/** Tries tiers one after another, strongest first. Takes about a tenth of a second for each. */
export async function probeTiers(options: ProbeOptions): Promise<readonly TierReport[]> {
  const reports: TierReport[] = []
  for (const tier of options.tiers ?? tiers) reports.push(await probeTier(tier, options))
  return reports
}

async function probeTier(tier: Tier, options: ProbeOptions): Promise<TierReport> {
  const unavailable = (because: string, remedy = remedyFor(tier, because)): TierReport => ({
    tier,
    isAvailable: false,
    because,
    remedy,
    lacks: [],
  })
  const impossible = impossibleHere(tier)
  if (impossible !== undefined) return unavailable(impossible)
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-probe-'))
  chmodSync(folder, 0o755)
  let sandbox: Sandbox | undefined
  try {
    sandbox = openTier(tier, { stateFolder: join(folder, 'state'), launcher: options.interpreter })
    const saw = await tryOut(sandbox, folder, options)
    const expected = tier === 'process' ? undefined : 993
    if (expected !== undefined && saw.uid !== expected) return unavailable(`the program ran as user ${saw.uid}`)
    return { tier, isAvailable: true, lacks: lacksOf(tier, { ...sandbox.facts, network: options.network }) }
  } catch (error) {
    // It is the network that is missing, not the tier.
    if (networkUnavailable.is(error)) return unavailable(error.message, error.details.remedy)
    return unavailable(error instanceof Error ? plain(error.message) : String(error))
  } finally {
    await sandbox?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const trial = `import json, os
print(json.dumps(dict(uid=os.getuid(), code=os.listdir('/var/task') if os.path.isdir('/var/task') else [])))`

async function tryOut(sandbox: Sandbox, folder: string, options: ProbeOptions): Promise<{ uid: number }> {
  const task = join(folder, 'task')
  mkdirSync(task, { mode: 0o755 })
  writeFileSync(join(task, 'trial.py'), trial, { mode: 0o644 })
  const apiSocket = join(folder, 'api')
  const server = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => {
    server.listen(apiSocket, resolve)
  })
  try {
    const minor = options.interpreter.version.split('.').slice(0, 2).join('.')
    const launched = await sandbox.launch({
      id: 'probe',
      interpreter: options.interpreter,
      argv: [`/var/lang/bin/python${minor}`, '-S', '/var/task/trial.py'],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/var/task',
      binds: [{ source: task, target: '/var/task' }],
      temporaryFolder: join(folder, 'tmp'),
      temporaryBytes: 16 * mebibyte,
      memoryBytes: 128 * mebibyte,
      processes: 64,
      network: sandbox.tier === 'process' ? 'host' : options.network,
      apiSocket,
      allowZygote: false,
    })
    let [output, errors] = ['', '']
    launched.stdout.on('data', (chunk) => (output += String(chunk)))
    launched.stderr.on('data', (chunk) => (errors += String(chunk)))
    const status = await launched.exited
    if (status.code !== 0)
      throw new Error(errors.trim().split('\n').at(-1) || `a trial program ended with ${JSON.stringify(status)}`)
    return JSON.parse(output) as { uid: number }
  } finally {
    server.close()
  }
}

function impossibleHere(tier: Tier): string | undefined {
  if (tier !== 'process' && process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`
  if (tier === 'root' && process.getuid?.() !== 0) return 'the service does not run as root'
  return undefined
}

function remedyFor(tier: Tier, because: string): string {
  if (process.platform !== 'linux') return 'Run the service on Linux, in a virtual machine for instance'
  if (tier === 'root') {
    return because.includes('root')
      ? 'Run `zipyard serve` as root, as a systemd service for instance; or leave it, `userns` isolates as well'
      : 'Give the container it runs in CAP_SYS_ADMIN and its own mounts, or run the service on the machine itself'
  }
  if (tier === 'userns') {
    return 'Allow user namespaces (`sysctl user.max_user_namespaces=15000`, on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0` or an AppArmor profile), or install bubblewrap'
  }
  if (tier === 'bwrap' && because.includes('ENOENT')) return 'Install bubblewrap: `apt-get install bubblewrap`'
  return 'Run `zipyard serve` as an ordinary user, with a data folder that it owns'
}

/** Of our own sentence only the reason: what could not be started is known here. */
const plain = (message: string): string =>
  message.replace(/^the execution environment `[^`]*` could not be started: /, '')
