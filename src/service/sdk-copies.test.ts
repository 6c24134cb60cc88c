/** A new service, a package index that is held back, and functions that do and do not need what is built from it: over HTTP, in the strongest sandbox here. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { rawZip } from '../../test/kit/raw-zip.ts'
import { answer, indexServer, projectPage, type IndexAnswer, type IndexServer } from '../../test/kit/index-server.ts'
import { pinnedWheels } from '../../test/kit/real-wheels.ts'
import { sha256 } from '../base/digest.ts'
import { silentLog } from '../base/log.ts'
import { callJson } from '../client/call.ts'
import { serviceTarget, type Target } from '../client/target.ts'
import { sdkPins } from '../packager/sdk-copy.ts'
import { startService } from './compose.ts'
import { SdkCopies } from './sdk-copies.ts'

const runtime = 'python3.11'
const pins = sdkPins[runtime]!.map((line) => line.split(' ')[0]!)

/** An index with the real wheels of the copy. It answers nothing until it is let. */
async function heldIndex(): Promise<{ readonly index: IndexServer; readonly release: () => void }> {
  let release!: () => void
  const moment = new Promise<void>((resolve) => (release = resolve))
  const held =
    (reply: IndexAnswer): IndexAnswer =>
    (...request) =>
      void moment.then(() => reply(...request))
  const answers: Record<string, IndexAnswer> = {}
  for (const path of pinnedWheels(pins, { runtime, architecture: 'x86_64' })) {
    const [name, bytes] = [basename(path), readFileSync(path)]
    const project = name.split('-')[0]!.replaceAll('_', '-')
    answers[`/simple/${project}/`] = held(projectPage([{ filename: name, url: `/files/${name}`, hashes: { sha256: sha256(bytes) } }])) // prettier-ignore
    answers[`/files/${name}`] = held(answer(200, bytes))
  }
  return { index: await indexServer(answers), release }
}

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'zipyard-sdk-copies-'))

/** No wheel is kept anywhere, and no other index is asked. */
const variables = (index: string): Record<string, string | undefined> => ({
  PATH: process.env['PATH'],
  HOME: emptyFolder(),
  ZIPYARD_CACHE_DIR: emptyFolder(),
  PIP_INDEX_URL: `${index}/simple`,
  PIP_RETRIES: '0',
})

async function serviceWith(index: string): Promise<Target> {
  const folder = emptyFolder()
  chmodSync(folder, 0o755)
  const service = await startService({
    dataFolder: join(folder, 'data'),
    host: '127.0.0.1',
    port: 0,
    variables: variables(index),
    log: silentLog,
  })
  onTestFinished(() => service.stop())
  const { accessKeyId, secret } = service.firstKey
  return serviceTarget({ url: service.url, region: service.region, accessKeyId, secretAccessKey: secret })
}

const call = <Result>(target: Target, method: string, path: string, input: object = {}): Promise<Result> =>
  callJson<Result>(target, `${method} ${path}`, {
    service: 'lambda',
    method,
    path: `/2015-03-31/functions${path}`,
    ...(method === 'GET' ? {} : { body: JSON.stringify(input) }),
  })

/** Creates a function and invokes it once. */
async function run(target: Target, name: string, code: string): Promise<unknown> {
  const zip = rawZip([{ name: 'app.py', bytes: code }]).toString('base64')
  await call(target, 'POST', '', { FunctionName: name, Role: 'arn:aws:iam::123456789012:role/any', Runtime: runtime, Handler: 'app.handler', Timeout: 900, Code: { ZipFile: zip } }) // prettier-ignore
  await expect.poll(() => call(target, 'GET', `/${name}/configuration`)).toMatchObject({ State: 'Active' })
  return call(target, 'POST', `/${name}/invocations`)
}

const plain = 'def handler(event, context):\n    return "plain"\n'
const withSdk = 'import boto3\ndef handler(event, context):\n    return boto3.__version__\n'

test('a new service answers functions without boto3 while the index is silent, and those with it when it has the copy', async () => {
  const { index, release } = await heldIndex()
  const target = await serviceWith(index.url)
  let hasCome = false
  const answered = run(target, 'with', withSdk).finally(() => (hasCome = true))
  expect(await run(target, 'without', plain)).toBe('plain')
  expect(hasCome).toBe(false)
  release()
  expect(`boto3==${String(await answered)}`).toBe(pins[0])
  expect(index.requests.length).toBeGreaterThan(0)
  expect(await run(target, 'later', withSdk)).toBe(await answered)
})

test('an index without it is named by the function that imports boto3; all others run', async () => {
  const { url } = await indexServer({})
  const target = await serviceWith(url)
  expect(await run(target, 'with', withSdk)).toMatchObject({
    errorType: 'Runtime.ImportModuleError',
    errorMessage: expect.stringMatching(
      /^Unable to import module 'app': No module named 'boto3': the service could not build its copy of the AWS SDK: .*http:\/\/127\.0\.0\.1:\d+/,
    ) as string,
  })
  expect(await run(target, 'without', plain)).toBe('plain')
})

test('two processes with one data folder make one copy', async () => {
  const { index, release } = await heldIndex()
  const [dataFolder, environment] = [emptyFolder(), variables(index.url)]
  const [ours, theirs] = [0, 1].map(() => new SdkCopies(dataFolder, environment, silentLog))
  // A service that was killed had the same number, as services in containers do.
  mkdirSync(join(dataFolder, 'sdk', `tmp-${runtime}-${process.pid}`), { recursive: true })
  const first = ours!.folderFor(runtime)
  await expect.poll(() => index.requests.length).toBeGreaterThan(0)
  release()
  const folder = await first
  expect(readdirSync(folder!).sort()).toEqual(expect.arrayContaining(['.zipyard-sdk', 'boto3', 'botocore', 'six.py']))
  expect(await theirs!.folderFor(runtime)).toBe(folder)
})

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
  // The folder itself is there from the start, for environments that start meanwhile.
  const [folderOfCopy, ...others] = readdirSync(sdk)
  expect(others).toEqual([`tmp-python3.13-${process.ppid}`])
  expect(readdirSync(join(sdk, folderOfCopy!))).toEqual([])
  // Asked once more, a copy that has ended builds none.
  expect(await copies.folderFor('python3.12')).toBeUndefined()
})
