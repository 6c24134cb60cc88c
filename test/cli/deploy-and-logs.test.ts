/** The loop of a day with the real command: deploy, publish, invoke, logs, ps. One service, because each takes seconds to start. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callJson, send } from '../../src/client/call.ts'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget, type Target } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { repository, startService, temporaryFolder, zipyard, type RunningService } from '../kit/zipyard.ts'

let service: RunningService
let target: Target
let env: Record<string, string>
const project = temporaryFolder('deploy')

beforeAll(async () => {
  service = await startService({ env: { SECRET_OF_THE_HOST: 'must not reach a function' } })
  target = serviceTarget(readServiceFile(service.dataFolder))
  env = { ZIPYARD_HOME: service.dataFolder }
  writeFileSync(
    join(project, 'zipyard.toml'),
    'name = "day"\nruntime = "python3.11"\nhandler = "app.main"\ntimeout = 20\n',
  )
  answerWith(1)
})

afterAll(() => service.stop())

/** The next answer of the function, in its code. */
function answerWith(value: number): void {
  const source = `import os\n\ndef main(event, context):\n    print("told", ${value})\n    return [${value}, "SECRET_OF_THE_HOST" in os.environ]\n`
  writeFileSync(join(project, 'app.py'), source)
}

const run = (...args: string[]) => zipyard(args, { cwd: project, env })
const json = (...args: string[]): Record<string, unknown> =>
  JSON.parse(run(...args, '--json').stdout) as Record<string, unknown>

test('--dry-run tells what would be made and makes nothing', async () => {
  expect(run('deploy', '--dry-run')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('would be created') })
  expect(await new LambdaClient(target).getConfiguration('day')).toBeUndefined()
})

test('a first deployment creates, an equal second one sends nothing, a named setting that differs is all that is sent', () => {
  expect(json('deploy')).toMatchObject({ plan: { action: 'create' }, configuration: { Timeout: 20, State: 'Active' } })
  expect(json('deploy')).toMatchObject({ plan: { action: 'unchanged' }, sentBytes: 0 })
  expect(json('deploy', '--memory', '256')).toMatchObject({
    plan: { action: 'update', code: false, configuration: [{ member: 'MemorySize', from: 128, to: 256 }] },
    sentBytes: 0,
    configuration: { MemorySize: 256, Timeout: 20 },
  })
})

test('a function sees nothing of the variables of the machine that serves it', () => {
  expect(json('invoke', 'day')).toMatchObject({ payload: [1, false] })
})

test('--alias publishes and points the alias at it; the version keeps its code when the function goes on', () => {
  expect(json('deploy', '--alias', 'live')).toMatchObject({ publishedVersion: '1' })
  answerWith(2)
  expect(json('deploy')).toMatchObject({ plan: { action: 'update', code: true, configuration: [] } })
  expect(json('invoke', 'day', '--qualifier', 'live')).toMatchObject({ payload: [1, false], executedVersion: '1' })
  expect(json('invoke', 'day')).toMatchObject({ payload: [2, false], executedVersion: '$LATEST' })
})

test('--s3-bucket takes the way through S3, and a version of that object is the code that was meant', async () => {
  const put = (path: string, body: string) => send(target, { service: 's3', method: 'PUT', path, body })
  expect((await put('/mine', '')).status).toBe(200)
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  expect((await send(target, { service: 's3', method: 'PUT', path: '/mine', query: { versioning: '' }, body: versioning })).status).toBe(200) // prettier-ignore
  answerWith(3)
  const { stderr } = run('deploy', '--s3-bucket', 'mine')
  expect(json('invoke', 'day')).toMatchObject({ payload: [3, false] })
  const key = /s3:\/\/mine\/(\S+)/.exec(stderr)![1]!
  const head = await send(target, { service: 's3', method: 'HEAD', path: `/mine/${key}` })
  expect((await put(`/mine/${key}`, 'no zip any more')).status).toBe(200)
  const S3ObjectVersion = String(head.headers['x-amz-version-id'])
  await new LambdaClient(target).updateCode('day', { S3Bucket: 'mine', S3Key: key, S3ObjectVersion })
  await new LambdaClient(target).waitUntilReady('day')
  await expect(new LambdaClient(target).updateCode('day', { S3Bucket: 'mine', S3Key: key })).rejects.toThrow('unzip')
  expect(json('invoke', 'day')).toMatchObject({ payload: [3, false] })
})

test('logs of one invocation are its lines alone, and what was before --since is left out', () => {
  const { requestId } = json('invoke', 'day') as { requestId: string }
  json('invoke', 'day')
  const messages = run('logs', 'day', '--request-id', requestId).stdout.trim().split('\n').map((line) => line.slice(25)) // prettier-ignore
  expect(messages).toEqual([
    `START RequestId: ${requestId} Version: $LATEST`,
    'told 3',
    `END RequestId: ${requestId}`,
    expect.stringMatching(/^REPORT RequestId: /),
  ])
  expect(run('logs', 'day', '--since', '2100-01-01').stdout).toBe('')
})

test('logs --follow shows what comes, until Ctrl-C', async () => {
  const follow = spawn(process.execPath, [join(repository, 'dist/cli/main.js'), 'logs', 'day', '-f', '--since', '0s'], { env: { ...process.env, ...env } }) // prettier-ignore
  let seen = ''
  const told = new Promise<void>((done) =>
    follow.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes('REPORT')) done()
    }),
  )
  const ended = new Promise<number | null>((done) => follow.once('exit', done))
  // The first look happens at an unknown moment: lines are made until some come.
  const timer = setInterval(() => void new LambdaClient(target).invoke('day', { payload: Buffer.from('{}'), type: 'RequestResponse', tail: false }), 500) // prettier-ignore
  await told
  clearInterval(timer)
  follow.kill('SIGINT')
  expect(await ended).toBe(130)
  expect(seen).toContain('told 3')
})

test('ps lists the execution environments that live', async () => {
  expect(run('ps').stdout).toMatch(/^ENVIRONMENT +FUNCTION +VERSION .*\n[0-9a-f]{12} +day +\S+ +python3\.11 +/)
  const { environments } = await callJson<{ environments: readonly { functionArn: string }[] }>(target, 'ps', {
    service: 'lambda',
    method: 'GET',
    path: '/_zipyard/environments',
  })
  expect(environments.map((one) => one.functionArn.split(':')[6])).toContain('day')
})
