import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLambdaApi } from '../../src/api/lambda/lambda-api.ts'
import { createApiServer, type ApiServer } from '../../src/api/http/server.ts'
import { Announcer } from '../../src/base/announcer.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { Activation } from '../../src/functions/activation.ts'
import { DeploymentPackages } from '../../src/functions/deployment-packages.ts'
import type { FunctionChanged } from '../../src/functions/function-changed.ts'
import { Functions } from '../../src/functions/functions.ts'
import { RunnableVersions } from '../../src/functions/runnable.ts'
import { judgeUpload } from '../../src/service/validate-upload.ts'
import { Blobs } from '../../src/store/blobs.ts'
import { openCatalog, type Catalog } from '../../src/store/catalog.ts'
import { archiveBytes } from '../../src/zip/writer.ts'
import { RecordingFiles } from '../kit/recording-files.ts'
import { recordingSqlite } from '../kit/recording-sqlite.ts'
import { call, type Endpoint } from './api-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'zipyard-durable-'))
const files = new RecordingFiles()
let catalog: Catalog
let activation: Activation
let server: ApiServer
let endpoint: Endpoint

beforeAll(async () => {
  const open = recordingSqlite((database) => {
    const named = 'select code_digest as digest from function_version union select code_digest from layer_version'
    try {
      files.noteCommit(
        database
          .prepare(named)
          .all([])
          .map((row) => String(row['digest'])),
      )
    } catch {
      // The tables are still being made.
    }
  })
  const clock = systemClock
  catalog = await openCatalog({ folder, clock, open })
  const blobs = await Blobs.open({ folder, clock, files })
  const changes = new Announcer<FunctionChanged>(() => undefined)
  activation = new Activation({
    catalog,
    clock,
    log: silentLog,
    changes,
    prepareCode: async () => undefined,
    delayMs: 1,
  })
  const lambda = createLambdaApi({
    catalog,
    clock,
    changes,
    functions: new Functions({ catalog, clock, changes, activation }),
    packages: new DeploymentPackages({ blobs, validateUpload: async (path) => judgeUpload(path), fetchObject: unused }),
    runnable: new RunnableVersions(catalog, changes),
    invoker: { invoke: unused, enqueue: unused },
    runtimePolicy: 'lenient',
    downloadUrl: () => 'http://127.0.0.1/',
    isGranted: async () => false,
  })
  const arn = 'arn:aws:iam::123456789012:user/zipyard'
  server = createApiServer({
    services: [lambda],
    keyRing: { find: () => ({ secret: 'secret', accountId: '123456789012', arn, kind: 'user' }) },
    allowUnsigned: false,
    hostNames: [],
    log: silentLog,
    clock,
    adminRoutes: [],
  })
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 })
  endpoint = { url, region: 'us-east-1', credentials: { accessKeyId: 'KEY', secretAccessKey: 'secret' } }
})
afterAll(async () => {
  await server.close(0)
  await activation.stop()
  await catalog.close()
  rmSync(folder, { recursive: true, force: true })
})

function unused(): never {
  throw new Error('nothing is invoked here')
}

/** Where in the steps of the files and of the catalog these things happened. */
function orderOf(digest: string, until: number) {
  const steps = files.steps.slice(0, until)
  const rename = steps.findIndex((step) => step.kind === 'rename' && step.to.endsWith(digest))
  const renamed = steps[rename]
  if (renamed?.kind !== 'rename') throw new Error('the package was never renamed to its place')
  const created = steps.find((step) => step.kind === 'create' && step.path === renamed.from)
  const file = created?.kind === 'create' ? created.file : -1
  return {
    write: steps.findLastIndex((step) => step.kind === 'write' && step.file === file),
    sync: steps.findIndex((step) => step.kind === 'sync' && step.file === file),
    rename,
    syncFolder: steps.findIndex(
      (step, index) => index > rename && step.kind === 'sync folder' && step.path === dirname(renamed.to),
    ),
    commit: steps.findIndex((step) => step.kind === 'commit' && step.digests.includes(digest)),
    answer: until,
  }
}

const zip = (text: string): Buffer => archiveBytes([{ path: 'app.py', bytes: text }])
const made = { Runtime: 'python3.13', Handler: 'app.handler', Role: 'arn:aws:iam::123456789012:role/any' }

test.each([
  ['CreateFunction', (ZipFile: Buffer) => ({ FunctionName: 'durable', ...made, Code: { ZipFile } })],
  ['UpdateFunctionCode', (ZipFile: Buffer) => ({ FunctionName: 'durable', ZipFile })],
  ['PublishLayerVersion', (ZipFile: Buffer) => ({ LayerName: 'durable', Content: { ZipFile } })],
])(
  '%s answers after write, sync of the file, rename, sync of its folder, commit, in this order',
  async (operation, inputOf) => {
    await activation.idle()
    const bytes = zip(`# ${operation}\n`)
    const answer = await call(endpoint, operation, inputOf(bytes))
    const order = orderOf(createHash('sha256').update(bytes).digest('hex'), files.steps.length)
    expect(answer.status).toBeLessThan(300)
    const places = Object.values(order)
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places.every((place) => place >= 0)).toBe(true)
  },
)

function countCommits(): number {
  return files.steps.filter((step) => step.kind === 'commit').length
}

test('what is refused commits nothing and names no package', async () => {
  await activation.idle()
  const before = countCommits()
  for (const change of [
    { Code: { ZipFile: Buffer.from('no zip') } },
    { Timeout: 9999 },
    { Runtime: 'python9.9' },
    { Layers: ['arn:aws:lambda:us-east-1:123456789012:layer:none:1'] },
  ]) {
    const answer = await call(endpoint, 'CreateFunction', {
      FunctionName: 'refused',
      ...made,
      Code: { ZipFile: zip('x = 1\n') },
      ...change,
    })
    expect(answer.status).toBe(400)
  }
  expect(countCommits()).toBe(before)
})
