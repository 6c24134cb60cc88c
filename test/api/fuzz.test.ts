import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { startService } from '../../src/service/compose.ts'
import { call } from './api-client.ts'
import { fuzzApi } from './fuzz.ts'

const requests = Number(process.env['ZIPYARD_FUZZ_REQUESTS'] ?? 400)
const seed = Number(process.env['ZIPYARD_FUZZ_SEED'] ?? 20_261_122)

test(
  'whatever is sent, no answer is a 5xx, every error is AWS-shaped and the service lives on',
  { timeout: 3_600_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zipyard-fuzz-'))
    chmodSync(folder, 0o755)
    const service = await startService({
      dataFolder: folder,
      host: '127.0.0.1',
      port: 0,
      isolation: 'auto',
      variables: process.env,
      log: silentLog,
    })
    try {
      const { accessKeyId, secret } = service.firstKey
      const endpoint = { url: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: secret } }
      const report = await fuzzApi({ endpoint, seed, requests })
      expect(report.findings).toEqual([])
      expect(Object.keys(report.statuses)).toEqual(expect.arrayContaining(['200', '400', '404']))
      expect((await call(endpoint, 'ListFunctions', {})).status).toBe(200)
    } finally {
      await service.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
