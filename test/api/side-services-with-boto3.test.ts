import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { otherKey } from '../kit/side-services-open.ts'
import { aws, awsFails, environmentFor, python, runTool, startSideServices } from '../kit/side-services.ts'

const start = 'import boto3, botocore, json, time, datetime\n'

test('S3 in depth: versions, ranges, conditions, copies, tags, checksums', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
s3 = boto3.client('s3')
def fails(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        found = error.response['Error']['Code']
        assert found == code, (found, code)
        return error.response
    raise AssertionError('should have failed with ' + code)

s3.create_bucket(Bucket='deep')
assert s3.create_bucket(Bucket='deep')['ResponseMetadata']['HTTPStatusCode'] == 200
assert s3.get_bucket_location(Bucket='deep')['LocationConstraint'] is None
s3.create_bucket(Bucket='far', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
assert s3.get_bucket_location(Bucket='far')['LocationConstraint'] == 'eu-west-1'
assert s3.head_bucket(Bucket='far')['BucketRegion'] == 'eu-west-1'
# us-east-1 makes buckets of all regions but takes its own unsaid; the others make their own, said
unchecked = botocore.config.Config(parameter_validation=False)
fails('InvalidLocationConstraint', boto3.client('s3', config=unchecked).create_bucket, Bucket='said', CreateBucketConfiguration={'LocationConstraint': 'us-east-1'})
west = boto3.client('s3', region_name='us-west-2')
for said in [{'CreateBucketConfiguration': {'LocationConstraint': 'eu-west-1'}}, {'CreateBucketConfiguration': {'LocationConstraint': 'us-east-1'}}, {}]:
    wrong = fails('IllegalLocationConstraintException', west.create_bucket, Bucket='west', **said)
assert wrong['Error']['Message'].startswith('The unspecified location constraint is incompatible')
assert west.create_bucket(Bucket='west', CreateBucketConfiguration={'LocationConstraint': 'us-west-2'})['ResponseMetadata']['HTTPHeaders']['x-amz-bucket-arn'] == 'arn:aws:s3:::west'

# what is put is what is got, with its headers
put = s3.put_object(Bucket='deep', Key='a', Body=b'0123456789', ContentType='text/plain', CacheControl='no-store',
                    Metadata={'who': 'me'}, ChecksumAlgorithm='SHA256', Tagging='k=v&l=w')
got = s3.get_object(Bucket='deep', Key='a', ChecksumMode='ENABLED')
assert got['Body'].read() == b'0123456789'
assert (got['ContentType'], got['CacheControl'], got['Metadata'], got['TagCount']) == ('text/plain', 'no-store', {'who': 'me'}, 2)
assert got['ChecksumSHA256'] == put['ChecksumSHA256'] and got['ETag'] == put['ETag'] == '"781e5e245d69b566979b86e28d23f2c7"'
assert 'VersionId' not in got

# ranges
for text, expected in [('bytes=2-4', b'234'), ('bytes=7-', b'789'), ('bytes=-3', b'789'), ('bytes=5-100', b'56789')]:
    part = s3.get_object(Bucket='deep', Key='a', Range=text)
    assert part['Body'].read() == expected and part['ResponseMetadata']['HTTPStatusCode'] == 206, text
assert s3.get_object(Bucket='deep', Key='a', Range='bytes=2-4')['ContentRange'] == 'bytes 2-4/10'
fails('InvalidRange', s3.get_object, Bucket='deep', Key='a', Range='bytes=10-')
assert s3.get_object(Bucket='deep', Key='a', Range='lines=1-2')['Body'].read() == b'0123456789'

# conditions
fails('PreconditionFailed', s3.get_object, Bucket='deep', Key='a', IfMatch='"x"')
fails('304', s3.get_object, Bucket='deep', Key='a', IfNoneMatch=put['ETag'])
fails('304', s3.head_object, Bucket='deep', Key='a', IfModifiedSince=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1))
fails('412', s3.head_object, Bucket='deep', Key='a', IfUnmodifiedSince=datetime.datetime(2000, 1, 1))
fails('PreconditionFailed', s3.put_object, Bucket='deep', Key='a', Body=b'', IfNoneMatch='*')
s3.put_object(Bucket='deep', Key='new', Body=b'', IfNoneMatch='*')
# with quotes, without, and with one of them
for cut in [slice(None), slice(1, -1), slice(1, None), slice(None, -1)]:
    etag = s3.head_object(Bucket='deep', Key='new')['ETag']
    s3.put_object(Bucket='deep', Key='new', Body=str(cut).encode(), IfMatch=etag[cut])

# wrong claims leave nothing
fails('BadDigest', s3.put_object, Bucket='deep', Key='bad', Body=b'x', ContentMD5='AAAAAAAAAAAAAAAAAAAAAA==')
fails('InvalidDigest', s3.put_object, Bucket='deep', Key='bad', Body=b'x', ContentMD5='AAAA')
fails('BadDigest', s3.put_object, Bucket='deep', Key='bad', Body=b'x', ChecksumCRC32='AAAAAA==')
fails('404', s3.head_object, Bucket='deep', Key='bad')

# copies
s3.copy_object(Bucket='deep', Key='b', CopySource={'Bucket': 'deep', 'Key': 'a'})
copied = s3.head_object(Bucket='deep', Key='b')
assert copied['Metadata'] == {'who': 'me'} and copied['ContentType'] == 'text/plain'
s3.copy_object(Bucket='far', Key='c d+ü', CopySource='deep/a', MetadataDirective='REPLACE', Metadata={'n': '1'}, ContentType='x/y')
assert s3.head_object(Bucket='far', Key='c d+ü')['Metadata'] == {'n': '1'}
s3.copy_object(Bucket='far', Key='e', CopySource={'Bucket': 'far', 'Key': 'c d+ü'})
fails('InvalidRequest', s3.copy_object, Bucket='deep', Key='a', CopySource='deep/a')
s3.copy_object(Bucket='deep', Key='a', CopySource='deep/a', StorageClass='STANDARD')
# the conditions come first
same = fails('PreconditionFailed', s3.copy_object, Bucket='deep', Key='a', CopySource='deep/a', CopySourceIfNoneMatch=put['ETag'][1:-1])
assert same['Error']['Condition'] == 'x-amz-copy-source-If-None-Match'
assert fails('PreconditionFailed', s3.copy_object, Bucket='deep', Key='z', CopySource='deep/a', CopySourceIfMatch='x')['Error']['Condition'] == 'x-amz-copy-source-If-Match'
fails('NoSuchKey', s3.copy_object, Bucket='deep', Key='z', CopySource='deep/nothing')
fails('NoSuchBucket', s3.copy_object, Bucket='deep', Key='z', CopySource='nothing/a')

# tags
assert s3.get_object_tagging(Bucket='deep', Key='b')['TagSet'] == [{'Key': 'k', 'Value': 'v'}, {'Key': 'l', 'Value': 'w'}]
s3.put_object_tagging(Bucket='deep', Key='b', Tagging={'TagSet': [{'Key': 'x', 'Value': '<&>'}]})
assert s3.get_object_tagging(Bucket='deep', Key='b')['TagSet'] == [{'Key': 'x', 'Value': '<&>'}]
s3.delete_object_tagging(Bucket='deep', Key='b')
assert s3.get_object_tagging(Bucket='deep', Key='b')['TagSet'] == []
fails('InvalidTag', s3.put_object_tagging, Bucket='deep', Key='b', Tagging={'TagSet': [{'Key': 'x', 'Value': '1'}, {'Key': 'x', 'Value': '2'}]})

fails('InvalidTag', s3.put_object_tagging, Bucket='deep', Key='b', Tagging={'TagSet': [{'Key': 'aws:x', 'Value': '1'}]})
fails('InvalidTag', s3.put_object, Bucket='deep', Key='b', Body=b'', Tagging='aws:x=1')
def tag(*keys):
    s3.put_bucket_tagging(Bucket='deep', Tagging={'TagSet': [{'Key': key, 'Value': 'v'} for key in keys]})
tag('a', 'not:aws:either')
assert [t['Key'] for t in s3.get_bucket_tagging(Bucket='deep')['TagSet']] == ['a', 'not:aws:either']
for code, keys in [('InvalidTag', ['a', 'a']), ('InvalidTag', ['aws:a']), ('BadRequest', map(str, range(51)))]:
    try:
        tag(*keys)
        raise AssertionError(keys)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] == code, error
tag()
fails('NoSuchTagSet', s3.get_bucket_tagging, Bucket='deep')

# an upload that is completed can be completed again: its client may not have heard the answer
upload = dict(Bucket='deep', Key='joined', UploadId=s3.create_multipart_upload(Bucket='deep', Key='joined')['UploadId'])
parts = {'Parts': [{'PartNumber': 1, 'ETag': s3.upload_part(PartNumber=1, Body=b'all', **upload)['ETag']}]}
first = s3.complete_multipart_upload(MultipartUpload=parts, **upload)
assert s3.complete_multipart_upload(MultipartUpload=parts, IfNoneMatch='*', **upload)['ETag'] == first['ETag']
fails('NoSuchUpload', s3.complete_multipart_upload, MultipartUpload=parts, Bucket='deep', Key='joined', UploadId='x')
fails('NoSuchUpload', s3.abort_multipart_upload, **upload)

# versions
s3.put_bucket_versioning(Bucket='deep', VersioningConfiguration={'Status': 'Enabled'})
assert s3.get_bucket_versioning(Bucket='deep')['Status'] == 'Enabled' and 'Status' not in s3.get_bucket_versioning(Bucket='far')
one = s3.put_object(Bucket='deep', Key='v', Body=b'1')['VersionId']
two = s3.put_object(Bucket='deep', Key='v', Body=b'22')['VersionId']
assert s3.get_object(Bucket='deep', Key='v', VersionId=one)['Body'].read() == b'1'
assert s3.get_object(Bucket='deep', Key='v')['VersionId'] == two
marker = s3.delete_object(Bucket='deep', Key='v')
assert marker['DeleteMarker'] is True
gone = fails('NoSuchKey', s3.get_object, Bucket='deep', Key='v')
assert gone['ResponseMetadata']['HTTPHeaders']['x-amz-delete-marker'] == 'true'
fails('MethodNotAllowed', s3.get_object, Bucket='deep', Key='v', VersionId=marker['VersionId'])
of_marker = fails('MethodNotAllowed', s3.put_object_tagging, Bucket='deep', Key='v', VersionId=marker['VersionId'], Tagging={'TagSet': []})
assert of_marker['Error']['ResourceType'] == 'DeleteMarker' and of_marker['Error']['Method'] == 'PUT'
listed = s3.list_object_versions(Bucket='deep', Prefix='v')
assert [(v['VersionId'], v['IsLatest']) for v in listed['Versions']] == [(two, False), (one, False)]
assert [(m['VersionId'], m['IsLatest']) for m in listed['DeleteMarkers']] == [(marker['VersionId'], True)]
s3.delete_object(Bucket='deep', Key='v', VersionId=marker['VersionId'])
assert s3.get_object(Bucket='deep', Key='v')['Body'].read() == b'22'
s3.delete_object(Bucket='deep', Key='v', VersionId=two)
assert s3.get_object(Bucket='deep', Key='v')['Body'].read() == b'1'
assert s3.get_object(Bucket='deep', Key='a', VersionId='null')['Body'].read() == b'0123456789'
s3.put_bucket_versioning(Bucket='deep', VersioningConfiguration={'Status': 'Suspended'})
s3.put_object(Bucket='deep', Key='v', Body=b'null version')
assert [v['VersionId'] for v in s3.list_object_versions(Bucket='deep', Prefix='v')['Versions']] == ['null', one]

# many at once, and the bucket that is not empty because of old versions
answer = s3.delete_objects(Bucket='deep', Delete={'Objects': [{'Key': k} for k in ['a', 'b', 'joined', 'new', 'v', 'never there']]})
assert len(answer['Deleted']) == 6 and 'Errors' not in answer
fails('BucketNotEmpty', s3.delete_bucket, Bucket='deep')
for page in s3.get_paginator('list_object_versions').paginate(Bucket='deep', PaginationConfig={'PageSize': 2}):
    for item in page.get('Versions', []) + page.get('DeleteMarkers', []):
        s3.delete_object(Bucket='deep', Key=item['Key'], VersionId=item['VersionId'])
s3.delete_bucket(Bucket='deep')
fails('NoSuchBucket', s3.list_objects_v2, Bucket='deep')
`,
  )
})

test('S3 lists: prefixes, delimiters, pages and keys that need encoding, in the order of their bytes', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
s3 = boto3.client('s3')
s3.create_bucket(Bucket='lists')
keys = ['a', 'a/1', 'a/2', 'a/b/3', 'a0', 'b//c', 'b/../d', 'e f+g%h?i&j=k#l', 'é', '\\U0001F40D', '\\uffee', 'z\\tq', './x', '../../etc/passwd']
for key in keys:
    s3.put_object(Bucket='lists', Key=key, Body=key.encode())
expected = sorted(keys, key=lambda k: k.encode())
def all_keys(name, **arguments):
    found = []
    for page in s3.get_paginator(name).paginate(Bucket='lists', **arguments):
        found += [o['Key'] for o in page.get('Contents', [])]
        found += [p['Prefix'] + '*' for p in page.get('CommonPrefixes', [])]
    return found
for name in ['list_objects', 'list_objects_v2']:
    assert all_keys(name) == expected, all_keys(name)
    for size in [1, 2, 3]:
        assert all_keys(name, PaginationConfig={'PageSize': size}) == expected
        folded = sorted(all_keys(name, Delimiter='/', PaginationConfig={'PageSize': size}))
        assert folded == sorted(['../*', './*', 'a', 'a/*', 'a0', 'b/*'] + [k for k in expected if '/' not in k and k not in ('a', 'a0')]), folded
    assert all_keys(name, Prefix='a/') == ['a/1', 'a/2', 'a/b/3']
    assert sorted(all_keys(name, Prefix='a/', Delimiter='/')) == ['a/1', 'a/2', 'a/b/*']
    assert all_keys(name, Prefix='nothing') == []
assert all_keys('list_objects_v2', StartAfter='a/2', Prefix='a/') == ['a/b/3']
for key in keys:
    assert s3.get_object(Bucket='lists', Key=key)['Body'].read() == key.encode()
empty = s3.list_objects_v2(Bucket='lists', MaxKeys=0)
assert empty['KeyCount'] == 0 and not empty['IsTruncated']
try:
    s3.put_object(Bucket='lists', Key='x' * 1025, Body=b'')
    raise AssertionError
except botocore.exceptions.ClientError as error:
    assert error.response['Error']['Code'] == 'KeyTooLongError'
for page in s3.get_paginator('list_objects_v2').paginate(Bucket='lists'):
    s3.delete_objects(Bucket='lists', Delete={'Objects': [{'Key': o['Key']} for o in page['Contents']]})
s3.delete_bucket(Bucket='lists')
`,
  )
})

