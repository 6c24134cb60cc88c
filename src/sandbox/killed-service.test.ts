/** A service that is killed takes its environments along, and the next one finds nothing of it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openFolder, processesThatMention, systemPython, testedTiers, write } from '../../test/kit/sandbox-bench.ts'
import { openTier } from './open-tier.ts'

const python = systemPython()
const source = fileURLToPath(new URL('.', import.meta.url))

/** A service in a process of its own, with three environments that do not want to end. */
const service = (tier: string, folder: string, mark: string): string => `
import { createServer } from 'node:net'
import { openTier } from '${source}open-tier.ts'
const interpreter = ${JSON.stringify(python)}
const sandbox = openTier('${tier}', { stateFolder: '${folder}/state', launcher: interpreter })
createServer(() => {}).listen('${folder}/api', async () => {
  for (const id of ['a', 'b', 'c']) {
    const launched = await sandbox.launch({
      id: '${mark}-' + id, interpreter, argv: ['/bin/sh', '-c', "trap '' TERM HUP; (setsid sh -c 'while :; do sleep 1; done # ${mark}') & echo up; while :; do sleep 1; done # ${mark}"],
      environment: { PATH: '/usr/bin:/bin' }, workingDirectory: '/var/task', binds: [{ source: '${folder}/task', target: '/var/task' }],
      temporaryFolder: '${folder}/tmp-' + id, temporaryBytes: 16 << 20, memoryBytes: 128 << 20, processes: 64, network: 'host',
      apiSocket: '${folder}/api', allowZygote: false,
    })
    await new Promise((resolve) => launched.stdout.once('data', resolve))
    if (id === 'c') launched.freeze()
  }
  console.log('up')
})
`

async function start(tier: string, folder: string, mark: string): Promise<ChildProcess> {
  const script = write(join(folder, 'service.mts'), service(tier, folder, mark))
  mkdirSync(join(folder, 'task'), { recursive: true })
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
  })
  return child
}

const groupsOf = (service: number): string[] =>
  spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/zipyard-${service}-*`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)

describe.each(testedTiers)('tier %s', (tier) => {
  test('kill -9 of the service leaves nothing once the next has started', async () => {
    const folder = openFolder('killed')
    const mark = `killed-${tier}-${process.pid}`
    const child = await start(tier, folder, mark)
    expect(processesThatMention(mark).length).toBeGreaterThanOrEqual(6)
    const groups = groupsOf(child.pid!)
    if (tier === 'root') expect(groups.length).toBeGreaterThan(0)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    // Namespaces die with their zygote, which dies with its service; plain processes have nobody who would know.
    if (tier !== 'process') await expect.poll(() => processesThatMention(mark)).toEqual([])

    const next = openTier(tier, { stateFolder: join(folder, 'state'), launcher: python })
    await expect.poll(() => processesThatMention(mark)).toEqual([])
    expect(groupsOf(child.pid!)).toEqual([])
    await next.stop()
    const state = join(folder, 'state')
    expect(existsSync(state) ? readdirSync(state) : []).toEqual([])
  })
})
