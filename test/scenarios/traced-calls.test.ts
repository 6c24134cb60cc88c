/** What Terraform's AWS provider (5.100.0, traced) and CDK's asset publishing call, in their order, without the tools themselves. */
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { startService, type Service } from '../../src/service/compose.ts'
import { call, send, type Answer, type Endpoint } from '../api/api-client.ts'
import { archive } from '../kit/archive.ts'
import { temporaryFolder } from '../kit/zipyard.ts'

let service: Service
let endpoint: Endpoint
beforeAll(async () => {
  const dataFolder = temporaryFolder('traced')
  chmodSync(dataFolder, 0o755)
  service = await startService({ dataFolder, host: '127.0.0.1', port: 0, variables: process.env, log: silentLog })
  const { accessKeyId, secret } = service.firstKey
  endpoint = { url: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: secret } }
})
afterAll(() => service.stop())

const json = ({ body }: Answer): Record<string, unknown> =>
  JSON.parse(body.toString() || '{}') as Record<string, unknown>

async function query(
  name: 'iam' | 'sts',
  Action: string,
  members: Record<string, string> = {},
): Promise<[number, string]> {
  const Version = name === 'iam' ? '2010-05-08' : '2011-06-15'
  const answer = await send(endpoint, {
    method: 'POST',
    path: '/',
    service: name,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams({ Action, Version, ...members }).toString(),
  })
  return [answer.status, answer.body.toString()]
}

test('Terraform: a stack is created, refreshed without a difference, updated and destroyed, call by call', async () => {
  const FunctionName = 'tf'
  const role = { RoleName: 'tf-role' }
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
  })
  const lambda = async (
    operation: string,
    input: Record<string, unknown>,
  ): Promise<[number, Record<string, unknown>]> => {
    const answer = await call(endpoint, operation, input)
    return [answer.status, json(answer)]
  }
  const untilActive = async (): Promise<void> => {
    for (;;) {
      const [status, { Configuration }] = await lambda('GetFunction', { FunctionName })
      expect(status).toBe(200)
      const { State, LastUpdateStatus } = Configuration as Record<string, string>
      // The version that was published with it becomes active by itself.
      const [, { Versions }] = await lambda('ListVersionsByFunction', { FunctionName, MaxItems: 10_000 })
      const isPending = (Versions as { State: string }[]).some((version) => version.State === 'Pending')
      if (State === 'Active' && LastUpdateStatus === 'Successful' && !isPending) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  expect(await query('sts', 'GetCallerIdentity')).toEqual([200, expect.stringContaining('<Account>123456789012<')])
  expect((await query('iam', 'CreateRole', { ...role, AssumeRolePolicyDocument: trust }))[0]).toBe(200)
  for (const action of ['GetRole', 'GetRole', 'ListRolePolicies', 'ListAttachedRolePolicies'])
    expect([action, (await query('iam', action, role))[0]]).toEqual([action, 200])

  const ZipFile = archive({ 'app.py': 'def main(event, context):\n    return event\n' })
  const Role = 'arn:aws:iam::123456789012:role/tf-role'
  const created = await lambda('CreateFunction', {
    FunctionName,
    Role,
    Runtime: 'python3.11',
    Handler: 'app.main',
    Code: { ZipFile },
    Publish: true,
  })
  expect([created[0], created[1]['Version']]).toEqual([201, '1'])
  await untilActive()
  /** Three calls per function, each of which must be there: a refresh fails as a whole. */
  const refresh = async (): Promise<string> => {
    const [got, versions, signing] = [
      await lambda('GetFunction', { FunctionName }),
      await lambda('ListVersionsByFunction', { FunctionName, MaxItems: 10_000 }),
      await lambda('GetFunctionCodeSigningConfig', { FunctionName }),
    ]
    expect([got[0], versions[0], signing]).toEqual([200, 200, [200, {}]])
    // The link to the package is another one each time, and none of Terraform's attributes.
    return JSON.stringify([got[1]['Configuration'], versions[1], signing[1]])
  }
  expect(await refresh()).toBe(await refresh())

  const alias = { FunctionName, Name: 'live' }
  expect((await lambda('CreateAlias', { ...alias, FunctionVersion: '1' }))[0]).toBe(201)
  expect((await lambda('GetAlias', alias))[0]).toBe(200)
  const statement = {
    FunctionName,
    StatementId: 'AllowEvents',
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
  }
  expect((await lambda('AddPermission', statement))[0]).toBe(201)
  // It waits until the statement shows.
  expect(await lambda('GetPolicy', { FunctionName })).toEqual([
    200,
    expect.objectContaining({ Policy: expect.stringContaining('"Sid":"AllowEvents"') }),
  ])
  const [urlStatus, url] = await lambda('CreateFunctionUrlConfig', { FunctionName, AuthType: 'NONE' })
  expect([urlStatus, url['FunctionUrl']]).toEqual([201, expect.stringMatching(/^http/)])
  const open = {
    FunctionName,
    StatementId: 'FunctionURLAllowPublicAccess',
    Action: 'lambda:InvokeFunctionUrl',
    Principal: '*',
    FunctionUrlAuthType: 'NONE',
  }
  expect((await lambda('AddPermission', open))[0]).toBe(201)
  expect((await lambda('GetFunctionUrlConfig', { FunctionName }))[0]).toBe(200)
  expect((await lambda('PutFunctionEventInvokeConfig', { FunctionName, MaximumRetryAttempts: 1 }))[0]).toBe(200)
  expect((await lambda('GetFunctionEventInvokeConfig', { FunctionName }))[0]).toBe(200)
  const [layerStatus, layer] = await lambda('PublishLayerVersion', { LayerName: 'tf-layer', Content: { ZipFile } })
  // The provider is written in Go and takes no text for a number.
  expect([layerStatus, layer['Version']]).toEqual([201, 1])
  expect((await lambda('GetLayerVersion', { LayerName: 'tf-layer', VersionNumber: 1 }))[0]).toBe(200)

  expect((await lambda('UpdateFunctionConfiguration', { FunctionName, Timeout: 10, Runtime: 'python3.12' }))[0]).toBe(
    200,
  )
  await untilActive()
  expect(await refresh()).toBe(await refresh())

  const steps: readonly [string, Record<string, unknown>][] = [
    ['DeleteFunctionEventInvokeConfig', { FunctionName }],
    ['RemovePermission', { FunctionName, StatementId: 'AllowEvents' }],
    ['RemovePermission', { FunctionName, StatementId: 'FunctionURLAllowPublicAccess' }],
    ['DeleteFunctionUrlConfig', { FunctionName }],
    ['DeleteAlias', alias],
    ['DeleteFunction', { FunctionName }],
    ['DeleteLayerVersion', { LayerName: 'tf-layer', VersionNumber: 1 }],
  ]
  for (const [operation, input] of steps)
    expect([operation, await lambda(operation, input)]).toEqual([operation, [204, {}]])
  expect((await lambda('GetFunction', { FunctionName }))[0]).toBe(404)
  expect((await query('iam', 'ListInstanceProfilesForRole', role))[0]).toBe(200)
  expect((await query('iam', 'DeleteRole', role))[0]).toBe(200)
  expect(await query('iam', 'GetRole', role)).toEqual([404, expect.stringContaining('<Code>NoSuchEntity</Code>')])
})

