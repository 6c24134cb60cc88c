import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
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
  const answer = async (): Promise<string> =>
    (await client.invoke('greeter', { payload: Buffer.from('{}') })).payload.toString()
  await eventually(async () => ((await answer()) === '"one"' ? true : undefined))

  save('"two"')
  await eventually(async () => ((await answer()) === '"two"' ? true : undefined))

  writeFileSync(join(project, 'app.py'), 'def other(event, context):\n    return 3\n')
  await eventually(async () => (/does not define `main`/.test(service!.stderr()) ? true : undefined))
  expect(await answer()).toBe('"two"')

  save('__import__("os").environ["GREETING"]')
  await eventually(async () => ((await answer()) === '"hello"' ? true : undefined))
})
