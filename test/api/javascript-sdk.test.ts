/** The AWS SDK for JavaScript v3, with its own defaults but the endpoint and path-style addresses, against a running service. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  paginateListAliases,
  paginateListFunctions,
  PreconditionFailedException,
  PublishVersionCommand,
  ResourceConflictException,
  ResourceNotFoundException,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { startService, type RunningService } from '../kit/zipyard.ts'

// The SDK warns once that later versions will need Node 22; this is its own variable to say that one knows.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

let service: RunningService
let lambda: LambdaClient
let s3: S3Client
beforeAll(async () => {
  service = await startService()
  const { accessKeyId, secretAccessKey } = readServiceFile(service.dataFolder)
  const settings = { endpoint: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } }
  lambda = new LambdaClient(settings)
  s3 = new S3Client({ ...settings, forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: 'box' }))
})
afterAll(async () => {
  lambda?.destroy()
  s3?.destroy()
  await service?.stop()
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')
const echo = archive({ 'app.py': 'def main(event, context):\n    print("heard")\n    return event\n' })
const raising = archive({ 'app.py': 'def main(event, context):\n    raise ValueError("größer")\n' })

function create(name: string): CreateFunctionCommand {
  return new CreateFunctionCommand({
    FunctionName: name,
    Runtime: 'python3.11',
    Handler: 'app.main',
    Role: 'arn:aws:iam::123456789012:role/r',
    Code: { ZipFile: echo },
  })
}

const waiting = (): { client: LambdaClient; maxWaitTime: number } => ({ client: lambda, maxWaitTime: 120 })

/** What a call was refused with. */
function error(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    () => 'no error',
    (reason: unknown) => reason,
  )
}

async function get(Key: string): Promise<Uint8Array> {
  const answer = await s3.send(new GetObjectCommand({ Bucket: 'box', Key }))
  return answer.Body!.transformToByteArray()
}

