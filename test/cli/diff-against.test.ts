/** `zipyard diff --against`: a package beside the function that runs. */
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callJson } from '../../src/client/call.ts'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { cleanEnvironment, repository, runProgram, startService, temporaryFolder, zipyard } from '../kit/zipyard.ts'
import type { CommandResult, RunningService } from '../kit/zipyard.ts'

let service: RunningService
let cwd: string
const code = 'def main(event, context):\n    return 1\n'

beforeAll(async () => {
  service = await startService()
  const client = new LambdaClient(serviceTarget(readServiceFile(service.dataFolder)))
  const deployed = archive({ 'app.py': code })
  await client.create({
    FunctionName: 'hello',
    Runtime: 'python3.11',
    Handler: 'app.main',
    Role: 'arn:aws:iam::123456789012:role/r',
    Code: { ZipFile: deployed.toString('base64') },
  })
  cwd = temporaryFolder('diff')
  writeFileSync(join(cwd, 'same.zip'), deployed)
  writeFileSync(join(cwd, 'more.zip'), archive({ 'app.py': code, 'extra.py': 'x = 1\n' }))
})
afterAll(() => service?.stop())

test('a package is compared with the function of the running service: the same, and different', () => {
  const against = (file: string, name: string) =>
    zipyard(['diff', file, '--against', 'local', '--function-name', name, '--detailed-exitcode'], {
      cwd,
      env: { ZIPYARD_HOME: service.dataFolder },
    })
  expect(against('same.zip', 'hello')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('identical') as string }) // prettier-ignore
  expect(against('more.zip', 'hello')).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('+ extra.py  +6 B') as string }) // prettier-ignore
  expect(against('same.zip', 'nobody')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nobody') as string }) // prettier-ignore
})

