/** The runtime's copy of the AWS SDK, asked of an index on loopback that keeps it waiting. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { indexServer } from '../../test/kit/index-server.ts'
import { silentLog } from '../base/log.ts'
import { SdkCopies } from './sdk-copies.ts'

const never = (): void => {}

test('a copy that is being built ends with the service, and nothing of it is left; nor of one whose process was killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-sdk-copies-'))
  const gone = String(spawnSync('true').pid)
  const sdk = join(folder, 'data/sdk')
  mkdirSync(join(sdk, `tmp-python3.13-${gone}/boto3`), { recursive: true })
  writeFileSync(join(sdk, `tmp-python3.13-${gone}.zip`), 'half')
  mkdirSync(join(sdk, `tmp-python3.13-${process.ppid}`))
  const index = await indexServer(
    Object.fromEntries(['boto3', 'botocore', 's3transfer'].map((name) => [`/simple/${name}/`, never])),
  )
  const copies = new SdkCopies(
    join(folder, 'data'),
    {
      PATH: process.env['PATH'],
      HOME: folder,
      PIP_INDEX_URL: `${index.url}/simple`,
      ZIPYARD_CACHE_DIR: join(folder, 'cache'),
    },
    silentLog,
  )
  const asked = copies.folderFor('python3.14')
  await vi.waitFor(() => expect(index.requests.length).toBeGreaterThan(0), { timeout: 60_000 })
  expect(existsSync(join(sdk, `tmp-python3.13-${gone}`))).toBe(false)
  await copies.stop()
  expect(await asked).toBeUndefined()
  expect(readdirSync(sdk)).toEqual([`tmp-python3.13-${process.ppid}`])
  // Asked once more, a copy that has ended builds none.
  expect(await copies.folderFor('python3.12')).toBeUndefined()
})
