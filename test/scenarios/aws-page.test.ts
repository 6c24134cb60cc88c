/**
 * The AWS page "Deploy Python Lambda functions with .zip file archives", typed verbatim with the real zip, pip, venv and aws.
 *
 * Each story is a script in `aws-page/` that reads as the page does; here it is run, and what the person saw is checked.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { greeting, startTestSite, type TestSite } from '../kit/www-test-com.ts'
import { runProgram, startService, temporaryFolder, type RunningService } from '../kit/zipyard.ts'

const page = join(import.meta.dirname, 'aws-page')
const runtime = process.env['ZIPYARD_TEST_RUNTIME'] ?? 'python3.11'

/** Runs one story in a folder of its own, as a person would paste it. */
async function typeStory(
  name: string,
  service: RunningService,
  env: Record<string, string> = {},
): Promise<{ folder: string; output: string }> {
  const folder = temporaryFolder(name)
  const script = `set -eu; PAGE='${page}'; RUNTIME=${runtime}; . '${join(page, `${name}.sh`)}'`
  const result = await runProgram('sh', ['-c', script], { cwd: folder, env: { ...service.environment, ...env } })
  expect(`${result.stderr}exit ${result.exitCode}`).toMatch(/exit 0$/)
  return { folder, output: result.stdout }
}

async function aws(service: RunningService, ...args: string[]): Promise<string> {
  const result = await runProgram('aws', args, { env: service.environment })
  expect(`${result.stderr}exit ${result.exitCode}`).toMatch(/exit 0$/)
  return result.stdout
}

const json = (...path: string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>
const sha256Base64 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('base64')

describe('with a network', () => {
  let service: RunningService
  let site: TestSite
  beforeAll(async () => {
    ;[service, site] = await Promise.all([startService({ args: ['--network', 'host'] }), startTestSite()])
  })
  afterAll(async () => {
    await Promise.all([service?.stop(), site?.stop()])
  })

  test('a package without dependencies is created, invoked, and finds boto3 in the runtime', async () => {
    const { folder, output } = await typeStory('no-dependencies', service)
    const answer = json(folder, 'my-math-function/answer.json')
    expect(answer).toEqual({ square: 144, boto3: expect.stringMatching(/^1\.\d+\.\d+$/) })
    expect(output).toContain('"StatusCode": 200')
    expect(output).toContain('"LogResult"')
  })

  async function updateAndInvoke(story: string): Promise<void> {
    const { folder } = await typeStory(story, service, { CERTIFICATE: site.certificate })
    const work = join(folder, story === 'with-dependencies' ? 'my-sourcecode-function' : 'my-venv-function')
    const zip = join(work, 'my-deployment-package.zip')
    const updated = json(work, 'updated.json')
    expect(updated['CodeSha256']).toBe(sha256Base64(zip))
    expect(updated['CodeSize']).toBe(readFileSync(zip).length)
    expect(updated['RevisionId']).toMatch(/^[0-9a-f-]{36}$/)
    expect(updated['LastUpdateStatus']).toBe('InProgress')
    const variables = `Variables={HTTPS_PROXY=${site.proxy},REQUESTS_CA_BUNDLE=/var/task/ca.pem}`
    await aws(
      service,
      'lambda',
      'update-function-configuration',
      '--function-name',
      'my-function',
      '--environment',
      variables,
      '--timeout',
      '30',
    )
    await aws(service, 'lambda', 'wait', 'function-updated-v2', '--function-name', 'my-function')
    const invoked = JSON.parse(
      await aws(service, 'lambda', 'invoke', '--function-name', 'my-function', join(work, 'answer.json')),
    ) as object
    expect({ ...invoked, answer: json(work, 'answer.json') }).toEqual({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      answer: greeting,
    })
    expect(site.asked).toContain('www.test.com:443')
    await aws(service, 'lambda', 'delete-function', '--function-name', 'my-function')
  }

  test('a package with dependencies installed by pip fetches www.test.com', () => updateAndInvoke('with-dependencies'))

  test('a package made from a virtual environment fetches www.test.com', () => updateAndInvoke('virtual-environment'))

  test('a package over 50 MB is refused directly and accepted through S3', async () => {
    const { folder } = await typeStory('over-50-mb', service)
    const work = join(folder, 'my-big-function')
    expect(readFileSync(join(work, 'refusal.txt'), 'utf8')).toContain(
      'An error occurred (RequestEntityTooLargeException) when calling the UpdateFunctionCode operation',
    )
    expect(json(work, 'updated.json')['CodeSha256']).toBe(sha256Base64(join(work, 'my-deployment-package.zip')))
    expect(json(work, 'answer.json')).toBe(60_000_000)
  })
})

describe('without a network', () => {
  let service: RunningService
  beforeAll(async () => {
    service = await startService({ args: ['--network', 'none'] })
  })
  afterAll(() => service?.stop())

  test("the page's function answers with requests' ConnectionError", async () => {
    const { folder } = await typeStory('with-dependencies', service)
    await aws(service, 'lambda', 'update-function-configuration', '--function-name', 'my-function', '--timeout', '30')
    await aws(service, 'lambda', 'wait', 'function-updated-v2', '--function-name', 'my-function')
    const file = join(folder, 'answer.json')
    const invoked = JSON.parse(
      await aws(service, 'lambda', 'invoke', '--function-name', 'my-function', file),
    ) as Record<string, unknown>
    expect(invoked['FunctionError']).toBe('Unhandled')
    expect(json(file)).toMatchObject({
      errorType: 'ConnectionError',
      errorMessage: expect.stringContaining('www.test.com'),
    })
  })
})