test('multipart uploads: out of order, listed, copied into, aborted, completed wrongly', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
from hashlib import md5
s3 = boto3.client('s3')
s3.create_bucket(Bucket='parts')
five = b'x' * (5 * 1024 * 1024)
def fails(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] == code, error.response
        return
    raise AssertionError(code)
at = dict(Bucket='parts', Key='k')
up = s3.create_multipart_upload(**at, ContentType='a/b', Metadata={'m': 'n'})['UploadId']
two = s3.upload_part(**at, UploadId=up, PartNumber=2, Body=b'tail')['ETag']
s3.upload_part(**at, UploadId=up, PartNumber=1, Body=b'replaced')
one = s3.upload_part(**at, UploadId=up, PartNumber=1, Body=five)['ETag']
assert [(p['PartNumber'], p['Size']) for p in s3.list_parts(**at, UploadId=up)['Parts']] == [(1, len(five)), (2, 4)]
assert [u['UploadId'] for u in s3.list_multipart_uploads(Bucket='parts')['Uploads']] == [up]
done = lambda *parts: {'Parts': [{'PartNumber': n, 'ETag': e} for n, e in parts]}
fails('InvalidPartOrder', s3.complete_multipart_upload, **at, UploadId=up, MultipartUpload=done((2, two), (1, one)))
fails('InvalidPart', s3.complete_multipart_upload, **at, UploadId=up, MultipartUpload=done((1, two), (2, two)))
fails('InvalidPart', s3.complete_multipart_upload, **at, UploadId=up, MultipartUpload=done((1, one), (3, two)))
fails('NoSuchKey', s3.get_object, **at)
answer = s3.complete_multipart_upload(**at, UploadId=up, MultipartUpload=done((1, one), (2, two)))
expected = md5(md5(five).digest() + md5(b'tail').digest()).hexdigest() + '-2'
got = s3.get_object(**at)
assert answer['ETag'] == got['ETag'] == '"' + expected + '"'
assert got['Body'].read() == five + b'tail' and got['ContentType'] == 'a/b' and got['Metadata'] == {'m': 'n'}
part = s3.get_object(**at, PartNumber=2)
assert part['Body'].read() == b'tail' and part['PartsCount'] == 2
fails('NoSuchUpload', s3.complete_multipart_upload, **at, UploadId=up, MultipartUpload=done((1, one)))

small = s3.create_multipart_upload(**at)['UploadId']
a = s3.upload_part(**at, UploadId=small, PartNumber=1, Body=b'a')['ETag']
b = s3.upload_part(**at, UploadId=small, PartNumber=2, Body=b'b')['ETag']
fails('EntityTooSmall', s3.complete_multipart_upload, **at, UploadId=small, MultipartUpload=done((1, a), (2, b)))
s3.abort_multipart_upload(**at, UploadId=small)
fails('NoSuchUpload', s3.list_parts, **at, UploadId=small)
fails('NoSuchUpload', s3.upload_part, **at, UploadId=small, PartNumber=1, Body=b'late')

copy = s3.create_multipart_upload(Bucket='parts', Key='copy', ChecksumAlgorithm='CRC32')['UploadId']
p1 = s3.upload_part_copy(Bucket='parts', Key='copy', UploadId=copy, PartNumber=1, CopySource='parts/k', CopySourceRange='bytes=0-5242879')['CopyPartResult']
p2 = s3.upload_part_copy(Bucket='parts', Key='copy', UploadId=copy, PartNumber=2, CopySource='parts/k', CopySourceRange='bytes=5242880-5242883')['CopyPartResult']
s3.complete_multipart_upload(Bucket='parts', Key='copy', UploadId=copy, MultipartUpload={'Parts': [
    {'PartNumber': 1, 'ETag': p1['ETag'], 'ChecksumCRC32': p1['ChecksumCRC32']}, {'PartNumber': 2, 'ETag': p2['ETag'], 'ChecksumCRC32': p2['ChecksumCRC32']}]})
head = s3.head_object(Bucket='parts', Key='copy', ChecksumMode='ENABLED')
assert head['ChecksumCRC32'].endswith('-2') and head['ChecksumType'] == 'COMPOSITE'
assert s3.get_object(Bucket='parts', Key='copy')['Body'].read() == five + b'tail'

full = s3.create_multipart_upload(Bucket='parts', Key='full', ChecksumAlgorithm='CRC64NVME')['UploadId']
p = s3.upload_part(Bucket='parts', Key='full', UploadId=full, PartNumber=1, Body=b'123456789', ChecksumCRC64NVME='rosUhgp5mIg=')
s3.complete_multipart_upload(Bucket='parts', Key='full', UploadId=full, MultipartUpload=done((1, p['ETag'])), ChecksumCRC64NVME='rosUhgp5mIg=', ChecksumType='FULL_OBJECT')
assert s3.head_object(Bucket='parts', Key='full', ChecksumMode='ENABLED')['ChecksumCRC64NVME'] == 'rosUhgp5mIg='
`,
  )
})

test('presigned URLs read and write with nothing but curl', async () => {
  const services = await startSideServices()
  const urls = JSON.parse(
    await python(
      services,
      `${start}
s3 = boto3.client('s3', config=botocore.config.Config(signature_version='s3v4'))
s3.create_bucket(Bucket='links')
params = {'Bucket': 'links', 'Key': 'some file+ü.txt'}
print(json.dumps({
  'put': s3.generate_presigned_url('put_object', Params=params),
  'get': s3.generate_presigned_url('get_object', Params={**params, 'ResponseContentDisposition': 'attachment; filename="f.txt"'}),
  'other': s3.generate_presigned_url('get_object', Params={**params, 'Key': 'other'}).replace('other', 'some%20file%2B%C3%BC.txt'),
}))`,
    ),
  ) as Record<'put' | 'get' | 'other', string>
  const env = services.environment
  const curl = (...args: string[]): ReturnType<typeof runTool> =>
    runTool('curl', ['-sS', '-i', ...args], { env, input: 'x' })
  expect((await curl('-T', '-', urls.put)).stdout).toContain('501 Not Implemented')
  expect(
    (await runTool('curl', ['-sS', '-i', '-X', 'PUT', '--data-binary', 'hello', urls.put], { env })).stdout,
  ).toContain('200 OK')
  const got = (await curl(urls.get)).stdout
  expect(got).toContain('Content-Disposition: attachment; filename="f.txt"'.toLowerCase())
  expect(got).toMatch(/\r\n\r\nhello$/)
  expect((await curl(urls.other)).stdout).toContain('<Code>SignatureDoesNotMatch</Code>')
  expect((await curl(urls.get.split('?')[0]!)).stdout).toContain('<Code>AccessDenied</Code>')
})

test('presigned URLs as `aws s3 presign` and boto3 make them by default (Signature Version 2) work with nothing but curl', async () => {
  const services = await startSideServices()
  const urls = JSON.parse(
    await python(
      services,
      `${start}
s3 = boto3.client('s3')
s3.create_bucket(Bucket='links')
params = {'Bucket': 'links', 'Key': 'some file+ü.txt'}
token = boto3.client('sts').get_session_token()['Credentials']
temporary = boto3.client('s3', aws_access_key_id=token['AccessKeyId'], aws_secret_access_key=token['SecretAccessKey'], aws_session_token=token['SessionToken'])
print(json.dumps({
  'put': s3.generate_presigned_url('put_object', Params={**params, 'Metadata': {'a': 'b c'}, 'ContentType': 'text/plain'}),
  'get': s3.generate_presigned_url('get_object', Params={**params, 'ResponseContentDisposition': 'attachment; filename="f.txt"'}),
  'tags': s3.generate_presigned_url('get_object_tagging', Params=params),
  'temporary': temporary.generate_presigned_url('get_object', Params=params),
  'expired': s3.generate_presigned_url('get_object', Params=params, ExpiresIn=-5),
}))`,
    ),
  ) as Record<'put' | 'get' | 'tags' | 'temporary' | 'expired', string>
  for (const url of Object.values(urls)) expect(url).toMatch(/[?&]AWSAccessKeyId=/)
  const env = services.environment
  const curl = async (...args: string[]): Promise<string> =>
    (await runTool('curl', ['-sS', '-i', ...args], { env })).stdout
  const put = ['-X', 'PUT', '--data-binary', 'hello']
  expect(await curl(...put, '-H', 'Content-Type: text/html', urls.put)).toContain('<Code>SignatureDoesNotMatch</Code>')
  expect(await curl(...put, '-H', 'Content-Type: text/plain', '-H', 'x-amz-acl: private', urls.put)).toContain(
    'SignatureDoesNotMatch',
  )
  expect(await curl(...put, '-H', 'Content-Type: text/plain', urls.put)).toContain('200 OK')
  const got = await curl(urls.get)
  expect(got).toContain('content-disposition: attachment; filename="f.txt"')
  // The URL's metadata, which curl did not send.
  expect(got).toContain('x-amz-meta-a: b c')
  expect(got).toMatch(/\r\n\r\nhello$/)
  expect(await curl(urls.tags)).toContain('<TagSet')
  expect(await curl(urls.temporary)).toMatch(/\r\n\r\nhello$/)
  expect(await curl(urls.temporary.replace(/x-amz-security-token=[^&]*/, 'x-amz-security-token=other'))).toContain(
    '<Code>InvalidToken</Code>',
  )
  expect(await curl(urls.expired)).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>')
  expect(await curl(urls.get.replace('links/', 'links/x'))).toContain('<Code>SignatureDoesNotMatch</Code>')
  expect(await curl(urls.get.replace(/&Expires=\d+/, ''))).toContain(
    'requires the Signature, Expires and AWSAccessKeyId parameters',
  )
  expect(await curl((await aws(services, 's3', 'presign', 's3://links/some file+ü.txt')).trim())).toMatch(
    /\r\n\r\nhello$/,
  )
  const form = await curl('-F', 'key=k', '-F', 'file=hello', `${services.url}/links`)
  expect(form).toContain('501 Not Implemented')
  expect(form).toContain('<Code>NotImplemented</Code><Message>Zipyard does not serve `POST Object (uploads by forms)`')
  // The bucket named by the host is part of what is signed.
  const byHost = await python(
    services,
    `${start}
s3 = boto3.client('s3', config=botocore.config.Config(s3={'addressing_style': 'virtual'}), endpoint_url='http://s3.localhost:${new URL(services.url).port}')
print(s3.generate_presigned_url('get_object', Params={'Bucket': 'links', 'Key': 'some file+ü.txt'}))`,
  )
  expect(byHost).toContain('//links.s3.localhost')
  const { host, port, pathname, search } = new URL(byHost.trim())
  expect(await curl('-H', `Host: ${host}`, `http://127.0.0.1:${port}${pathname}${search}`)).toMatch(/\r\n\r\nhello$/)
})

