/** Nothing answered is ever lost: the service is killed at random moments under deploys, and what it had answered is there afterwards. */
import { createHash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { startService, temporaryFolder, type RunningService } from '../kit/zipyard.ts'

const rounds = Number(process.env['ZIPYARD_KILL_ROUNDS'] ?? 5)
let service: RunningService | undefined
afterAll(() => service?.stop())

test(`a deploy that was answered survives kill -9 (${rounds} rounds)`, async () => {
  const dataFolder = `${temporaryFolder('kill')}/data`
  const answered = new Map<string, string>()
  let sequence = 0
  for (let round = 0; round < rounds; round++) {
    service = await startService({ dataFolder })
    const client = new LambdaClient(serviceTarget(readServiceFile(dataFolder)))
    for (const [name, hash] of answered)
      expect([name, (await client.getConfiguration(name))?.CodeSha256]).toEqual([name, hash])
    const killed = new Promise<void>((done) => setTimeout(() => done(service!.kill()), 100 + Math.random() * 900))
    const life = { over: false }
    void killed.then(() => (life.over = true))
    while (!life.over) {
      const name = `f${sequence % 7}`
      const code = archive({
        'app.py': `def main(event, context):\n    return ${sequence}\n`,
        'padding.bin': Buffer.alloc(50_000, sequence),
      })
      sequence += 1
      const hash = createHash('sha256').update(code).digest('base64')
      try {
        if (answered.has(name) || (await client.getConfiguration(name))) {
          await client.waitUntilReady(name)
          await client.updateCode(name, { ZipFile: code.toString('base64') })
        } else
          await client.create({
            FunctionName: name,
            Runtime: 'python3.11',
            Handler: 'app.main',
            Role: 'arn:aws:iam::123456789012:role/r',
            Code: { ZipFile: code.toString('base64') },
          })
        answered.set(name, hash)
      } catch (error) {
        // Cut off in the middle: either state may be found, so what this name holds is asked anew after the restart.
        if (!(await isDown(client))) throw error
        answered.delete(name)
        break
      }
    }
    await killed
  }
  expect(answered.size).toBeGreaterThan(0)
  service = await startService({ dataFolder })
  const client = new LambdaClient(serviceTarget(readServiceFile(dataFolder)))
  for (const [name, hash] of answered) {
    const configuration = await client.waitUntilReady(name)
    expect([name, configuration.CodeSha256, configuration.State]).toEqual([name, hash, 'Active'])
    expect((await client.invoke(name, { payload: Buffer.from('{}') })).functionError).toBeUndefined()
  }
})

async function isDown(client: LambdaClient): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await client.getConfiguration('f0')
      await new Promise((done) => setTimeout(done, 50))
    } catch {
      return true
    }
  }
  return false
}
