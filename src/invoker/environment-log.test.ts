import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { EnvironmentLog } from './environment-log.ts'
import type { InitializationType } from './guest-environment.ts'
import type { InvocationReport } from './report-line.ts'

const requestId = '00000000-0000-4000-8000-000000000001'

/** What the log of an invocation that ended so says at a system log level, in short. */
function logOf(
  format: 'Text' | 'JSON',
  systemLevel: string,
  status: InvocationReport['status'],
  initializationType: InitializationType = 'on-demand',
): string[] {
  const said: string[] = []
  const log = new EnvironmentLog({
    version: { version: '1', logging: { format, systemLevel, group: 'g' } } as RunnableVersion,
    initializationType,
    stream: 's',
    clock: new ManualClock(),
    destination: { append: (_, events) => void said.push(...events.map(({ message }) => message)) },
  })
  const errorType = status === 'timeout' ? 'Sandbox.Timedout' : undefined
  log.initStart('python3.13', 'us-east-1')
  log.extensionReady({ name: 'watcher', events: ['INVOKE', 'SHUTDOWN'] })
  log.initReport({ durationMs: 1, phase: 'init', status: 'success' })
  log.start(requestId, 0)
  log.write({ timestamp: 0, message: 'said by the function\n' })
  if (status === 'timeout') log.fault('Task timed out')
  log.finish({ requestId, version: '1', durationMs: 1, memoryMiB: 128, maxMemoryBytes: 1, status, errorType })
  log.deliver()
  return said.map((line) => {
    if (format === 'Text' || !line.startsWith('{')) return line.split(/[ \t]/)[0]!.trim()
    const { type, record } = JSON.parse(line) as {
      type: string
      record: { status?: string; initializationType?: string }
    }
    expect(record.initializationType ?? initializationType).toBe(initializationType)
    return [type.replace('platform.', ''), ...(record.status ? [record.status] : [])].join(' ')
  })
}

test.each([
  ['DEBUG', 'success', ['initStart', 'extension', 'initRuntimeDone success', 'initReport success', 'start', 'said', 'runtimeDone success', 'report success']], // prettier-ignore
  ['INFO', 'success', ['initStart', 'extension', 'start', 'said', 'report success']],
  ['WARN', 'success', ['said']],
  ['INFO', 'failure', ['initStart', 'extension', 'start', 'said', 'runtimeDone failure', 'report failure']],
  ['WARN', 'failure', ['said', 'runtimeDone failure', 'report failure']],
  ['WARN', 'timeout', ['said', 'fault', 'runtimeDone timeout', 'report timeout']],
] as const)('in JSON, system log level %s of an invocation that ends in %s lets %j through', (level, status, lines) => {
  expect(logOf('JSON', level, status)).toEqual(lines)
})

test('what is initialised ahead of invocations says so, and that it succeeded', () => {
  expect(logOf('JSON', 'INFO', 'success', 'provisioned-concurrency').slice(0, 3)).toEqual([
    'initStart',
    'extension',
    'initReport success',
  ])
})

test('text has no levels: all is said', () => {
  expect(logOf('Text', 'WARN', 'success')).toEqual(['INIT_START', 'EXTENSION', 'START', 'said', 'END', 'REPORT'])
})
