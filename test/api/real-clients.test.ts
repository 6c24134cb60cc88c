import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/api/lambda/operations.ts'
import { silentLog } from '../../src/base/log.ts'
import { startService, type Service } from '../../src/service/compose.ts'
import { archiveBytes } from '../../src/zip/writer.ts'
import { cleanEnvironment, repository, runProgram } from '../kit/zipyard.ts'

const folder = mkdtempSync(join(tmpdir(), 'zipyard-clients-'))
chmodSync(folder, 0o755)
const zip = join(folder, 'package.zip')
const python = join(repository, '.venv/tools/bin/python')
let service: Service
let env: Record<string, string>

beforeAll(async () => {
  writeFileSync(zip, archiveBytes([{ path: 'app.py', bytes: 'def handler(event, context):\n    return event\n' }]))
  service = await startService({
    dataFolder: join(folder, 'data'),
    host: '127.0.0.1',
    port: 0,
    isolation: 'auto',
    variables: process.env,
    log: silentLog,
  })
  chmodSync(join(folder, 'data'), 0o755)
  env = {
    ...cleanEnvironment(),
    AWS_ENDPOINT_URL: service.url,
    AWS_ACCESS_KEY_ID: service.firstKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: service.firstKey.secret,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: join(folder, 'none'),
    NO_PROXY: '*',
  }
})
afterAll(async () => {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly command: string
  readonly code: number
  readonly expected: number
  readonly error: string
}

test('the real aws CLI runs every command of the Lambda API that Zipyard serves', async () => {
  const script = join(import.meta.dirname, 'aws_cli_commands.py')
  const { exitCode, stdout, stderr } = await runProgram(python, [script, zip, folder], { env })
  const ran = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Ran)
  expect(ran.filter((one) => one.code !== one.expected)).toEqual([])
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
  const commands = new Set(ran.map((one) => one.command))
  const served = [...operations.values()].filter((operation) => operation.support !== 'refused')
  const missing = served
    .map((operation) => operation.name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase())
    .filter((command) => !commands.has(command))
  expect(missing).toEqual([])
})

test('boto3: waiters, paginators, errors, streams and downloads', async () => {
  const script = join(import.meta.dirname, 'boto3_clients.py')
  const { exitCode, stdout, stderr } = await runProgram(python, [script, zip], { env })
  expect({ exitCode, stdout, stderr: stderr.slice(-2000) }).toMatchObject({ exitCode: 0, stdout: 'all as on AWS\n' })
})