describe('with a profile, the service playing AWS', () => {
  /** A home folder with AWS's shared files, and nothing that leads to the service but them. */
  function home(config: string, keys = keysOf(service)): Record<string, string> {
    const folder = temporaryFolder('home')
    mkdirSync(join(folder, '.aws'))
    writeFileSync(join(folder, '.aws/config'), config)
    writeFileSync(join(folder, '.aws/credentials'), `[prod]\naws_access_key_id = ${keys.id}\naws_secret_access_key = ${keys.secret}\n`) // prettier-ignore
    return { HOME: folder, ZIPYARD_HOME: join(folder, 'nothing') }
  }
  const keysOf = ({ environment }: RunningService) => ({
    id: environment['AWS_ACCESS_KEY_ID']!,
    secret: environment['AWS_SECRET_ACCESS_KEY']!,
  })
  const whole = () =>
    `[default]\nregion = eu-west-3\n\n[profile prod]\nregion = us-east-1\nendpoint_url = ${service.url}\n`
  const diff = (env: Record<string, string>, file: string, where = 'aws:prod', ...flags: readonly string[]) =>
    zipyard(['diff', file, '--against', where, '--function-name', 'hello', '--detailed-exitcode', ...flags], { cwd, env }) // prettier-ignore

  test('the code is fetched from its presigned address: the same, and different', () => {
    expect(diff(home(whole()), 'same.zip')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^identical, /) as string }) // prettier-ignore
    expect(diff(home(whole()), 'more.zip')).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('+ extra.py  +6 B') as string }) // prettier-ignore
  })

  test('the endpoint may stand in a section of services, and variables do not redirect a profile that is named', () => {
    const config = `[profile prod]\nregion = us-east-1\nservices = here\n\n[services here]\ns3 =\n  endpoint_url = http://127.0.0.1:9\nlambda =\n  endpoint_url = ${service.url}\n`
    const env = {
      ...home(config),
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:9',
    }
    expect(diff(env, 'same.zip')).toMatchObject({ exitCode: 0 })
  })

  test('settings that are named are compared too: from the project, from flags', () => {
    const project = temporaryFolder('diff')
    writeFileSync(join(project, 'same.zip'), archive({ 'app.py': code }))
    writeFileSync(
      join(project, 'zipyard.toml'),
      'handler = "app.other"\nruntime = "python3.11"\narch = "x86_64"\nmemory = 128\n',
    )
    const run = (...flags: readonly string[]): CommandResult =>
      zipyard(['diff', 'same.zip', '--against', 'aws:prod', '--function-name', 'hello', '--detailed-exitcode', ...flags], { cwd: project, env: home(whole()) }) // prettier-ignore
    expect(run()).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^~ Handler  "app.main" → "app.other"\nidentical, /) as string }) // prettier-ignore
    expect(run('--handler', 'app.main')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^identical, /) as string }) // prettier-ignore
    const { configuration } = JSON.parse(run('--json', '--arch', 'arm64', '--runtime', '3.13').stdout) as { configuration: { member: string }[] } // prettier-ignore
    expect(configuration.map(({ member }) => member)).toEqual(['Runtime', 'Handler', 'Architectures'])
  })

  test('a profile that is not there is told with those that are', () => {
    const { exitCode, stderr } = diff(home(whole()), 'same.zip', 'aws:stage')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 })
    expect(stderr).toContain('There is no AWS profile `stage`')
    expect(stderr).toContain('There are `default`, `prod`')
    expect(diff({ HOME: temporaryFolder('home') }, 'same.zip', 'aws:prod').stderr).toContain('aws configure')
  })

  test('a profile without a region, and one whose keys are not known there, are told as that', () => {
    const unplaced = home(`[profile prod]\nendpoint_url = ${service.url}\n`)
    expect(diff(unplaced, 'same.zip').stderr).toContain('The profile `prod` names no region')
    expect(diff(unplaced, 'same.zip', 'aws:prod', '--region', 'us-east-1').exitCode).toBe(0)
    const stranger = home(whole(), { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wrong' })
    expect(diff(stranger, 'same.zip')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('UnrecognizedClientException') as string }) // prettier-ignore
    const mistaken = home(whole(), { ...keysOf(service), secret: 'wrong' })
    expect(diff(mistaken, 'same.zip')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('InvalidSignatureException') as string }) // prettier-ignore
  })

  test('a function that is not there is told by its name', () => {
    const { exitCode, stderr } = zipyard(['diff', 'same.zip', '--against', 'aws:prod', '--function-name', 'nobody'], { cwd, env: home(whole()) }) // prettier-ignore
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/GetFunction was refused: .*nobody.*ResourceNotFoundException/)
  })

  test('an address that has run out, an address that does not answer, and an image are told as that', async () => {
    const presigned = await locationOf('hello')
    for (const [answer, said] of [
      [
        { Code: { Location: presigned.replace(/expires=\d+/, 'expires=1') } },
        'The download of the code was refused: Request has expired (`AccessDenied`, HTTP 403)',
      ],
      [{ Code: { Location: 'http://127.0.0.1:9/code' } }, '`http://127.0.0.1:9` does not answer'],
      [{ Code: { ImageUri: 'a/b:c' }, Configuration: { PackageType: 'Image' } }, 'its package type is `Image`'],
    ] as const) {
      const server = createServer((_, response) => response.end(JSON.stringify({ Configuration: {}, ...answer })))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const env = { ...cleanEnvironment(), ...home(`[profile prod]\nregion = us-east-1\nendpoint_url = ${url}\n`) }
      const args = ['diff', 'same.zip', '--against', 'aws:prod', '--function-name', 'hello']
      const result = await runProgram(process.execPath, [join(repository, 'dist/cli/main.js'), ...args], { cwd, env })
      server.close()
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(said) as string })
    }
  })

  async function locationOf(name: string): Promise<string> {
    const target = serviceTarget(readServiceFile(service.dataFolder))
    const path = `/2015-03-31/functions/${name}`
    const answer = await callJson<{ Code: { Location: string } }>(target, 'GetFunction', { service: 'lambda', method: 'GET', path }) // prettier-ignore
    return answer.Code.Location
  }
})
