/** A function that writes into its log as fast as it can, in every tier, where there is little room: it cannot fill the disk. */
import { statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mebibyte } from '../../src/base/byte-size.ts'
import { call, send, type Answer, type Endpoint } from '../api/api-client.ts'
import { archive } from '../kit/archive.ts'
import { testedTiers } from '../kit/sandbox-bench.ts'
import { canMountSmallDisk, startOnSmallDisk } from '../kit/small-disk.ts'

const canMount = canMountSmallDisk(
  'a function that floods its log on a small disk (only root may mount one); what keeps it from filling one is tested',
)

const code = `
import os, sys

def flood(event, context):
    block = b''
    for n in range(event['lines']):
        block += b'%08d %s\\n' % (n, b'x' * 990)
        if len(block) > 60000:
            sys.stdout.buffer.write(block)
            block = b''
    sys.stdout.buffer.write(block)
    sys.stdout.flush()
    return n

def say(event, context):
    print('a line of', event)
`

describe.runIf(canMount).each(testedTiers)('tier %s', (tier) => {
  test('a function that floods its log leaves room for everybody else, their log and its own newest lines', async () => {
    const { endpoint, seenFolder, stderr } = await startOnSmallDisk('64m', tier)
    const create = (FunctionName: string, Handler: string): Promise<Answer> =>
      call(endpoint, 'CreateFunction', {
        FunctionName,
        Runtime: 'python3.11',
        Handler,
        Timeout: 300,
        Role: 'arn:aws:iam::123456789012:role/r',
        Code: { ZipFile: archive({ 'app.py': code }) },
      })
    const invoke = async (FunctionName: string, event: unknown): Promise<unknown> => {
      for (;;) {
        const answer = await call(endpoint, 'Invoke', { FunctionName, Payload: JSON.stringify(event) })
        if (answer.status !== 409) return [answer.status, JSON.parse(answer.body.toString())]
      }
    }
    expect((await create('flooder', 'app.flood')).status).toBe(201)
    expect((await create('quiet', 'app.say')).status).toBe(201)
    expect(await invoke('quiet', 'quiet')).toEqual([200, null])
    expect(await invoke('flooder', { lines: 1 })).toEqual([200, 0])
    const flooderGroup = { logGroupName: '/aws/lambda/flooder' }
    const ofClient = { ...flooderGroup, logStreamName: 'of a client' }
    await logs(endpoint, 'CreateLogStream', ofClient)
    await logs(endpoint, 'PutLogEvents', { ...ofClient, logEvents: [{ timestamp: Date.now(), message: 'accepted' }] })

    const free = (): number => {
      const { bavail, bsize } = statfsSync(seenFolder)
      return bavail * bsize
    }
    writeFileSync(join(seenFolder, 'filler'), Buffer.alloc(free() - 16 * mebibyte, 1))
    const lines = 14_000
    expect(await invoke('flooder', { lines })).toEqual([200, lines - 1])

    const tail = await logs(endpoint, 'FilterLogEvents', { ...flooderGroup, filterPattern: `${lines - 1}` })
    expect(tail['events']).toMatchObject([{ message: expect.stringMatching(/^00013999 x+\n$/) as string }])
    const head = await logs(endpoint, 'FilterLogEvents', { ...flooderGroup, filterPattern: '00000001' })
    expect(head['events'] ?? []).toEqual([])
    // A twentieth of the disk is everybody else's.
    expect(free()).toBeGreaterThan((64 / 20) * mebibyte)
    expect((await create('another', 'app.say')).status).toBe(201)
    expect(await invoke('another', 'another')).toEqual([200, null])
    expect((await send(endpoint, { method: 'PUT', path: '/bucket', service: 's3' })).status).toBe(200)
    const body = Buffer.alloc(mebibyte)
    expect((await send(endpoint, { method: 'PUT', path: '/bucket/key', body, service: 's3' })).status).toBe(200)

    expect(await messages(endpoint, { logGroupName: '/aws/lambda/quiet' })).toContain('a line of quiet\n')
    expect(await messages(endpoint, { logGroupName: '/aws/lambda/another' })).toContain('a line of another\n')
    expect(await messages(endpoint, { ...flooderGroup, logStreamNames: ['of a client'] })).toEqual(['accepted'])
    await expect
      .poll(stderr)
      .toMatch(
        /"oldest log events of functions forgotten","events":\d+,"group":"\/aws\/lambda\/flooder",.*"the volume of the data folder is nearly full"/,
      )
    expect(stderr()).not.toMatch(/log events (not written|dropped)/)
  })
})

async function logs(endpoint: Endpoint, action: string, input: object): Promise<Record<string, unknown>> {
  const answer = await send(endpoint, {
    method: 'POST',
    path: '/',
    service: 'logs',
    headers: { 'x-amz-target': `Logs_20140328.${action}`, 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify(input),
  })
  expect([action, answer.status]).toEqual([action, 200])
  return answer.body.length === 0 ? {} : (JSON.parse(answer.body.toString()) as Record<string, unknown>)
}

async function messages(endpoint: Endpoint, input: object): Promise<string[]> {
  const { events } = await logs(endpoint, 'FilterLogEvents', input)
  return (events as { message: string }[]).map((event) => event.message)
}
