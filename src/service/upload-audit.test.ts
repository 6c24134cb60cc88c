/** The service's own view of packages, over HTTP, with the real audit in its real thread. */
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { entriesOf, type Files } from '../../test/kit/check.ts'
import { elf } from '../../test/kit/elf.ts'
import { rawZip } from '../../test/kit/raw-zip.ts'
import type { CheckResult } from '../audit/check-package.ts'
import type { LogFields } from '../base/log.ts'
import { callAdmin } from '../client/admin-client.ts'
import { callJson } from '../client/call.ts'
import { serviceTarget, type Target } from '../client/target.ts'
import { startService, type Service } from './compose.ts'

const logged: { level: string; event: string; fields: LogFields }[] = []
const dataFolder = join(mkdtempSync(join(tmpdir(), 'zipyard-upload-audit-')), 'data')
const say =
  (level: string) =>
  (event: string, fields: LogFields = {}): void =>
    void logged.push({ level, event, fields })
let service: Service
let target: Target
beforeAll(async () => {
  service = await startService({
    dataFolder,
    host: '127.0.0.1',
    port: 0,
    variables: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
  })
  const { accessKeyId, secret } = service.firstKey
  target = serviceTarget({ url: service.url, region: service.region, accessKeyId, secretAccessKey: secret })
})
afterAll(() => service.stop())

const zip = (files: Files): string => rawZip(entriesOf(files)).toString('base64')
const lambda = <Result = Record<string, unknown>>(method: string, path: string, input?: object): Promise<Result> =>
  callJson<Result>(target, `${method} ${path}`, {
    service: 'lambda',
    method,
    path: `/2015-03-31${path}`,
    ...(input ? { body: JSON.stringify(input) } : {}),
  })
const create = async (name: string, files: Files, runtime = 'python3.11'): Promise<void> => {
  const role = 'arn:aws:iam::123456789012:role/any'
  await lambda('POST', '/functions', { FunctionName: name, Role: role, Runtime: runtime, Handler: 'app.main', Code: { ZipFile: zip(files) } }) // prettier-ignore
  await active(name)
}
const active = (name: string): Promise<void> =>
  expect
    .poll(() => lambda('GET', `/functions/${name}/configuration`))
    .toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' })
const findings = (name: string): Promise<CheckResult> => callAdmin<CheckResult>(target, 'GET', `/findings/${name}`)
const linesOf = (name: string): typeof logged => logged.filter(({ fields, level }) => fields['function'] === name && level !== 'debug') // prettier-ignore

test('what is wrong with a package is accepted, logged once with its first error, and readable', async () => {
  const library = elf({ extension: true, needed: ['libc.so.6'], versions: { 'libc.so.6': ['GLIBC_2.28'] } })
  await create('broken', { 'app.py': 'import fast\ndef main(event, context): ...\n', 'fast.so': library })
  const { findings: found, summary } = await findings('broken')
  expect(found.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(['ZY1302'])
  expect(summary).toMatchObject({ name: 'broken', runtime: 'python3.11', handler: 'app.main', errors: 1 })
  await expect.poll(() => linesOf('broken').length).toBe(1)
  expect(linesOf('broken')[0]).toMatchObject({
    level: 'warn',
    fields: { errors: 1, code: 'ZY1302', first: expect.stringContaining('needs GLIBC_2.28') as string },
  })
})

test('findings follow the code and the configuration', async () => {
  await create('moving', { 'app.py': 'def other(event, context): ...\n' })
  expect((await findings('moving')).summary.errors).toBe(1)
  await lambda('PUT', '/functions/moving/configuration', { Handler: 'app.other' })
  await active('moving')
  expect((await findings('moving')).summary).toMatchObject({ errors: 0, handler: 'app.other' })
  await lambda('PUT', '/functions/moving/code', { ZipFile: zip({ 'lib.py': '' }) })
  await active('moving')
  expect((await findings('moving')).summary.errors).toBe(1)
})

test('equal packages are audited once, in files that tell nothing by their names', async () => {
  const files = { 'app.py': 'def main(event, context): return 1\n' }
  await create('one', files)
  await findings('one')
  const before = readdirSync(join(dataFolder, 'audit')).length
  await create('two', files)
  expect((await findings('two')).summary.name).toBe('two')
  const names = readdirSync(join(dataFolder, 'audit'))
  expect(names.length).toBe(before)
  expect(names.filter((name) => !/^[0-9a-f]{64}\.json$/.test(name))).toEqual([])
})

test('a function that is not there is told so', async () => {
  await expect(findings('nobody')).rejects.toThrow(/nobody/)
})
