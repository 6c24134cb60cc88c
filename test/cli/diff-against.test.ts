/** `zipyard diff --against`: a package beside the function that runs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { startService, temporaryFolder, zipyard, type RunningService } from '../kit/zipyard.ts'

let service: RunningService | undefined
afterAll(() => service?.stop())

const code = 'def main(event, context):\n    return 1\n'

test('a package is compared with the function of the running service: the same, and different', async () => {
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
  const cwd = temporaryFolder('diff')
  writeFileSync(join(cwd, 'same.zip'), deployed)
  writeFileSync(join(cwd, 'more.zip'), archive({ 'app.py': code, 'extra.py': 'x = 1\n' }))
  const against = (file: string, name: string) =>
    zipyard(['diff', file, '--against', 'local', '--function-name', name, '--detailed-exitcode'], {
      cwd,
      env: { ZIPYARD_HOME: service!.dataFolder },
    })
  expect(against('same.zip', 'hello')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('identical') as string }) // prettier-ignore
  expect(against('more.zip', 'hello')).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('+ extra.py  +6 B') as string }) // prettier-ignore
  expect(against('same.zip', 'nobody')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nobody') as string }) // prettier-ignore
})
