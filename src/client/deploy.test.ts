import { truncateSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { zippedSizeLimit } from '../lambda/quotas.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { deploy } from './deploy.ts'
import { serviceTarget } from './target.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** An endpoint where an account deploys for the first time; `bucketStatus` is what S3 says of its own bucket. */
async function endpoint(bucketStatus: number): Promise<{ url: string; calls: string[] }> {
  const calls: string[] = []
  const answer = (request: IncomingMessage): [number, string] => {
    const owner = request.headers['x-amz-expected-bucket-owner']
    calls.push(`${request.method} ${request.url}${owner === undefined ? '' : ` owner ${String(owner)}`}`)
    if (request.method === 'HEAD') return [bucketStatus, '']
    if (request.url!.startsWith('/zipyard-')) return [bucketStatus, '<Message>Access Denied</Message>']
    if (request.url === '/') return [200, '<Account>123456789012</Account>']
    if (request.method === 'GET' && calls.filter((call) => call.startsWith('GET')).length === 1) return [404, '{}']
    return [200, JSON.stringify({ State: 'Active', FunctionName: 'hello' })]
  }
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      const [status, body] = answer(request)
      response.writeHead(status).end(body)
    })
  })
  await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

async function deployLarge(url: string): Promise<unknown> {
  const archive = join(temporaryFolder(), 'large.zip')
  writeFileSync(archive, '')
  truncateSync(archive, zippedSizeLimit + 1)
  const desired = { name: 'hello', codeSha256: 'AAAA', codeBytes: zippedSizeLimit + 1, runtime: 'python3.13', handler: 'app.main' } // prettier-ignore
  const target = serviceTarget({ url, region: 'us-east-1', accessKeyId: 'AKIA', secretAccessKey: 'secret' })
  return deploy(target, { archive, desired, creating: () => desired, publish: false, dryRun: false, signal: new AbortController().signal, onStep: () => undefined }) // prettier-ignore
}

test('a large package goes to a bucket only under the condition that this account owns it', async () => {
  const { url, calls } = await endpoint(200)
  await deployLarge(url)
  expect(calls.filter((call) => call.includes('/zipyard-123456789012-us-east-1'))).toEqual([
    'HEAD /zipyard-123456789012-us-east-1 owner 123456789012',
    expect.stringMatching(/^PUT \/zipyard-123456789012-us-east-1\/zipyard\/hello\/\w+\.zip owner 123456789012$/),
  ])
})

test('a bucket of that name in other hands is told, and no function is made from what lies there', async () => {
  const { url, calls } = await endpoint(403)
  await expect(deployLarge(url)).rejects.toMatchObject({ code: 'ZY0710', hint: expect.stringContaining('--s3-bucket') })
  expect(calls.some((call) => call.startsWith('POST /2015'))).toBe(false)
})
