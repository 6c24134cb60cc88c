/** `node --import tsx service-process.ts DATA FREEZES`: a service out of its sources that freezes its environments, or with `false` does not. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '../../src/base/log.ts'
import { startService } from '../../src/service/compose.ts'

const [dataFolder = '', freezes] = process.argv.slice(2)
mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
const service = await startService({
  dataFolder,
  host: '127.0.0.1',
  port: 0,
  freezes: freezes !== 'false',
  variables: process.env,
  log: silentLog,
})
const { firstKey, region, url } = service
const { accessKeyId, secret } = firstKey
writeFileSync(join(dataFolder, 'service.json'), JSON.stringify({ accessKeyId, secretAccessKey: secret, region }))
process.once('SIGTERM', () => void service.stop().then(() => process.exit()))
console.log(JSON.stringify({ url }))
