/** What an environment hears of the processes that run in it one after the other; the sandbox is a stand-in that decides what is said first. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { ExitStatus, Sandbox, SandboxProcess, SandboxSpec } from '../sandbox/sandbox.ts'
import { Guest } from './guest.ts'

test('a process that asks for its event before the sandbox says that it has started is heard, also after one that was killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zy-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  let waiting = 0
  const exits: ExitStatus[] = []
  const guest = new Guest(
    'e'.repeat(32),
    'stream',
    {
      version: version as RunnableVersion,
      plan: { interpreter, argv: [], binds: [], allowZygote: false, needsTcp: false, extensions: [], sources: [], runsOnForeignArchitecture: false, folders: [] }, // prettier-ignore
      initializationType: 'on-demand',
      sandbox: hastySandbox(() => guest.isListening),
      clock: systemClock,
      runFolder: folder,
      network: 'host',
      credentials: () => undefined,
      compiled: () => [],
    },
    {
      logged: () => undefined,
      room: () => undefined,
      waiting: () => void (waiting += 1),
      responded: () => undefined,
      responseTooLarge: () => undefined,
      initFailed: () => undefined,
      extensionFailed: () => undefined,
      waitsForSdk: () => undefined,
      exited: (status) => void exits.push(status),
    },
  )
  onTestFinished(() => guest.end(0))
  await guest.launch()
  expect(waiting).toBe(1)
  guest.kill()
  expect(guest.isListening).toBe(false)
  await expect.poll(() => exits.length).toBe(1)
  await guest.launch()
  expect(waiting).toBe(2)
})

const interpreter = { executable: '/bin/sh', prefix: '/usr', version: '' }

const version: Partial<RunnableVersion> = {
  functionName: 'f',
  version: '$LATEST',
  region: 'us-east-1',
  handler: 'app.handler',
  runtime: 'python3.11',
  environment: {},
  logging: { group: '/aws/lambda/f', format: 'Text' } as RunnableVersion['logging'],
  ephemeralStorageMiB: 512,
  memoryMiB: 128,
}

/** A sandbox whose processes ask for an event at once; it says that they have started when `isHeard`, or after two seconds. */
function hastySandbox(isHeard: () => boolean): Sandbox {
  const partly: Partial<Sandbox> = {
    tier: 'process',
    async launch(spec) {
      const process = hastyProcess(spec)
      for (let tries = 0; tries < 200 && !isHeard(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
      return process
    },
    release: () => Promise.resolve(),
  }
  return partly as Sandbox
}

function hastyProcess({ id, apiSocket }: SandboxSpec): SandboxProcess {
  const socket: Socket = connect(apiSocket)
  socket.on('error', () => undefined)
  socket.write('GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n')
  let end!: (status: ExitStatus) => void
  const exited = new Promise<ExitStatus>((resolve) => {
    end = resolve
  })
  const kill = (): void => {
    socket.destroy()
    end({ signal: 'SIGKILL', outOfMemory: false })
  }
  return {
    id,
    tier: 'process',
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    telemetry: Readable.from([]),
    exited,
    freeze: () => undefined,
    thaw: () => undefined,
    stop: async () => kill(),
    kill,
    peakMemoryBytes: () => 0,
  }
}
