import { request } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { systemClock } from '../base/clock.ts'
import { Extensions, type ExtensionFailure } from './extensions.ts'
import { RuntimeApi } from './runtime-api.ts'

interface Answer {
  readonly status: number | undefined
  readonly id: string
  readonly body: unknown
}

/** The Extensions API on a socket, with one program that is expected; `ask` is one request to it. */
async function setUp() {
  const failures: ExtensionFailure[] = []
  const extensions = new Extensions({
    functionName: 'fn',
    functionVersion: '$LATEST',
    handler: 'app.handler',
    accountId: '123456789012',
    expected: ['watcher'],
    clock: systemClock,
    onIdle: () => undefined,
    onFailure: (failure) => failures.push(failure),
  })
  const nothing = (): void => undefined
  const listener = {
    waiting: nothing,
    responded: nothing,
    failed: nothing,
    responseTooLarge: nothing,
    initFailed: nothing,
  }
  const socketPath = join(temporaryFolder(), 's')
  const api = await RuntimeApi.listen(socketPath, listener, extensions)
  onTestFinished(() => api.close())
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> =>
    new Promise((resolve, reject) => {
      request({ socketPath, method, path: `/2020-01-01/extension/${path}`, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            id: String(response.headers['lambda-extension-identifier']),
            body: JSON.parse(text),
          }),
        )
      })
        .on('error', reject)
        .end(body)
    })
  const register = (name: string): Promise<Answer> =>
    ask('POST', 'register', { 'Lambda-Extension-Name': name }, '{"events":["INVOKE"]}')
  return { extensions, failures, ask, register }
}

const refused = (errorType: string): object => ({ status: 403, body: { errorType } })

test('requests without an identifier, with one that is none and with one of nobody are refused by their names', async () => {
  const { ask } = await setUp()
  expect(await ask('GET', 'event/next')).toMatchObject(refused('Extension.MissingExtensionIdentifier'))
  const asked = [
    ['nonsense', 'Extension.InvalidExtensionIdentifier'],
    ['00000000-0000-4000-8000-000000000000', 'Extension.UnknownExtensionIdentifier'],
  ] as const
  for (const [id, type] of asked)
    expect(await ask('GET', 'event/next', { 'Lambda-Extension-Identifier': id })).toMatchObject(refused(type))
})

test('a name is registered once: the first registration counts', async () => {
  const { extensions, register } = await setUp()
  const { status, id } = await register('watcher')
  expect(status).toBe(200)
  expect(await register('watcher')).toMatchObject({
    status: 403,
    body: {
      errorType: 'Extension.InvalidExtensionState',
      errorMessage: `State transition from Registered to Registered failed for extension ${id}. Error: State transition is not allowed`,
    },
  })
  expect((await register('inside')).status).toBe(200)
  expect(extensions.ready).toEqual([])
})

test.each([
  ['init', 'Extension.InitError'],
  ['exit', 'Extension.ExitError'],
])('what an extension says of itself at %s counts when it has ended, and needs a type', async (phase, errorType) => {
  const { extensions, failures, ask, register } = await setUp()
  const { id } = await register('watcher')
  const identifier = { 'Lambda-Extension-Identifier': id }
  expect(await ask('POST', `${phase}/error`, identifier)).toMatchObject(refused('Extension.MissingHeader'))
  const typed = { ...identifier, 'Lambda-Extension-Function-Error-Type': 'Extension.Mine' }
  expect(await ask('POST', `${phase}/error`, typed)).toMatchObject({ status: 202, body: { status: 'OK' } })
  expect(failures).toEqual([])
  extensions.programEnded(143)
  expect(failures).toEqual([{ errorType, how: 'signal: terminated' }])
})
