/** The real service with its data folder on a small file system of its own, which only its process sees. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { Endpoint } from '../api/api-client.ts'
import { cleanEnvironment, repository, temporaryFolder } from './zipyard.ts'

export interface SmallDiskService {
  readonly endpoint: Endpoint
  /** The data folder, as it is seen from outside. */
  readonly seenFolder: string
  /** What it said on stderr so far. */
  stderr(): string
}

/** Only root may mount one; who may not is told what is not tested. */
export function canMountSmallDisk(untested: string): boolean {
  const canMount = spawnSync('unshare', ['-m', 'true']).status === 0
  if (!canMount) process.stderr.write(`not tested here: ${untested}\n`)
  return canMount
}

/** Runs until the test is over. */
export async function startOnSmallDisk(size: string, isolation: string): Promise<SmallDiskService> {
  const parent = temporaryFolder('disk')
  // Functions run as a user of their own, who must be able to pass.
  chmodSync(parent, 0o711)
  const folder = join(parent, 'data')
  mkdirSync(folder)
  const mount = `mount -t tmpfs -o mode=711,size=${size} tmpfs '${folder}' && exec "$@"`
  const serve = [
    join(repository, 'dist/cli/main.js'),
    'serve',
    '--port',
    '0',
    '--data',
    folder,
    '--isolation',
    isolation,
  ]
  const child = spawn('unshare', ['-m', '/bin/sh', '-c', mount, 'sh', process.execPath, ...serve, '--json'], {
    // Without a package index, and without what was fetched before: the copy of the AWS SDK, which the functions here do not use, would fill the disk.
    env: { ...cleanEnvironment(), PIP_NO_INDEX: '1', ZIPYARD_CACHE_DIR: temporaryFolder('cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exited
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  const seenFolder = `/proc/${child.pid}/root${folder}`
  const file = readFileSync(join(seenFolder, 'service.json'), 'utf8')
  const { accessKeyId, secretAccessKey } = JSON.parse(file) as { accessKeyId: string; secretAccessKey: string }
  return {
    endpoint: { url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } },
    seenFolder,
    stderr: () => stderr,
  }
}