describe('Lambda', () => {
  const js = { FunctionName: 'js' }

  test('create, wait, invoke with its log, update, publish', async () => {
    expect(await lambda.send(create('js'))).toMatchObject({ State: 'Pending', CodeSha256: sha256(echo) })
    expect(await waitUntilFunctionActiveV2(waiting(), js)).toMatchObject({ state: 'SUCCESS' })
    const invoked = await lambda.send(
      new InvokeCommand({ ...js, Payload: Buffer.from('{"text": "größer"}'), LogType: 'Tail' }),
    )
    expect(JSON.parse(invoked.Payload!.transformToString())).toEqual({ text: 'größer' })
    expect(invoked).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' })
    const log = Buffer.from(invoked.LogResult!, 'base64').toString()
    expect(log).toMatch(new RegExp(`^START RequestId: ${invoked.$metadata.requestId} [^]*\nheard\n[^]*\nREPORT `))
    expect(await lambda.send(new InvokeCommand({ ...js, InvocationType: 'Event' }))).toMatchObject({ StatusCode: 202 })
    expect(await lambda.send(new InvokeCommand({ ...js, InvocationType: 'DryRun' }))).toMatchObject({ StatusCode: 204 })

    expect(await lambda.send(new UpdateFunctionCodeCommand({ ...js, ZipFile: raising }))).toMatchObject({
      LastUpdateStatus: 'InProgress',
      CodeSha256: sha256(raising),
    })
    await waitUntilFunctionUpdatedV2(waiting(), js)
    const environment = { Variables: { NAME: 'ü' } }
    await lambda.send(new UpdateFunctionConfigurationCommand({ ...js, Timeout: 9, Environment: environment }))
    await waitUntilFunctionUpdatedV2(waiting(), js)
    const found = await lambda.send(new GetFunctionCommand(js))
    expect(found.Configuration).toMatchObject({ Timeout: 9, Environment: environment })
    const download = await fetch(found.Code!.Location!)
    expect(sha256(new Uint8Array(await download.arrayBuffer()))).toBe(sha256(raising))
    const failed = await lambda.send(new InvokeCommand(js))
    expect(failed.FunctionError).toBe('Unhandled')
    expect(JSON.parse(failed.Payload!.transformToString())).toMatchObject({
      errorType: 'ValueError',
      errorMessage: 'größer',
    })

    expect(await lambda.send(new PublishVersionCommand(js))).toMatchObject({ Version: '1' })
    await waitUntilPublishedVersionActive(waiting(), { ...js, Qualifier: '1' })
  })

  test('pages of functions and of aliases', async () => {
    const names = ['page-0', 'page-1', 'page-2', 'page-3', 'page-4']
    for (const name of names) await lambda.send(create(name))
    await waitUntilFunctionActiveV2(waiting(), { FunctionName: 'page-0' })
    const listed: (readonly string[])[] = []
    for await (const page of paginateListFunctions({ client: lambda, pageSize: 2 }, {}))
      listed.push(page.Functions!.map((one) => one.FunctionName!))
    expect(listed.every((page) => page.length <= 2)).toBe(true)
    expect(listed.flat().filter((name) => name.startsWith('page-'))).toEqual(names)
    await lambda.send(new PublishVersionCommand({ FunctionName: 'page-0' }))
    for (const Name of ['a', 'b', 'c'])
      await lambda.send(new CreateAliasCommand({ FunctionName: 'page-0', Name, FunctionVersion: '1' }))
    const aliases: string[] = []
    for await (const page of paginateListAliases({ client: lambda, pageSize: 2 }, { FunctionName: 'page-0' }))
      aliases.push(...page.Aliases!.map((one) => one.Name!))
    expect(aliases).toEqual(['a', 'b', 'c'])
  })

  test('errors come as the classes of the SDK, with status and request id', async () => {
    await lambda.send(create('taken'))
    const metadata = { httpStatusCode: expect.any(Number), requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) }
    const conflict = await error(lambda.send(create('taken')))
    expect(conflict).toBeInstanceOf(ResourceConflictException)
    expect(conflict).toMatchObject({
      message: 'Function already exist: taken',
      $metadata: { ...metadata, httpStatusCode: 409 },
    })
    const missing = await error(lambda.send(new GetFunctionCommand({ FunctionName: 'nobody' })))
    expect(missing).toBeInstanceOf(ResourceNotFoundException)
    expect(missing).toMatchObject({ Type: 'User', $metadata: { ...metadata, httpStatusCode: 404 } })
    const RevisionId = '00000000-0000-0000-0000-000000000000'
    await waitUntilFunctionActiveV2(waiting(), { FunctionName: 'taken' })
    const stale = new UpdateFunctionConfigurationCommand({ FunctionName: 'taken', RevisionId, Timeout: 9 })
    expect(await error(lambda.send(stale))).toBeInstanceOf(PreconditionFailedException)
    const wrongKeys = new LambdaClient({
      endpoint: service.url,
      region: 'us-east-1',
      credentials: { accessKeyId: readServiceFile(service.dataFolder).accessKeyId, secretAccessKey: 'wrong' },
    })
    expect(await error(wrongKeys.send(new GetFunctionCommand({ FunctionName: 'taken' })))).toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 403 },
    })
    wrongKeys.destroy()
  })
})

