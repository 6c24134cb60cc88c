import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { ManualClock } from '../base/clock.ts'
import { openCatalog } from '../store/catalog.ts'
import { AccessKeys } from './access-keys.ts'

const role = 'arn:aws:iam::123456789012:role/deployer'
const hourMs = 3_600_000

test('keys that STS handed out outlive a restart and end when they said; those of an environment end with the service', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const before = await openCatalog({ folder, clock })
  const keys = await AccessKeys.open(before, clock)
  const session = await keys.keep(keys.issueForRole(role, 'ci', hourMs))
  const user = await keys.keep(keys.issueForUser(keys.first, 2 * hourMs))
  const environment = keys.issueForRole(role, 'environment', hourMs)
  expect(keys.find(environment.accessKeyId)).toBeDefined()
  await before.close()

  const after = await openCatalog({ folder, clock })
  const restarted = await AccessKeys.open(after, clock)
  expect(restarted.find(session.accessKeyId)).toEqual(session)
  expect(restarted.find(environment.accessKeyId)).toBeUndefined()
  // A session of the first user is not the key that people are handed.
  expect(restarted.first).toEqual(keys.first)
  expect(restarted.list().map((key) => key.name)).toEqual(['zipyard'])
  await clock.advance(hourMs)
  expect(restarted.find(session.accessKeyId)).toBeUndefined()
  expect(restarted.find(user.accessKeyId)).toEqual(user)
  await after.close()

  const later = await openCatalog({ folder, clock })
  await AccessKeys.open(later, clock)
  const rows = await later.db.selectFrom('access_key').select('access_key_id').execute()
  expect(rows.map((row) => row.access_key_id).toSorted()).toEqual([keys.first.accessKeyId, user.accessKeyId].toSorted())
  await later.close()
})
