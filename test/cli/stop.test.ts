import { expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { startService } from '../kit/zipyard.ts'

test('a service that is stopped while it still makes a new function ready ends by itself', async () => {
  const service = await startService()
  const client = new LambdaClient(serviceTarget(readServiceFile(service.dataFolder)))
  await client.create({
    FunctionName: 'hello',
    Runtime: 'python3.11',
    Handler: 'app.main',
    Role: 'arn:aws:iam::123456789012:role/r',
    Code: { ZipFile: archive({ 'app.py': 'def main(event, context):\n    return 1\n' }).toString('base64') },
  })
  await client.waitUntilReady('hello')
  await service.stop()
  expect(service.process.exitCode).toBe(0)
})