test('the sub-resources that Terraform reads answer with the documents or codes that it expects', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
s3 = boto3.client('s3')
s3.create_bucket(Bucket='terraform')
def code(call):
    try:
        call(Bucket='terraform')
        return 200
    except botocore.exceptions.ClientError as error:
        assert error.response['ResponseMetadata']['HTTPStatusCode'] == 404, error.response
        return error.response['Error']['Code']
found = {name: code(getattr(s3, name)) for name in ['get_bucket_policy', 'get_bucket_acl', 'get_bucket_cors', 'get_bucket_website', 'get_bucket_versioning',
  'get_bucket_accelerate_configuration', 'get_bucket_request_payment', 'get_bucket_logging', 'get_bucket_lifecycle_configuration', 'get_bucket_replication',
  'get_bucket_encryption', 'get_object_lock_configuration', 'get_bucket_tagging', 'get_public_access_block', 'get_bucket_ownership_controls',
  'get_bucket_notification_configuration']}
assert found == {'get_bucket_policy': 'NoSuchBucketPolicy', 'get_bucket_acl': 200, 'get_bucket_cors': 'NoSuchCORSConfiguration',
  'get_bucket_website': 'NoSuchWebsiteConfiguration', 'get_bucket_versioning': 200, 'get_bucket_accelerate_configuration': 200,
  'get_bucket_request_payment': 200, 'get_bucket_logging': 200, 'get_bucket_lifecycle_configuration': 'NoSuchLifecycleConfiguration',
  'get_bucket_replication': 'ReplicationConfigurationNotFoundError', 'get_bucket_encryption': 200,
  'get_object_lock_configuration': 'ObjectLockConfigurationNotFoundError', 'get_bucket_tagging': 'NoSuchTagSet',
  'get_public_access_block': 200, 'get_bucket_ownership_controls': 200, 'get_bucket_notification_configuration': 200}, found
s3.put_bucket_policy(Bucket='terraform', Policy='{"Version":"2012-10-17","Statement":[]}')
assert s3.get_bucket_policy(Bucket='terraform')['Policy'] == '{"Version":"2012-10-17","Statement":[]}'
rule = {'ID': 'old', 'Status': 'Enabled', 'Filter': {'Prefix': 'tmp/'}, 'Expiration': {'Days': 3}}
s3.put_bucket_lifecycle_configuration(Bucket='terraform', LifecycleConfiguration={'Rules': [rule]})
lifecycle = s3.get_bucket_lifecycle_configuration(Bucket='terraform')
# Terraform waits until it reads this header back.
assert lifecycle['Rules'] == [rule] and lifecycle['TransitionDefaultMinimumObjectSize'] == 'all_storage_classes_128K'
s3.put_bucket_tagging(Bucket='terraform', Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})
assert s3.get_bucket_tagging(Bucket='terraform')['TagSet'] == [{'Key': 'a', 'Value': 'b'}]
s3.put_bucket_encryption(Bucket='terraform', ServerSideEncryptionConfiguration={'Rules': [{'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': 'AES256'}}]})
assert s3.get_bucket_encryption(Bucket='terraform')['ServerSideEncryptionConfiguration']['Rules'][0]['ApplyServerSideEncryptionByDefault'] == {'SSEAlgorithm': 'AES256'}
s3.delete_bucket_encryption(Bucket='terraform')
standard = {'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': 'AES256'}, 'BucketKeyEnabled': False, 'BlockedEncryptionTypes': {'EncryptionType': ['SSE-C']}}
assert s3.get_bucket_encryption(Bucket='terraform')['ServerSideEncryptionConfiguration']['Rules'] == [standard]
# What a new bucket has is gone once it was deleted.
blocked = s3.get_public_access_block(Bucket='terraform')['PublicAccessBlockConfiguration']
assert blocked == {'BlockPublicAcls': True, 'IgnorePublicAcls': True, 'BlockPublicPolicy': True, 'RestrictPublicBuckets': True}, blocked
assert s3.get_bucket_ownership_controls(Bucket='terraform')['OwnershipControls']['Rules'] == [{'ObjectOwnership': 'BucketOwnerEnforced'}]
s3.delete_public_access_block(Bucket='terraform')
s3.delete_bucket_ownership_controls(Bucket='terraform')
assert code(s3.get_public_access_block) == 'NoSuchPublicAccessBlockConfiguration'
assert code(s3.get_bucket_ownership_controls) == 'OwnershipControlsNotFoundError'
s3.put_public_access_block(Bucket='terraform', PublicAccessBlockConfiguration={'BlockPublicAcls': True})
assert s3.get_public_access_block(Bucket='terraform')['PublicAccessBlockConfiguration']['BlockPublicAcls'] is True
# Every object says how its bucket encrypts.
assert s3.put_object(Bucket='terraform', Key='k', Body=b'k')['ServerSideEncryption'] == 'AES256'
assert s3.head_object(Bucket='terraform', Key='k')['ServerSideEncryption'] == 'AES256'
key = 'arn:aws:kms:us-east-1:123456789012:key/k'
s3.put_bucket_encryption(Bucket='terraform', ServerSideEncryptionConfiguration={'Rules': [{'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': 'aws:kms', 'KMSMasterKeyID': key}}]})
for call in [lambda: s3.put_object(Bucket='terraform', Key='kms', Body=b'k'), lambda: s3.get_object(Bucket='terraform', Key='kms'),
  lambda: s3.copy_object(Bucket='terraform', Key='copied', CopySource='terraform/k'), lambda: s3.head_object(Bucket='terraform', Key='copied'),
  lambda: s3.create_multipart_upload(Bucket='terraform', Key='parts')]:
    answer = call()
    assert (answer['ServerSideEncryption'], answer['SSEKMSKeyId']) == ('aws:kms', key), answer
