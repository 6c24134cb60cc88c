import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'
import { serviceClients } from '../service-clients.ts'

/** A packed SDK that knows these services. */
const packedSdk = (version: string, services: readonly string[]): Files => ({
  'boto3/__init__.py': '',
  [`boto3-${version}.dist-info/METADATA`]: `Name: boto3\nVersion: ${version}\n`,
  'botocore/__init__.py': '',
  [`botocore-${version}.dist-info/METADATA`]: `Name: botocore\nVersion: ${version}\n`,
  ...Object.fromEntries(services.map((name) => [`botocore/data/${name}/2020-01-01/service-2.json.gz`, 'data'])),
})
const found = (source: string, files: Files = {}, runtime = 'python3.13', layers: readonly Files[] = []) =>
  check(
    { 'app.py': `import boto3\n${source}\ndef main(event, context): ...`, ...files },
    { handler: 'app.main', runtime, layers },
  ).findings.filter(({ code }) => code === 'ZY1207' || code === 'ZY1208')
const told = (...args: Parameters<typeof found>): readonly string[] =>
  found(...args).map(({ code, sentence, hint }) => `${code} ${sentence} (${hint})`)

test('a service that the packed SDK is too old for is a warning, with the release that knows it', () => {
  expect(told("boto3.client('s3vectors')", packedSdk('1.35.0', ['s3', 'sqs']))).toEqual([
    "ZY1207 `app.py` line 2 calls the service `s3vectors`, of which the packed `botocore` 1.35.0 has no data (Pack a newer SDK: `pip install 'boto3>=1.42.97'` knows it; or leave the SDK out (`--sdk runtime`))",
  ])
  expect(found("boto3.client('s3'); boto3.resource('sqs')", packedSdk('1.35.0', ['s3', 'sqs']))).toEqual([])
})

test('a service whose data somebody took out of the package, and one that nobody knows, are told apart', () => {
  expect(told("boto3.client('sqs')", packedSdk('1.44.5', ['s3']))).toEqual([
    'ZY1207 `app.py` line 2 calls the service `sqs`, of which the packed `botocore` 1.44.5 has no data (Keep the folder `botocore/data/sqs`: something took it out of the package, or AWS has retired the service)',
  ])
  expect(told("boto3.client('dynamdb')", packedSdk('1.44.5', ['dynamodb']))).toEqual([
    'ZY1207 `app.py` line 2 calls the service `dynamdb`, of which the packed `botocore` 1.44.5 has no data (Did you mean `dynamodb`? If not: `pip install --upgrade boto3`)',
  ])
  expect(found("boto3.client('brand-new')", packedSdk('1.44.5', ['s3']))[0]?.hint).toBe('Pack a newer SDK: `pip install --upgrade boto3`') // prettier-ignore
})

test("without a packed SDK the runtime's is asked: what its Python can have, and no more", () => {
  expect(told("boto3.client('s3vectors')", {}, 'python3.8')).toEqual([
    'ZY1208 `app.py` line 2 calls the service `s3vectors`, which the AWS SDK of `python3.8` (botocore 1.37.38 at most) does not know (Use a newer runtime: later releases of `botocore`, for later Pythons, know it)',
  ])
  expect(found("boto3.client('s3vectors')", {}, 'python3.9')).toEqual([])
  expect(found("boto3.client('lambda-web')", {}, 'python3.9')).toMatchObject([{ code: 'ZY1208', severity: 'warning', file: 'app.py', line: 2 }]) // prettier-ignore
  expect(found("boto3.client('lambda-web'); boto3.client('qldb')", {}, 'python3.13')).toEqual([])
  expect(told("boto3.client('dynamo-db')")).toEqual([
    'ZY1208 `app.py` line 2 calls the service `dynamo-db`, which the AWS SDK of `python3.13` (botocore 1.44.5 at most) does not know (Did you mean `dynamodb`?)',
  ])
  expect(found("boto3.client('quite-another-thing')")[0]?.hint).toContain('`--sdk bundled`')
})

test('the SDK of a layer counts, each service is told once, and only files that the handler reaches', () => {
  const layer = Object.fromEntries(
    Object.entries(packedSdk('1.30.0', ['s3'])).map(([path, file]) => [`python/${path}`, file]),
  ) as Files
  const own = { 'other.py': "import boto3\nboto3.client('nonsense')\n" }
  expect(
    found("boto3.client('s3vectors')\nboto3.client('s3vectors')\nboto3.client('s3')", own, 'python3.13', [layer]),
  ).toMatchObject([{ code: 'ZY1207', line: 2 }])
})

test.each<readonly [string, string, readonly string[]]>([
  ['a client and a resource', "boto3.client('a'); x = boto3.resource(\"b\", region_name='c')", ['a', 'b']],
  ['a keyword', "boto3.client(region_name='x')\nboto3.client( service_name = 'a')", ['a']],
  ['over several lines', "boto3.client(\n  # which\n  'a',\n)", ['a']],
  ['another name for boto3', "import boto3 as b\nb.client('a')\nc.client('no')", ['a']],
  ['sessions', "s = boto3.session.Session()\ns.client('a')\nboto3.Session(profile_name='p').client('b')\nself.session.client('c')", ['a', 'b', 'c']], // prettier-ignore
  ['functions of boto3', "from boto3 import client, resource as r\nclient('a'); r('b'); x.y('no')", ['a', 'b']],
  ['botocore', "s = botocore.session.get_session()\ns.create_client('a')", ['a']],
  ['an asynchronous session', "async with aioboto3.Session().client('a') as c: ...", ['a']],
  [
    'names made at run time',
    "boto3.client(name)\nboto3.client(f'{x}')\nboto3.client('a' + b)\nboto3.client('a' if b else c)",
    [],
  ],
  ['text and comments', '"""\nboto3.client(\'no\')\n"""\n# boto3.client("no")\nx = "boto3.client(\'no\')"', []],
  ['something else that makes clients', "redis.client('no'); http.client('no')", []],
])('clients are found in %s', (_, source, services) => {
  expect(serviceClients(Buffer.from(`import boto3\n${source}`)).map(({ service }) => service)).toEqual(services)
})

test('a file that knows no SDK makes no clients of one', () => {
  expect(serviceClients(Buffer.from("session.client('a')"))).toEqual([])
})
