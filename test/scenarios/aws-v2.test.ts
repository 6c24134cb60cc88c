/**
 * Debian's aws CLI v2 (2.9.19). It is older than the endpoint variables (2.13), so every call names its endpoint,
 * and `zipyard doctor` warns of it: without `--endpoint-url` its calls would reach AWS.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { archive } from '../kit/archive.ts'
import {
  runProgram,
  startService,
  temporaryFolder,
  zipyard,
  type CommandResult,
  type RunningService,
} from '../kit/zipyard.ts'

const debianAws = '/usr/bin/aws'
const version = await runProgram(debianAws, ['--version'], { env: { PATH: '/usr/bin:/bin' } }).catch(() => undefined)
const isV2 = version?.stdout.startsWith('aws-cli/2.') === true
const isOld = /^aws-cli\/2\.(\d|1[0-2])\./.test(version?.stdout ?? '')
if (!isV2) process.stderr.write(`notice: ${debianAws} is not an aws CLI v2, its scenarios are skipped\n`)
else if (!isOld) process.stderr.write(`notice: ${debianAws} reads endpoint variables, doctor's scenario is skipped\n`)

let service: RunningService
let folder: string
beforeAll(async () => {
  service = await startService()
  folder = temporaryFolder('aws-v2')
})
afterAll(() => service?.stop())

function run(...args: string[]): Promise<CommandResult> {
  const env = { ...service.environment, AWS_PAGER: '', PATH: '/usr/bin:/bin' }
  return runProgram(debianAws, [...args, '--endpoint-url', service.url], { cwd: folder, env })
}

async function aws(...args: string[]): Promise<string> {
  const result = await run(...args)
  expect(`${result.stderr}exit ${result.exitCode}`).toMatch(/exit 0$/)
  return result.stdout
}

const parse = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
const on = ['--function-name', 'two'] as const

test.skipIf(!isV2)('aws v2 creates, waits, invokes, reads logs, updates, lists and deletes a function', async () => {
  writeFileSync(
    join(folder, 'one.zip'),
    archive({ 'app.py': 'def main(event, context):\n    print("seen by v2")\n    return event["n"] + 1\n' }),
  )
  writeFileSync(join(folder, 'two.zip'), archive({ 'app.py': 'def main(event, context):\n    raise KeyError("n")\n' }))
  const role = 'arn:aws:iam::123456789012:role/r'
  const code = ['--runtime', 'python3.11', '--handler', 'app.main', '--role', role, '--zip-file', 'fileb://one.zip']
  expect(parse(await aws('lambda', 'create-function', ...on, ...code))).toMatchObject({ State: 'Pending' })
  await aws('lambda', 'wait', 'function-active-v2', ...on)
  await aws('lambda', 'wait', 'function-exists', ...on)

  const raw = ['--cli-binary-format', 'raw-in-base64-out', '--payload', '{"n": 41}']
  const invoked = parse(await aws('lambda', 'invoke', ...on, ...raw, '--log-type', 'Tail', 'answer.json'))
  expect(invoked).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' })
  expect(Buffer.from(String(invoked['LogResult']), 'base64').toString()).toContain('seen by v2')
  expect(readFileSync(join(folder, 'answer.json'), 'utf8')).toBe('42')
  // v2's own default reads the payload as base64.
  const encoded = Buffer.from('{"n": 1}').toString('base64')
  await aws('lambda', 'invoke', ...on, '--payload', encoded, 'answer.json')
  expect(readFileSync(join(folder, 'answer.json'), 'utf8')).toBe('2')

  expect(await aws('logs', 'tail', '/aws/lambda/two')).toMatch(/START RequestId[^]*seen by v2[^]*END RequestId/)
  const filtered = await aws('logs', 'tail', '/aws/lambda/two', '--filter-pattern', 'seen', '--format', 'short')
  expect(filtered.trim().split('\n')).toEqual([
    expect.stringMatching(/seen by v2$/),
    expect.stringMatching(/seen by v2$/),
  ])

  const updated = parse(await aws('lambda', 'update-function-code', ...on, '--zip-file', 'fileb://two.zip'))
  expect(updated).toMatchObject({ LastUpdateStatus: 'InProgress' })
  await aws('lambda', 'wait', 'function-updated-v2', ...on)
  await aws('lambda', 'update-function-configuration', ...on, '--timeout', '9')
  await aws('lambda', 'wait', 'function-updated-v2', ...on)
  expect(parse(await aws('lambda', 'get-function-configuration', ...on))).toMatchObject({ Timeout: 9 })
  expect(parse(await aws('lambda', 'invoke', ...on, ...raw, 'answer.json'))).toMatchObject({
    FunctionError: 'Unhandled',
  })
  expect(parse(readFileSync(join(folder, 'answer.json'), 'utf8'))).toMatchObject({ errorType: 'KeyError' })

  const published = parse(await aws('lambda', 'publish-version', ...on))
  expect(published).toMatchObject({ Version: '1' })
  await aws('lambda', 'wait', 'published-version-active', ...on, '--qualifier', '1')
  expect(await aws('lambda', 'list-functions', '--query', 'Functions[].FunctionName', '--output', 'text')).toBe('two\n')
  await aws('lambda', 'delete-function', ...on)
  const gone = await run('lambda', 'get-function', ...on)
  expect(gone).toMatchObject({ exitCode: 254, stderr: expect.stringContaining('(ResourceNotFoundException)') })
})

test.skipIf(!isV2)('aws v2 makes a bucket, copies files of one and of many parts, lists and removes them', async () => {
  const large = Buffer.alloc(9 * 1024 * 1024, 'zipyard ') // two parts: v2 splits from 8 MiB on
  writeFileSync(join(folder, 'small.txt'), 'small')
  writeFileSync(join(folder, 'large.bin'), large)
  expect(await aws('s3', 'mb', 's3://box')).toBe('make_bucket: box\n')
  await aws('s3', 'cp', 'small.txt', 's3://box/a/small.txt')
  await aws('s3', 'cp', 'large.bin', 's3://box/large.bin')
  expect(await aws('s3', 'ls')).toMatch(/ box\n$/)
  expect(await aws('s3', 'ls', 's3://box', '--recursive')).toMatch(/ 5 a\/small\.txt\n.* 9437184 large\.bin\n$/)
  await aws('s3', 'cp', 's3://box/large.bin', 'back.bin')
  expect(readFileSync(join(folder, 'back.bin')).equals(large)).toBe(true)
  expect(await aws('s3', 'cp', 's3://box/a/small.txt', '-')).toBe('small')
  expect(await run('s3', 'rb', 's3://box')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('BucketNotEmpty'),
  })
  await aws('s3', 'rb', 's3://box', '--force')
  expect(await aws('s3', 'ls')).toBe('')
})

test.skipIf(!isOld)('zipyard doctor finds the old aws on PATH and says that its calls would reach AWS', () => {
  const first = join(folder, 'bin')
  mkdirSync(first)
  symlinkSync(debianAws, join(first, 'aws'))
  const env = { PATH: `${first}:${process.env['PATH']}` }
  const { exitCode, stdout } = zipyard(['doctor', '--json'], { env })
  const { findings } = JSON.parse(stdout) as { findings: readonly { topic: string }[] }
  expect(findings.filter((finding) => finding.topic === 'aws CLI')).toEqual([
    {
      status: 'problem',
      topic: 'aws CLI',
      sentence: expect.stringMatching(
        /^2\.9\.\d+ \(.*\/bin\/aws\) ignores endpoint variables: its calls would reach AWS$/,
      ),
      remedy: expect.stringContaining('--endpoint-url'),
    },
  ])
  expect(exitCode).toBe(1)
  expect(zipyard(['doctor'], { env }).stdout).toContain('its calls would reach AWS')
})