describe('S3', () => {
  const bytes = randomBytes(300_000)
  const pieces = (): Readable =>
    Readable.from([bytes.subarray(0, 7), bytes.subarray(7, 100_000), bytes.subarray(100_000)])

  test('a stream is put as aws-chunked with a trailing checksum, and what is got is what was put', async () => {
    const sent: Record<string, string>[] = []
    const put = new PutObjectCommand({ Bucket: 'box', Key: 'stream ü+', Body: pieces(), ContentLength: bytes.length })
    put.middlewareStack.add(
      (next) => (step) => {
        sent.push({ ...(step.request as { headers: Record<string, string> }).headers })
        return next(step)
      },
      { step: 'deserialize', name: 'sees what goes out' },
    )
    const answer = await s3.send(put)
    expect(sent).toEqual([
      expect.objectContaining({
        'content-encoding': 'aws-chunked',
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'x-amz-decoded-content-length': String(bytes.length),
      }),
    ])
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'box', Key: 'stream ü+', ChecksumMode: 'ENABLED' }))
    expect(head).toMatchObject({ ContentLength: bytes.length, ETag: answer.ETag, ChecksumCRC32: answer.ChecksumCRC32 })
    expect(head.ContentEncoding).toBeUndefined()
    expect(Buffer.from(await get('stream ü+')).equals(bytes)).toBe(true)
  })

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a stream with a %s trailer is checked on both ways',
    async (ChecksumAlgorithm) => {
      const Key = `checked-${ChecksumAlgorithm}`
      const answer = await s3.send(
        new PutObjectCommand({ Bucket: 'box', Key, Body: pieces(), ContentLength: bytes.length, ChecksumAlgorithm }),
      )
      expect(answer[`Checksum${ChecksumAlgorithm}`]).toEqual(expect.any(String))
      const got = await s3.send(new GetObjectCommand({ Bucket: 'box', Key, ChecksumMode: 'ENABLED' }))
      expect(got[`Checksum${ChecksumAlgorithm}`]).toBe(answer[`Checksum${ChecksumAlgorithm}`])
      expect(Buffer.from(await got.Body!.transformToByteArray()).equals(bytes)).toBe(true)
    },
  )

  test('parts become one object, an aborted upload none, and Lambda takes code from it', async () => {
    const part = Buffer.alloc(5 * 1024 * 1024, 'part one ')
    const target = { Bucket: 'box', Key: 'parts' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'CRC32' }))
    const Parts = []
    for (const [index, Body] of [part, bytes].entries()) {
      const PartNumber = index + 1
      const sent = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }))
      Parts.push({ PartNumber, ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32 })
    }
    const complete = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } })
    expect(await s3.send(complete)).toMatchObject({ ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/) })
    expect(Buffer.from(await get('parts')).equals(Buffer.concat([part, bytes]))).toBe(true)

    const aborted = { Bucket: 'box', Key: 'aborted' }
    const upload = await s3.send(new CreateMultipartUploadCommand(aborted))
    await s3.send(new UploadPartCommand({ ...aborted, UploadId: upload.UploadId, PartNumber: 1, Body: 'x' }))
    await s3.send(new AbortMultipartUploadCommand({ ...aborted, UploadId: upload.UploadId }))
    await expect(s3.send(new HeadObjectCommand(aborted))).rejects.toBeInstanceOf(NotFound)
    await expect(get('aborted')).rejects.toBeInstanceOf(NoSuchKey)

    await s3.send(new PutObjectCommand({ Bucket: 'box', Key: 'code.zip', Body: echo }))
    const fromS3 = { ...create('from-s3').input, Code: { S3Bucket: 'box', S3Key: 'code.zip' } }
    expect(await lambda.send(new CreateFunctionCommand(fromS3))).toMatchObject({ CodeSha256: sha256(echo) })
  })

  test('pages of keys, and many deleted at once', async () => {
    const keys = ['many/1', 'many/2', 'many/3', 'many/4', 'many/5 & <6>']
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket: 'box', Key, Body: Key }))
    const list = async (): Promise<(readonly string[])[]> => {
      const pages: (readonly string[])[] = []
      for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket: 'box', Prefix: 'many/' }))
        pages.push((page.Contents ?? []).map((one) => one.Key!))
      return pages
    }
    expect(await list()).toEqual([keys.slice(0, 2), keys.slice(2, 4), keys.slice(4)])
    const Objects = keys.map((Key) => ({ Key }))
    const deleted = await s3.send(new DeleteObjectsCommand({ Bucket: 'box', Delete: { Objects } }))
    expect(deleted.Deleted).toHaveLength(5)
    expect(await list()).toEqual([[]])
  })
})