assert s3.head_object(Bucket='terraform', Key='k')['ServerSideEncryption'] == 'AES256'
s3.put_bucket_notification_configuration(Bucket='terraform', NotificationConfiguration={})
try:
    s3.put_bucket_notification_configuration(Bucket='terraform', NotificationConfiguration={'EventBridgeConfiguration': {}, 'LambdaFunctionConfigurations': [{'LambdaFunctionArn': 'arn:aws:lambda:us-east-1:123456789012:function:f', 'Events': ['s3:ObjectCreated:*']}]})
    raise AssertionError
except botocore.exceptions.ClientError as error:
    assert error.response['Error']['Code'] == 'NotImplemented'
`,
  )
})

test("another account sees nothing of one's buckets, and cannot take their names", async () => {
  const services = await startSideServices()
  await aws(services, 's3', 'mb', 's3://mine')
  const other = { environment: environmentFor(services.url, otherKey) }
  expect(await aws(other, 's3', 'ls')).toBe('')
  expect(await awsFails(other, 's3', 'ls', 's3://mine')).toContain('AccessDenied')
  expect(await awsFails(other, 's3', 'mb', 's3://mine')).toContain('BucketAlreadyExists')
})

test('STS says who one is, and hands out keys of a role that trusts the caller', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
sts, iam = boto3.client('sts'), boto3.client('iam')
me = sts.get_caller_identity()
assert (me['Account'], me['Arn']) == ('123456789012', 'arn:aws:iam::123456789012:user/tester') and me['UserId'].startswith('AIDA')
trust = lambda principal: json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Principal': principal}]})
iam.create_role(RoleName='open', AssumeRolePolicyDocument=trust({'AWS': 'arn:aws:iam::123456789012:root'}))
iam.create_role(RoleName='service', AssumeRolePolicyDocument=trust({'Service': 'lambda.amazonaws.com'}))
keys = sts.assume_role(RoleArn='arn:aws:iam::123456789012:role/open', RoleSessionName='me')
assert keys['AssumedRoleUser']['Arn'] == 'arn:aws:sts::123456789012:assumed-role/open/me'
c = keys['Credentials']
as_role = boto3.client('sts', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
identity = as_role.get_caller_identity()
assert identity['Arn'].endswith(':assumed-role/open/me') and identity['UserId'] == keys['AssumedRoleUser']['AssumedRoleId']
s3 = boto3.client('s3', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
def fails(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] == code, error.response
        return
    raise AssertionError(code)
fails('AccessDenied', s3.list_buckets)
for role in ['service', 'nobody']:
    fails('AccessDenied', sts.assume_role, RoleArn='arn:aws:iam::123456789012:role/' + role, RoleSessionName='me')
fails('ValidationError', sts.assume_role, RoleArn='arn:aws:iam::123456789012:role/open', RoleSessionName='me', DurationSeconds=7200)
token = sts.get_session_token()['Credentials']
again = boto3.client('sts', aws_access_key_id=token['AccessKeyId'], aws_secret_access_key=token['SecretAccessKey'], aws_session_token=token['SessionToken'])
assert again.get_caller_identity()['Arn'] == me['Arn']
fails('InvalidAction', sts.decode_authorization_message, EncodedMessage='x')
`,
  )
})

