/**
 * The real SAM CLI against the real service: `sam package`, `sam remote invoke`, `sam logs`. `sam deploy` needs CloudFormation, which is not served.
 *
 * SAM CLI has requirements that clash with those of other tools, so it stands in a folder of its own: `.peers/sam` (where `npm run bench
 * build-vs-sam` puts it), or on PATH. `ZIPYARD_TEST_SAM=1` installs it when it is neither.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { archive } from '../kit/archive.ts'
import {
  repository,
  runProgram,
  startService,
  temporaryFolder,
  type CommandResult,
  type RunningService,
} from '../kit/zipyard.ts'

const home = join(repository, '.peers/sam')
let service: RunningService
let sam: string | undefined
const folder = temporaryFolder('sam')

beforeAll(async () => {
  sam = await findSam()
  if (sam === undefined)
    process.stderr.write('not tested here: SAM CLI (ZIPYARD_TEST_SAM=1 installs it from the package index, 300 MB)\n')
  else service = await startService()
})
afterAll(() => service?.stop())

async function findSam(): Promise<string | undefined> {
  const env = process.env as Record<string, string>
  for (const program of [join(home, 'bin/sam'), 'sam']) {
    const found = await runProgram(program, ['--version'], { env }).catch(() => undefined)
    if (found?.exitCode === 0) return program
  }
  if (process.env['ZIPYARD_TEST_SAM'] === undefined) return undefined
  if (!existsSync(home)) await runProgram('python3', ['-m', 'venv', home], { env })
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'aws-sam-cli']
  const installed = await runProgram(join(home, 'bin/python'), pip, { env })
  if (installed.exitCode !== 0) throw new Error(`SAM CLI cannot be installed: ${installed.stderr}`)
  return join(home, 'bin/sam')
}

function run(...args: string[]): Promise<CommandResult> {
  return runProgram(sam!, args, { cwd: folder, env: { ...service.environment, SAM_CLI_TELEMETRY: '0' } })
}

test('`sam package` uploads once, and knows the second time', async (context) => {
  if (sam === undefined) return context.skip()
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'src/app.py'), 'def handler(event, context):\n    return 1\n')
  writeFileSync(
    join(folder, 'template.yaml'),
    `Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: src/, Handler: app.handler, Runtime: python3.13 }
`,
  )
  const made = await runProgram('aws', ['s3', 'mb', 's3://artifacts'], { env: service.environment })
  expect([made.exitCode, made.stderr]).toEqual([0, ''])
  const first = await run('package', '--s3-bucket', 'artifacts')
  expect(first.stdout + first.stderr).toContain('CodeUri: s3://artifacts/')
  const second = await run('package', '--s3-bucket', 'artifacts')
  expect(second.stdout + second.stderr).toContain('File with same data already exists')
})

test('`sam remote invoke` gives the answer and the log of a function, and `sam logs` reads and filters what it printed', async (context) => {
  if (sam === undefined) return context.skip()
  writeFileSync(
    join(folder, 'function.zip'),
    archive({
      'app.py': 'def handler(event, context):\n    print("hello from", event["name"])\n    return {"got": event}\n',
    }),
  )
  const role = 'arn:aws:iam::123456789012:role/any'
  const create = ['lambda', 'create-function', '--function-name', 'hello', '--runtime', 'python3.11', '--role', role]
  const aws = (...args: string[]): Promise<CommandResult> =>
    runProgram('aws', args, { cwd: folder, env: service.environment })
  expect((await aws(...create, '--handler', 'app.handler', '--zip-file', 'fileb://function.zip')).exitCode).toBe(0)
  expect((await aws('lambda', 'wait', 'function-active-v2', '--function-name', 'hello')).exitCode).toBe(0)

  const arn = 'arn:aws:lambda:us-east-1:123456789012:function:hello'
  const invoked = await run('remote', 'invoke', arn, '--event', '{"name": "sam"}')
  expect([invoked.exitCode, invoked.stdout]).toEqual([0, expect.stringContaining('{"got": {"name": "sam"}}')])
  expect(invoked.stderr).toContain('hello from sam')

  // Events are readable a moment after the answer.
  let all = await run('logs', '--cw-log-group', '/aws/lambda/hello')
  for (let n = 0; n < 20 && !all.stdout.includes('REPORT'); n++)
    all = await run('logs', '--cw-log-group', '/aws/lambda/hello')
  expect(all.stdout).toContain('START RequestId: ')
  const filtered = await run('logs', '--cw-log-group', '/aws/lambda/hello', '--filter', 'hello')
  expect(filtered.stdout).toContain('hello from sam')
  expect(filtered.stdout).not.toContain('START')
})
