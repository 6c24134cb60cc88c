import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createIndexClient, type IndexClient } from './index-client.ts'
import type { IndexConfiguration } from './index-configuration.ts'

const folder = mkdtempSync(join(tmpdir(), 'zipyard-https-'))
const file = (name: string): string => join(folder, name)

beforeAll(() => {
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key.pem'), '-out', file('cert.pem')]) // prettier-ignore
  if (made.status !== 0) throw new Error(`openssl is needed: ${made.stderr}`)
})

async function httpsIndex(): Promise<string> {
  const server = createServer(
    { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) },
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><a href="a-1.0.tar.gz">a</a></html>')
    },
  )
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}/`
}

async function client(
  url: string,
  more: Partial<IndexConfiguration>,
  environment: Record<string, string> = {},
): Promise<IndexClient> {
  const made = await createIndexClient({
    configuration: {
      indexes: [{ url }],
      findLinks: [],
      noIndex: false,
      certificateFiles: [],
      trustedHosts: [],
      timeoutSeconds: 10,
      retries: 0,
      strategy: 'all',
      ...more,
    },
    environment,
  })
  onTestFinished(() => made.close())
  return made
}

test('a certificate that nobody vouches for is told, with the variable that helps', async () => {
  const failing = (await client(await httpsIndex(), {})).files('a')
  await expect(failing).rejects.toMatchObject({
    code: 'ZY0336',
    message: expect.stringContaining('its certificate is not trusted'),
    hint: expect.stringContaining('PIP_CERT'),
  })
})

test('the certificate file of pip is trusted, and NODE_EXTRA_CA_CERTS beside it', async () => {
  const url = await httpsIndex()
  expect((await (await client(url, { certificateFiles: [file('cert.pem')] })).files('a')).length).toBe(1)
  const other = '/etc/ssl/certs/ca-certificates.crt'
  expect(
    (await (await client(url, { certificateFiles: [other] }, { NODE_EXTRA_CA_CERTS: file('cert.pem') })).files('a'))
      .length,
  ).toBe(1)
})

test('a host that is trusted by name is asked without looking at its certificate', async () => {
  expect((await (await client(await httpsIndex(), { trustedHosts: ['localhost'] })).files('a')).length).toBe(1)
  await expect((await client(await httpsIndex(), { trustedHosts: ['elsewhere.example'] })).files('a')).rejects.toThrow(
    'its certificate is not trusted',
  )
})

test('a certificate file that is not there is told by name', async () => {
  await expect(
    (await client(await httpsIndex(), { certificateFiles: [file('missing.pem')] })).files('a'),
  ).rejects.toThrow(`The certificate file \`${file('missing.pem')}\` cannot be read`)
})
