/** A disk that is full: what needs space is answered with an error, all else goes on, and deleting makes room again. */
import { randomBytes } from 'node:crypto'
import { statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { call, send, type Answer } from '../api/api-client.ts'
import { archive } from '../kit/archive.ts'
import { canMountSmallDisk, startOnSmallDisk } from '../kit/small-disk.ts'

const canMount = canMountSmallDisk(
  'the Lambda API on a full disk (only root may mount a small one); S3 on one is tested',
)

test.runIf(canMount)('the Lambda API on a full disk', async () => {
  const { endpoint, seenFolder } = await startOnSmallDisk('128m', 'process')
  const create = (FunctionName: string, paddingBytes: number): Promise<Answer> =>
    call(endpoint, 'CreateFunction', {
      FunctionName,
      Runtime: 'python3.11',
      Handler: 'app.main',
      Role: 'arn:aws:iam::123456789012:role/r',
      Code: {
        ZipFile: archive({
          'app.py': 'def main(event, context):\n    return event\n',
          'padding.bin': randomBytes(paddingBytes),
        }),
      },
    })
  const invoke = (FunctionName: string, Payload: string): Promise<Answer> =>
    call(endpoint, 'Invoke', { FunctionName, Payload })
  const ready = async (FunctionName: string): Promise<string> => {
    for (;;) {
      const text = (await call(endpoint, 'GetFunctionConfiguration', { FunctionName })).body.toString()
      if (!/"State":"Pending"/.test(text)) return /"State":"(\w+)"/.exec(text)?.[1] ?? text
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const fault = ({ status, headers, body }: Answer): unknown => [
    status,
    headers['x-amzn-errortype'],
    typeof (JSON.parse(body.toString()) as { Message?: string; message?: string }).Message,
  ]

  expect((await create('kept', 1000)).status).toBe(201)
  expect(await ready('kept')).toBe('Active')
  expect((await invoke('kept', '"before"')).body.toString()).toBe('"before"')

  // Larger than what is left: refused, and nothing of it stays, so what fits still goes in.
  const { bavail, bsize } = statfsSync(seenFolder)
  expect(bavail * bsize).toBeGreaterThan(30_000_000)
  writeFileSync(join(seenFolder, 'filler'), Buffer.alloc(bavail * bsize - 30_000_000, 1))
  const tooLarge = await create('too-large', 49_000_000)
  expect([...(fault(tooLarge) as unknown[]), tooLarge.body.toString()]).toEqual([
    500,
    'ServiceException',
    'string',
    expect.stringContaining('no space is left'),
  ])
  expect((await call(endpoint, 'GetFunction', { FunctionName: 'too-large' })).status).toBe(404)
  expect((await create('fits', 1_000_000)).status).toBe(201)

  // Until not even a row fits, whichever write it is that fails.
  const answers: Answer[] = []
  for (let n = 0; n < 80 && answers.filter(({ status }) => status !== 201).length < 8; n++)
    answers.push(await create(`more-${n}`, n < 30 ? 1_000_000 : 2000))
  const refused = answers.filter(({ status }) => status !== 201)
  expect(refused.length).toBeGreaterThan(0)
  for (const answer of refused) expect(fault(answer)).toEqual([500, 'ServiceException', 'string'])

  // What is there is read, listed and run.
  expect((await call(endpoint, 'GetFunction', { FunctionName: 'kept' })).status).toBe(200)
  expect((await call(endpoint, 'ListFunctions', {})).status).toBe(200)
  const ran = await invoke('kept', '"full"')
  expect([ran.status, ran.body.toString()]).toEqual([200, '"full"'])
  expect((await send(endpoint, { method: 'GET', path: '/', service: 's3' })).status).toBe(200)
  // And what makes room works: nothing half-made is listed, and all of it can be deleted.
  const made = answers.flatMap(({ status }, n) => (status === 201 ? [`more-${n}`] : []))
  const listed: string[] = []
  for (let Marker: string | undefined, more = true; more;) {
    const page = JSON.parse(
      (await call(endpoint, 'ListFunctions', Marker === undefined ? {} : { Marker })).body.toString(),
    ) as {
      Functions: { FunctionName: string }[]
      NextMarker?: string
    }
    listed.push(...page.Functions.map((one) => one.FunctionName))
    Marker = page.NextMarker
    more = Marker !== undefined
  }
  expect(listed.toSorted()).toEqual(['fits', 'kept', ...made].toSorted())
  for (const FunctionName of ['fits', ...made])
    expect([FunctionName, (await call(endpoint, 'DeleteFunction', { FunctionName })).status]).toEqual([
      FunctionName,
      204,
    ])
  expect((await invoke('kept', '"after"')).body.toString()).toBe('"after"')
})
