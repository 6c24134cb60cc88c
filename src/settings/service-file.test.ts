import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readServiceFile, removeServiceFile, writeServiceFile, type ServiceFile } from './service-file.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'zipyard-service-file-'))
const service = (processId: number): ServiceFile => ({
  url: 'http://127.0.0.1:4570',
  processId,
  accessKeyId: 'AKIA',
  secretAccessKey: 'secret',
  accountId: '123456789012',
  region: 'us-east-1',
  startedAt: '2026-11-22T12:00:00.000Z',
})

test('what a service wrote is read as it was, and only its user may read the secret', () => {
  const data = folder()
  writeServiceFile(data, service(process.pid))
  expect(readServiceFile(data)).toEqual(service(process.pid))
  expect(statSync(join(data, 'service.json')).mode & 0o777).toBe(0o600)
})

test('a service that was killed is not running, nor one that has removed its file, nor one whose file is damaged', () => {
  const data = folder()
  const gone = spawnSync(process.execPath, ['-e', '0']).pid
  writeServiceFile(data, service(gone))
  const error = expect.objectContaining({ code: 'ZY0004', details: { folder: data } })
  expect(() => readServiceFile(data)).toThrow(error)
  removeServiceFile(data)
  expect(() => readServiceFile(data)).toThrow(error)
  writeFileSync(join(data, 'service.json'), '{"url":')
  expect(() => readServiceFile(data)).toThrow(error)
})
