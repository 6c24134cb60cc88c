import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { callAdmin } from '../../src/client/admin-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { answer, indexServer } from '../kit/index-server.ts'
import { pylockOf, wheel } from '../kit/wheel.ts'
import { startService, temporaryFolder, type RunningService } from '../kit/zipyard.ts'

let service: RunningService | undefined
afterAll(() => service?.stop())

/** Resolves once `look` gives a value; looks every 50 ms. */
async function eventually<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await look().catch(() => undefined)
    if (value !== undefined) return value
    await new Promise((done) => setTimeout(done, 50))
  }
}

test('a saved file is what the next invocation runs; a broken one keeps the code that is deployed', async () => {
  const project = join(temporaryFolder('watch'), 'greeter')
  mkdirSync(project)
  const save = (text: string): void =>
    writeFileSync(join(project, 'app.py'), `def main(event, context):\n    return ${text}\n`)
  save('"one"')
  writeFileSync(join(project, 'zipyard.toml'), 'name = "greeter"\nruntime = "python3.11"\nhandler = "app.main"\n')
  writeFileSync(join(project, '.env'), 'GREETING=hello\n')
  service = await startService({ args: ['--watch', project, '--env-file', join(project, '.env')] })
  const client = new LambdaClient(serviceTarget(readServiceFile(service.dataFolder)))
  const say = async (): Promise<string> =>
    (await client.invoke('greeter', { payload: Buffer.from('{}') })).payload.toString()
  await eventually(async () => ((await say()) === '"one"' ? true : undefined))

  save('"two"')
  await eventually(async () => ((await say()) === '"two"' ? true : undefined))

  writeFileSync(join(project, 'app.py'), 'def other(event, context):\n    return 3\n')
  await eventually(async () => (/does not define `main`/.test(service!.stderr()) ? true : undefined))
  expect(await say()).toBe('"two"')

  save('__import__("os").environ["GREETING"]')
  await eventually(async () => ((await say()) === '"hello"' ? true : undefined))

  writeFileSync(join(project, '.env'), 'GREETING=good evening\n')
  await eventually(async () => ((await say()) === '"good evening"' ? true : undefined))
})

test('what runs when a file is saved ends on the old code, and dependencies that did not change are not fetched again', async () => {
  const project = join(temporaryFolder('watch'), 'busy')
  mkdirSync(project)
  const cache = temporaryFolder('watch-cache')
  const made = wheel(cache, { name: 'lib', files: { 'lib.py': 'name = "lib"\n' } })
  const index = await indexServer({ [`/${made.filename}`]: answer(200, readFileSync(made.path)) })
  const locked = pylockOf([made]).replace(/path = "[^"]*\/([^"/]+)"/g, `url = "${index.url}/$1"`)
  writeFileSync(join(project, 'pylock.toml'), locked)
  writeFileSync(
    join(project, 'zipyard.toml'),
    'name = "busy"\nruntime = "python3.11"\nhandler = "app.main"\ntimeout = 60\nmemory = 256\n',
  )
  const save = (text: string): void =>
    writeFileSync(
      join(project, 'app.py'),
      `import lib, time\ndef main(event, context):\n    time.sleep(event)\n    return [lib.name, "${text}"]\n`,
    )
  save('old')
  const busy = await startService({ args: ['--watch', project], env: { ZIPYARD_CACHE_DIR: cache } })
  onTestFinished(() => busy.stop())
  const client = new LambdaClient(serviceTarget(readServiceFile(busy.dataFolder)))
  const invoke = async (seconds: number): Promise<unknown> =>
    JSON.parse((await client.invoke('busy', { payload: Buffer.from(String(seconds)) })).payload.toString())
  await eventually(async () => (/watching/.test(busy.stderr()) ? true : undefined))
  expect(await invoke(0)).toEqual(['lib', 'old'])
  const running = invoke(3)
  // It must have begun: what comes after the save waits for the new code.
  await eventually(async () => {
    const target = serviceTarget(readServiceFile(busy.dataFolder))
    const { environments } = await callAdmin<{ environments: { invocations: number }[] }>(
      target,
      'GET',
      '/environments',
    )
    return environments.reduce((sum, { invocations }) => sum + invocations, 0) === 2 || undefined
  })
  save('new')
  await eventually(async () => ((await invoke(0)) as string[])[1] === 'new' || undefined)
  expect(await running).toEqual(['lib', 'old'])
  expect(await client.getConfiguration('busy')).toMatchObject({ Timeout: 60, MemorySize: 256 })
  expect(index.requests).toEqual([`GET /${made.filename}`])
})

test('a file of variables that nothing would read is said to be one', async () => {
  const file = join(temporaryFolder('watch'), '.env')
  writeFileSync(file, 'GREETING=hello\n')
  const plain = await startService({ args: ['--env-file', file] })
  onTestFinished(() => plain.stop())
  await eventually(async () => (/`--env-file` is for the functions that `--watch` deploys/.test(plain.stderr()) ? true : undefined)) // prettier-ignore
})
