import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aws, awsFails, startSideServices } from '../kit/side-services.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

test('mb, cp, ls, cp back, mv, rm and rb do what they say', async () => {
  const services = await startSideServices()
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'hello.txt'), 'hello\n')
  await aws(services, 's3', 'mb', 's3://photos')
  expect(await aws(services, 's3', 'ls')).toMatch(/ photos\n$/)
  await aws(services, 's3', 'cp', join(folder, 'hello.txt'), 's3://photos/a/hello world+ü.txt')
  expect(await aws(services, 's3', 'ls', 's3://photos')).toMatch(/PRE a\/\n$/)
  expect(await aws(services, 's3', 'ls', 's3://photos/a/')).toMatch(/ 6 hello world\+ü\.txt\n$/)
  expect(await aws(services, 's3', 'cp', 's3://photos/a/hello world+ü.txt', '-')).toBe('hello\n')
  await aws(services, 's3', 'mv', 's3://photos/a/hello world+ü.txt', 's3://photos/b.txt')
  expect(await aws(services, 's3', 'ls', 's3://photos', '--recursive')).toMatch(/^\S+ \S+ +6 b\.txt\n$/)
  expect(await awsFails(services, 's3', 'rb', 's3://photos')).toContain('BucketNotEmpty')
  await aws(services, 's3', 'rm', 's3://photos/b.txt')
  await aws(services, 's3', 'rb', 's3://photos')
  expect(await aws(services, 's3', 'ls')).toBe('')
})

test('a file over the multipart threshold goes up in parts and comes down whole', async () => {
  const services = await startSideServices()
  const folder = temporaryFolder()
  const bytes = Buffer.alloc(20_000_000, 'zipyard')
  writeFileSync(join(folder, 'large.bin'), bytes)
  await aws(services, 's3', 'mb', 's3://large')
  await aws(services, 's3', 'cp', join(folder, 'large.bin'), 's3://large/', '--quiet')
  const head = JSON.parse(
    await aws(services, 's3api', 'head-object', '--bucket', 'large', '--key', 'large.bin'),
  ) as Record<string, unknown>
  expect(head).toMatchObject({ ContentLength: 20_000_000, ETag: expect.stringMatching(/^"[0-9a-f]{32}-3"$/) })
  await aws(services, 's3', 'cp', 's3://large/large.bin', join(folder, 'back.bin'), '--quiet')
  expect(Buffer.compare(readFileSync(join(folder, 'back.bin')), bytes)).toBe(0)
  expect(await aws(services, 's3api', 'list-multipart-uploads', '--bucket', 'large', '--query', 'Uploads')).toBe(
    'null\n',
  )
})

test('sync copies what differs, and with --delete removes what is gone', async () => {
  const services = await startSideServices()
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'site/img'), { recursive: true })
  for (const name of ['index.html', 'img/a.png', 'img/b.png']) writeFileSync(join(folder, 'site', name), name)
  await aws(services, 's3', 'mb', 's3://site')
  await aws(services, 's3', 'sync', join(folder, 'site'), 's3://site')
  expect(await aws(services, 's3', 'sync', join(folder, 'site'), 's3://site')).toBe('')
  await aws(services, 's3', 'rm', 's3://site/img', '--recursive')
  await aws(services, 's3', 'sync', 's3://site', join(folder, 'site'), '--delete')
  expect(readdirSync(join(folder, 'site'), { recursive: true }).toSorted()).toEqual(['img', 'index.html'])
  await aws(services, 's3', 'rb', 's3://site', '--force')
})

test('a bucket, a key and a version that are not there are told in AWS words', async () => {
  const services = await startSideServices()
  expect(await awsFails(services, 's3', 'ls', 's3://nowhere')).toContain(
    'An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist',
  )
  await aws(services, 's3', 'mb', 's3://empty')
  const get = ['s3api', 'get-object', '--bucket', 'empty', '--key', 'k', '/dev/null']
  expect(await awsFails(services, ...get)).toContain(
    'An error occurred (NoSuchKey) when calling the GetObject operation: The specified key does not exist.',
  )
  expect(await awsFails(services, ...get, '--version-id', 'v')).toContain('(NoSuchVersion)')
  expect(await awsFails(services, 's3api', 'head-object', '--bucket', 'empty', '--key', 'k')).toContain('(404)')
  expect(
    await awsFails(services, 's3api', 'get-bucket-inventory-configuration', '--bucket', 'empty', '--id', 'x'),
  ).toContain('(NotImplemented)')
})
