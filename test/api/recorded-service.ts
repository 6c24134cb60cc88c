/** A whole service in this process, with a key of the account that the recordings come from. */
import { startService } from '../../src/service/compose.ts'
import type { Log } from '../../src/base/log.ts'
import { send, type Endpoint } from './api-client.ts'
import type { ConformanceOptions } from './conformance.ts'

export interface RecordedService extends ConformanceOptions {
  /** The first account's endpoint. */
  readonly first: Endpoint
  stop(): Promise<void>
}

export async function startRecordedService(dataFolder: string, log: Log): Promise<RecordedService> {
  const service = await startService({
    dataFolder,
    host: '127.0.0.1',
    port: 0,
    isolation: 'auto',
    runtimePolicy: 'aws',
    // When the last recordings were made: some of their runtimes cannot be created for ever.
    policyDay: new Date('2026-02-28'),
    // Stories look at the states in between, also on a machine that is busy with other things.
    activationDelayMs: 100,
    variables: process.env,
    log,
  })
  const { accessKeyId, secret } = service.firstKey
  const first: Endpoint = {
    url: service.url,
    region: service.region,
    credentials: { accessKeyId, secretAccessKey: secret },
  }
  const body = JSON.stringify({ name: 'recorded', accountId: '111111111111' })
  const answer = await send(first, { method: 'POST', path: '/_zipyard/keys', body })
  const key = JSON.parse(answer.body.toString()) as { accessKeyId: string; secretAccessKey: string }
  return {
    first,
    endpoint: { ...first, credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey } },
    runtimes: service.runtimes,
    stop: () => service.stop(),
  }
}