test('keys of a role do what its policies grant, and nothing else', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
iam, sts = boto3.client('iam'), boto3.client('sts')
mine = boto3.client('s3')
mine.create_bucket(Bucket='granted'); mine.put_object(Bucket='granted', Key='in/a', Body=b'a'); mine.put_object(Bucket='granted', Key='secret', Body=b's')
trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Principal': {'AWS': '123456789012'}}]}
iam.create_role(RoleName='worker', AssumeRolePolicyDocument=json.dumps(trust))
grant = lambda *statements: iam.put_role_policy(RoleName='worker', PolicyName='p', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': statements}))
c = sts.assume_role(RoleArn='arn:aws:iam::123456789012:role/worker', RoleSessionName='session')['Credentials']
keys = dict(aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
s3, logs, iam_as = boto3.client('s3', **keys), boto3.client('logs', **keys), boto3.client('iam', **keys)
def denied(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] in ('AccessDenied', '403', 'AccessDeniedException'), error.response
        return
    raise AssertionError('not denied')
denied(s3.get_object, Bucket='granted', Key='in/a')
grant({'Effect': 'Allow', 'Action': ['s3:GetObject', 's3:PutObject'], 'Resource': 'arn:aws:s3:::granted/in/*'},
      {'Effect': 'Allow', 'Action': 's3:ListBucket', 'Resource': 'arn:aws:s3:::granted'},
      {'Effect': 'Allow', 'Action': 'logs:PutLogEvents', 'Resource': '*'})
assert s3.get_object(Bucket='granted', Key='in/a')['Body'].read() == b'a'
assert s3.list_objects_v2(Bucket='granted')['KeyCount'] == 2
s3.copy_object(Bucket='granted', Key='in/b', CopySource='granted/in/a')
denied(s3.copy_object, Bucket='granted', Key='in/c', CopySource='granted/secret')
denied(s3.get_object, Bucket='granted', Key='secret')
denied(s3.get_object, Bucket='granted', Key='in/a', VersionId='null')
denied(s3.delete_object, Bucket='granted', Key='in/a')
assert [e['Code'] for e in s3.delete_objects(Bucket='granted', Delete={'Objects': [{'Key': 'in/a'}]})['Errors']] == ['AccessDenied']
denied(s3.list_buckets); denied(s3.put_bucket_cors, Bucket='granted', CORSConfiguration={'CORSRules': []})
denied(logs.create_log_group, logGroupName='g'); denied(iam_as.get_role, RoleName='worker')
try:
    logs.put_log_events(logGroupName='g', logStreamName='s', logEvents=[{'timestamp': 1, 'message': 'm'}])
except botocore.exceptions.ClientError as error:
    assert error.response['Error']['Code'] == 'ResourceNotFoundException'
grant({'Effect': 'Allow', 'Action': '*', 'Resource': '*'}, {'Effect': 'Deny', 'Action': 's3:*', 'Resource': 'arn:aws:s3:::granted/secret'})
assert s3.get_object(Bucket='granted', Key='in/b')['Body'].read() == b'a'
denied(s3.get_object, Bucket='granted', Key='secret')
`,
  )
})

test('IAM keeps roles and policies as Terraform makes, reads and deletes them', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
iam = boto3.client('iam')
def fails(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] == code, error.response
        return error.response['Error']['Message']
    raise AssertionError(code)
trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Principal': {'Service': 'lambda.amazonaws.com'}}]}
role = iam.create_role(RoleName='fn', AssumeRolePolicyDocument=json.dumps(trust), Path='/app/', Description='d', Tags=[{'Key': 'a', 'Value': 'b'}])['Role']
assert role['Arn'] == 'arn:aws:iam::123456789012:role/app/fn' and role['RoleId'].startswith('AROA') and len(role['RoleId']) == 21
got = iam.get_role(RoleName='fn')['Role']
assert got['AssumeRolePolicyDocument'] == trust and got['Tags'] == [{'Key': 'a', 'Value': 'b'}] and got['MaxSessionDuration'] == 3600
assert fails('EntityAlreadyExists', iam.create_role, RoleName='FN', AssumeRolePolicyDocument='{}') == 'Role with name FN already exists.'
assert fails('NoSuchEntity', iam.get_role, RoleName='nobody') == 'The role with name nobody cannot be found.'
fails('MalformedPolicyDocument', iam.create_role, RoleName='x', AssumeRolePolicyDocument='nonsense')
basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'
iam.attach_role_policy(RoleName='fn', PolicyArn=basic)
assert iam.list_attached_role_policies(RoleName='fn')['AttachedPolicies'] == [{'PolicyName': 'AWSLambdaBasicExecutionRole', 'PolicyArn': basic}]
document = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*'}]}
iam.put_role_policy(RoleName='fn', PolicyName='inline', PolicyDocument=json.dumps(document))
assert iam.list_role_policies(RoleName='fn')['PolicyNames'] == ['inline']
assert iam.get_role_policy(RoleName='fn', PolicyName='inline')['PolicyDocument'] == document
policy = iam.create_policy(PolicyName='own', Description='said later', PolicyDocument=json.dumps(document))['Policy']
assert 'Description' not in policy and 'Tags' not in policy
got = iam.get_policy(PolicyArn=policy['Arn'])['Policy']
assert got['Description'] == 'said later' and got['Tags'] == []
iam.put_role_permissions_boundary(RoleName='fn', PermissionsBoundary=policy['Arn'])
assert iam.get_role(RoleName='fn')['Role']['PermissionsBoundary']['PermissionsBoundaryArn'] == policy['Arn']
assert not {'PermissionsBoundary', 'Tags', 'RoleLastUsed'} & set(iam.list_roles()['Roles'][0])
iam.attach_role_policy(RoleName='fn', PolicyArn=policy['Arn'])
assert iam.get_policy(PolicyArn=policy['Arn'])['Policy']['AttachmentCount'] == 1
assert iam.create_policy_version(PolicyArn=policy['Arn'], PolicyDocument='{"Statement": []}', SetAsDefault=True)['PolicyVersion']['VersionId'] == 'v2'
assert [(v['VersionId'], v['IsDefaultVersion']) for v in iam.list_policy_versions(PolicyArn=policy['Arn'])['Versions']] in ([('v2', True), ('v1', False)], [('v1', False), ('v2', True)])
assert iam.get_policy_version(PolicyArn=policy['Arn'], VersionId='v1')['PolicyVersion']['Document'] == document
assert iam.list_instance_profiles_for_role(RoleName='fn')['InstanceProfiles'] == []
iam.tag_role(RoleName='fn', Tags=[{'Key': 'c', 'Value': 'd'}]); iam.untag_role(RoleName='fn', TagKeys=['a'])
assert iam.list_role_tags(RoleName='fn')['Tags'] == [{'Key': 'c', 'Value': 'd'}]
iam.update_assume_role_policy(RoleName='fn', PolicyDocument='{"Statement": []}')
fails('DeleteConflict', iam.delete_role, RoleName='fn')
fails('DeleteConflict', iam.delete_policy, PolicyArn=policy['Arn'])
for arn in [basic, policy['Arn']]:
    iam.detach_role_policy(RoleName='fn', PolicyArn=arn)
fails('NoSuchEntity', iam.detach_role_policy, RoleName='fn', PolicyArn=basic)
fails('DeleteConflict', iam.delete_role, RoleName='fn')
iam.delete_role_policy(RoleName='fn', PolicyName='inline')
iam.delete_role(RoleName='fn')
iam.delete_policy_version(PolicyArn=policy['Arn'], VersionId='v1')
iam.delete_policy(PolicyArn=policy['Arn'])
for n in range(5):
    iam.create_role(RoleName='r%d' % n, AssumeRolePolicyDocument='{}')
pages = list(iam.get_paginator('list_roles').paginate(PaginationConfig={'PageSize': 2}))
assert len(pages) == 3 and [r['RoleName'] for p in pages for r in p['Roles']] == ['r%d' % n for n in range(5)]
fails('InvalidAction', iam.list_users)
`,
  )
})

