/** A disk that is full: what needs space is answered with an error, all else goes on, and deleting makes room again. */
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { call, send, type Answer, type Endpoint } from '../api/api-client.ts'
import { archive } from '../kit/archive.ts'
import { cleanEnvironment, repository, temporaryFolder } from '../kit/zipyard.ts'

/** Starts the service with its data folder on a small file system of its own, which only its process sees. */
async function startOnSmallDisk(size: string): Promise<{ endpoint: Endpoint; seenFolder: string }> {
  const parent = temporaryFolder('disk')
  // Functions run as a user of their own, who must be able to pass.
  chmodSync(parent, 0o711)
  const folder = join(parent, 'data')
  mkdirSync(folder)
  const mount = `mount -t tmpfs -o mode=711,size=${size} tmpfs '${folder}' && exec "$@"`
  const serve = [
    join(repository, 'dist/cli/main.js'),
    'serve',
    '--port',
    '0',
    '--data',
    folder,
    '--isolation',
    'process',
  ]
  const child = spawn('unshare', ['-m', '/bin/sh', '-c', mount, 'sh', process.execPath, ...serve, '--json'], {
    // Without a package index: the copy of the AWS SDK, which the functions here do not use, would fill the disk first.
    env: { ...cleanEnvironment(), PIP_NO_INDEX: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exited
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  const seenFolder = `/proc/${child.pid}/root${folder}`
  const file = readFileSync(join(seenFolder, 'service.json'), 'utf8')
  const { accessKeyId, secretAccessKey } = JSON.parse(file) as { accessKeyId: string; secretAccessKey: string }
  return { endpoint: { url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } }, seenFolder }
}

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0
if (!canMount)
  process.stderr.write(
    'not tested here: the Lambda API on a full disk (only root may mount a small one); S3 on one is tested\n',
  )

test.runIf(canMount)('the Lambda API on a full disk', async () => {
  const { endpoint, seenFolder } = await startOnSmallDisk('128m')
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
