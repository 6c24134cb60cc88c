import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { readTopic, replay } from './conformance.ts'
import { startRecordedService, type RecordedService } from './recorded-service.ts'

/** The topics that need no minutes; `npm run conformance` replays all. */
const topics = [
  'aliases',
  'code-signing',
  'event-invoke-config',
  'layers',
  'name-resolution',
  'permissions',
  'tags',
  'validation-errors',
  'versions',
]

const folder = mkdtempSync(join(tmpdir(), 'zipyard-recorded-'))
chmodSync(folder, 0o755)
let service: RecordedService
beforeAll(async () => {
  service = await startRecordedService(folder, silentLog)
})
afterAll(async () => {
  await service?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(topics)('as AWS answered: %s', (topic) => {
  test.each(readTopic(topic).map((recording) => [recording.id, recording] as const))('%s', async (_, recording) => {
    const outcomes = await replay(topic, recording, service)
    expect(outcomes.filter((one) => one.outcome === 'different')).toEqual([])
    expect(outcomes.length).toBe(recording.steps.length)
  })
})