test('CloudWatch Logs: groups, streams, events, filters and what is refused', async () => {
  const services = await startSideServices()
  await python(
    services,
    `${start}
logs = boto3.client('logs')
def fails(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] == code, error.response
        return error.response['Error']['Message']
    raise AssertionError(code)
logs.create_log_group(logGroupName='/app/one', tags={'a': 'b'})
assert fails('ResourceAlreadyExistsException', logs.create_log_group, logGroupName='/app/one') == 'The specified log group already exists'
logs.put_retention_policy(logGroupName='/app/one', retentionInDays=7)
fails('InvalidParameterException', logs.put_retention_policy, logGroupName='/app/one', retentionInDays=8)
group = logs.describe_log_groups(logGroupNamePrefix='/app')['logGroups'][0]
assert (group['retentionInDays'], group['arn']) == (7, 'arn:aws:logs:us-east-1:123456789012:log-group:/app/one:*')
assert logs.list_tags_for_resource(resourceArn=group['logGroupArn'])['tags'] == {'a': 'b'}
logs.tag_resource(resourceArn=group['logGroupArn'], tags={'c': 'd'}); logs.untag_resource(resourceArn=group['logGroupArn'], tagKeys=['a'])
assert logs.list_tags_log_group(logGroupName='/app/one')['tags'] == {'c': 'd'}
logs.delete_retention_policy(logGroupName='/app/one')
assert 'retentionInDays' not in logs.describe_log_groups()['logGroups'][0]

logs.create_log_stream(logGroupName='/app/one', logStreamName='s')
now = int(time.time() * 1000)
answer = logs.put_log_events(logGroupName='/app/one', logStreamName='s', logEvents=[
    {'timestamp': now - 20 * 86400000 + i, 'message': 'too old'} for i in range(2)])
assert answer['rejectedLogEventsInfo'] == {'tooOldLogEventEndIndex': 2}
logs.put_log_events(logGroupName='/app/one', logStreamName='s', logEvents=[{'timestamp': now + i, 'message': 'line %d' % i} for i in range(25)])
fails('InvalidParameterException', logs.put_log_events, logGroupName='/app/one', logStreamName='s', logEvents=[{'timestamp': 2, 'message': 'b'}, {'timestamp': 1, 'message': 'a'}])
assert fails('ResourceNotFoundException', logs.put_log_events, logGroupName='/app/one', logStreamName='x', logEvents=[{'timestamp': now, 'message': 'b'}]) == 'The specified log stream does not exist.'
assert fails('ResourceNotFoundException', logs.describe_log_streams, logGroupName='/app/none') == 'The specified log group does not exist.'
stream = logs.describe_log_streams(logGroupName='/app/one', orderBy='LastEventTime', descending=True)['logStreams'][0]
assert (stream['logStreamName'], stream['firstEventTimestamp'], stream['lastEventTimestamp']) == ('s', now, now + 24)

at = dict(logGroupName='/app/one', logStreamName='s')
page = logs.get_log_events(**at, limit=10, startFromHead=True)
seen = [e['message'] for e in page['events']]
while True:
    following = logs.get_log_events(**at, limit=10, startFromHead=True, nextToken=page['nextForwardToken'])
    if following['nextForwardToken'] == page['nextForwardToken']:
        break
    seen += [e['message'] for e in following['events']]
    page = following
assert seen == ['line %d' % i for i in range(25)], seen
back = logs.get_log_events(**at, limit=10, nextToken=following['nextBackwardToken'])
assert [e['message'] for e in back['events']] == ['line %d' % i for i in range(15, 25)]
assert [e['message'] for e in logs.get_log_events(**at, limit=2)['events']] == ['line 23', 'line 24']
assert [e['message'] for e in logs.get_log_events(**at, startTime=now + 3, endTime=now + 5)['events']] == ['line 3', 'line 4']
logs.put_log_events(**at, logEvents=[{'timestamp': now + 30, 'message': 'late'}])
assert [e['message'] for e in logs.get_log_events(**at, nextToken=page['nextForwardToken'])['events']] == ['late']

found = [e['message'] for p in logs.get_paginator('filter_log_events').paginate(logGroupName='/app/one', filterPattern='"line 1"', PaginationConfig={'PageSize': 4}) for e in p['events']]
assert found == ['line 1'] + ['line 1%d' % i for i in range(10)]
try:
    logs.filter_log_events(logGroupIdentifier=group['arn'])
    raise AssertionError(group)
except botocore.exceptions.ClientError as error:
    assert error.response['Error']['Message'].startswith("1 validation error detected: Value at 'logGroupIdentifier' failed"), error
events = logs.filter_log_events(logGroupIdentifier=group['logGroupArn'], interleaved=True)['events']
assert len({e['eventId'] for e in events}) == 26 and events[0]['logStreamName'] == 's'
assert 'Invalid filter pattern' in fails('InvalidParameterException', logs.filter_log_events, logGroupName='/app/one', filterPattern='a:b')
fails('InvalidParameterException', logs.filter_log_events, logGroupName='/app/one', nextToken='x')
assert 'logGroupName' in fails('InvalidParameterException', logs.create_log_group, logGroupName='no spaces')
logs.delete_log_stream(**at)
logs.delete_log_group(logGroupName='/app/one')
fails('ResourceNotFoundException', logs.delete_log_group, logGroupName='/app/one')
assert 'StartQuery' in fails('UnknownOperationException', logs.start_query, logGroupName='g', startTime=0, endTime=1, queryString='fields @message')
`,
  )
})

test('`aws logs tail --follow` of version 2 shows old lines and then new ones as they come', async () => {
  const services = await startSideServices()
  const target = { accountId: '123456789012', region: 'us-east-1', group: '/aws/lambda/hello', stream: 'a/[$LATEST]b' }
  const say = (message: string): void => services.logs.append(target, [{ timestamp: Date.now(), message }])
  say('START RequestId: 1')
  const tail = spawn(
    '/usr/bin/aws',
    ['--endpoint-url', services.url, 'logs', 'tail', target.group, '--follow', '--format', 'short'],
    {
      env: services.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  tail.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  tail.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    await expect.poll(() => output).toContain('START RequestId: 1')
    say('END RequestId: 1')
    await expect.poll(() => output).toContain('END RequestId: 1')
    expect(output.match(/START/g)).toHaveLength(1)
  } finally {
    tail.kill('SIGINT')
    await once(tail, 'exit')
  }
})