test("CDK's asset publishing: it looks whose the bucket is, how it encrypts and whether the asset is there, and puts it once", async () => {
  const s3 = new S3Client({
    endpoint: service.url,
    region: 'us-east-1',
    credentials: endpoint.credentials,
    forcePathStyle: true,
  })
  const Bucket = 'cdk-hnb659fds-assets-123456789012-us-east-1'
  expect((await send(endpoint, { method: 'PUT', path: `/${Bucket}`, service: 's3' })).status).toBe(200)
  // As `cdk bootstrap` makes it.
  const rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }]
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: rules } }))
  const Body = archive({ 'app.py': 'def main(event, context):\n    return 1\n' })
  const Key = `${createHash('sha256').update(Body).digest('hex')}.zip`
  const ExpectedBucketOwner = '123456789012'
  const publish = async (): Promise<'was there' | 'put'> => {
    await s3.send(new GetBucketLocationCommand({ Bucket, ExpectedBucketOwner }))
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1, ExpectedBucketOwner }))
    if (listed.Contents?.some((object) => object.Key === Key)) return 'was there'
    const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }))
    const rule = ServerSideEncryptionConfiguration!.Rules![0]!.ApplyServerSideEncryptionByDefault!
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body,
        ContentType: 'application/zip',
        ChecksumAlgorithm: 'SHA256',
        ServerSideEncryption: rule.SSEAlgorithm,
        ExpectedBucketOwner,
      }),
    )
    return 'put'
  }
  expect([await publish(), await publish()]).toEqual(['put', 'was there'])
  const foreign = s3.send(new GetBucketLocationCommand({ Bucket, ExpectedBucketOwner: '210987654321' }))
  await expect(foreign).rejects.toMatchObject({ name: 'AccessDenied' })
  s3.destroy()
})
