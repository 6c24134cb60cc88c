import { expect, onTestFinished, test } from 'vitest'
import { archive } from '../../test/kit/archive.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { systemClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { createLog } from '../base/log.ts'
import { judgeUpload } from '../service/validate-upload.ts'
import { Blobs } from '../store/blobs.ts'
import { DeploymentPackages } from './deployment-packages.ts'
import { invalidParameter } from './errors.ts'

test.each([
  ['text in place of a zip', Buffer.from('this is no zip'), /because=".*zip.*"/],
  ['a path out of the folder', archive({ '../up.py': 'x' }), /because=".*`\.\.\/up\.py`.*"/],
])('%s is refused in the words of AWS, and the log says why', async (_, bytes, reason) => {
  const blobs = await Blobs.open({ folder: temporaryFolder(), clock: systemClock })
  onTestFinished(() => blobs.close())
  const lines: string[] = []
  const packages = new DeploymentPackages({
    blobs,
    validateUpload: async (path) => judgeUpload(path),
    fetchObject: () => Promise.reject(new Error('nothing is fetched here')),
    log: createLog({ level: 'info', json: false, write: (line) => lines.push(line) }),
  })
  const sent = packages.receive()
  await sent.take(bytes.toString('base64'))
  sent.end()
  const refused: unknown = await packages.upload(sent, 'my-function').catch((error: unknown) => error)
  expect(invalidParameter.is(refused) && refused.message).toBe(
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  )
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/warn {2}a package was refused name=my-function /)
  expect(lines[0]).toMatch(reason)
  expect(lines[0]).toContain(`sha256=${sha256(bytes)}`)
})
