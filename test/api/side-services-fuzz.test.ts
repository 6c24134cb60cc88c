/**
 * Requests to CloudWatch Logs, IAM and STS that no SDK would send: every action with members right and wrong, broken bodies, and other
 * people's words. None may be answered as a defect of ours, without a request id, or in another protocol's words; nor may memory grow.
 */
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  dictionary,
  integer,
  jsonValue,
  oneof,
  option,
  record,
  string,
  type Arbitrary,
} from 'fast-check'
import { expect, test } from 'vitest'
import { iamOperations } from '../../src/api/iam/iam-service.ts'
import { logsOperations } from '../../src/api/logs/logs-service.ts'
import { stsOperations } from '../../src/api/sts/sts-service.ts'
import { seed } from '../kit/cases.ts'
import { spawnSideServices } from '../kit/side-services.ts'
import { testKey } from '../kit/side-services-open.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { send, type Answer, type Endpoint } from './api-client.ts'

const runs = Number(process.env['ZIPYARD_FUZZ_RUNS'] ?? 300)

const groups = constantFrom('/aws/lambda/a', '/aws/lambda/b', 'c', '')
const streams = constantFrom('s', '2026/11/22/[$LATEST]0', 'x'.repeat(513), 'a:b')
const oddText = oneof(
  string(),
  string({ unit: 'binary' }),
  constantFrom(
    '',
    '\u0000',
    '\ud7ff',
    '%00',
    '../..',
    'null',
    '-1',
    '9'.repeat(400),
    'ä'.repeat(600),
    '*',
    '[',
    '{ $.a = "',
    '%(%',
  ),
)
const numbers = oneof(integer(), constantFrom(0, -1, 1, 14, 1e18, 1.5, Date.now(), Number.MAX_SAFE_INTEGER))

/** What each member mostly is; now and then it is anything. */
const logsMembers: Readonly<Record<string, Arbitrary<unknown>>> = {
  logGroupName: groups,
  logGroupIdentifier: oneof(
    groups,
    groups.map((name) => `arn:aws:logs:us-east-1:123456789012:log-group:${name}:*`),
  ),
  logStreamName: streams,
  logGroupNamePrefix: oneof(groups, oddText),
  logGroupNamePattern: oddText,
  logStreamNamePrefix: oneof(streams, oddText),
  logStreamNames: array(streams, { maxLength: 4 }),
  logEvents: array(
    oneof(
      record({ timestamp: numbers, message: oddText }),
      record({ timestamp: constantFrom(Date.now()), message: oddText }),
    ),
    { maxLength: 5 },
  ),
  filterPattern: oneof(
    oddText,
    constantFrom('ERROR', '"a b" -c', '{ $.a = 1 && $.b != "x*" }', '[a, b=2, ...]', '%\\d+%', '?a ?b'),
  ),
  kmsKeyId: oddText,
  logGroupClass: constantFrom('STANDARD', 'INFREQUENT_ACCESS', 'x'),
  nextToken: oddText,
  orderBy: constantFrom('LogStreamName', 'LastEventTime', 'x'),
  resourceArn: oneof(
    groups.map((name) => `arn:aws:logs:us-east-1:123456789012:log-group:${name}`),
    oddText,
  ),
  tags: dictionary(oddText, oddText, { maxKeys: 3 }),
  tagKeys: array(oddText, { maxLength: 3 }),
  descending: boolean(),
  startFromHead: boolean(),
  interleaved: boolean(),
  startTime: numbers,
  endTime: numbers,
  limit: numbers,
  retentionInDays: oneof(constantFrom(1, 14, 3653), numbers),
}

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
})
const names = constantFrom('a', 'b', 'deployer')
const policyArns = oneof(
  names.map((name) => `arn:aws:iam::123456789012:policy/${name}`),
  constantFrom('arn:aws:iam::aws:policy/AdministratorAccess', 'arn:aws:iam::210987654321:policy/a'),
  oddText,
)
const documents = oneof(
  constantFrom(policy, '{}', '[]', '"x"', '{"Statement":{"Effect":"Allow","Action":[["x"]]}}', `${'['.repeat(20_000)}`),
  oddText,
)
const formMembers: Readonly<Record<string, Arbitrary<string>>> = {
  RoleName: oneof(names, oddText),
  PolicyName: oneof(names, oddText),
  PolicyArn: policyArns,
  AssumeRolePolicyDocument: documents,
  PolicyDocument: documents,
  PermissionsBoundary: policyArns,
  Path: oneof(constantFrom('/', '/team/', 'team'), oddText),
  PathPrefix: oneof(constantFrom('/', '/team/'), oddText),
  Description: oddText,
  MaxSessionDuration: oneof(constantFrom('3600', '900', '1e9', '-1', '9'.repeat(30)), oddText),
  DurationSeconds: oneof(constantFrom('900', '3600', '0', '9'.repeat(30)), oddText),
  MaxItems: oneof(constantFrom('1', '1000', '0', '-1'), oddText),
  Marker: oddText,
  Scope: constantFrom('All', 'AWS', 'Local', 'x'),
  OnlyAttached: constantFrom('true', 'false', 'x'),
  SetAsDefault: constantFrom('true', 'false', 'x'),
  VersionId: oneof(constantFrom('v1', 'v2', 'v0', 'v-1'), oddText),
  RoleArn: oneof(
    names.map((name) => `arn:aws:iam::123456789012:role/${name}`),
    oddText,
  ),
  RoleSessionName: oneof(constantFrom('me', 'x'), oddText),
  AccessKeyId: oneof(constantFrom(testKey.accessKeyId, 'ASIATEST000000000001'), oddText),
  'Tags.member.1.Key': oddText,
  'Tags.member.1.Value': oddText,
  'TagKeys.member.1': oddText,
}

/** Each member there or not, right or wrong. */
function membersOf<Value>(
  members: Readonly<Record<string, Arbitrary<Value>>>,
  odd: Arbitrary<Value>,
): Arbitrary<Record<string, Value>> {
  const each = Object.entries(members).map(
    ([name, value]) =>
      [
        name,
        option(oneof({ arbitrary: value, weight: 12 }, { arbitrary: odd, weight: 1 }), { freq: 2, nil: undefined }),
      ] as const,
  )
  return record(Object.fromEntries(each)).map(
    (made) =>
      Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)) as Record<string, Value>,
  )
}

const jsonBodies = constantFrom(
  '',
  '[]',
  '"x"',
  'null',
  '{',
  '{"a":}',
  `${'['.repeat(50_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  '{"logGroupName":1e999}',
  '{"__proto__":{"logGroupName":"a"}}',
)

const logsRequests = record({
  action: oneof(
    { arbitrary: constantFrom(...Object.keys(logsOperations)), weight: 20 },
    { arbitrary: constantFrom('StartQuery', 'constructor', ''), weight: 1 },
  ),
  body: oneof(
    {
      arbitrary: membersOf(logsMembers, oneof(jsonValue(), numbers)).map((input) => JSON.stringify(input)),
      weight: 20,
    },
    { arbitrary: jsonBodies, weight: 1 },
  ),
}).map(({ action, body }) => ({
  service: 'logs',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${action}` },
  body,
}))

const formRequests = record({
  service: constantFrom('iam', 'iam', 'iam', 'sts'),
  action: option(
    oneof(
      { arbitrary: constantFrom(...Object.keys(iamOperations), ...Object.keys(stsOperations)), weight: 20 },
      { arbitrary: constantFrom('CreateUser', 'toString', '__proto__'), weight: 1 },
    ),
    { freq: 30, nil: undefined },
  ),
  input: membersOf(formMembers, oddText),
  garbage: constantFrom('', '', '', '', '', '&&=&%', '&Tags.member.1.Key', '&Action=GetRole'),
}).map(({ service, action, input, garbage }) => ({
  service,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body:
    new URLSearchParams({
      Version: service === 'iam' ? '2010-05-08' : '2011-06-15',
      ...(action === undefined ? {} : { Action: action }),
      ...input,
    }).toString() + garbage,
}))

/** What an answer must never be. */
function problemOf(service: string, { status, headers, body }: Answer): string | undefined {
  const text = body.toString()
  if (status >= 500) return `${status}: ${text.slice(0, 500)}`
  if (headers['x-amzn-requestid'] === undefined) return 'no request id'
  if (status < 400) return undefined
  if (service === 'logs') {
    const isFault = /"__type":"\w+"/.test(text) || headers['x-amzn-errortype'] !== undefined
    return isFault ? undefined : `not a fault of awsJson: ${text.slice(0, 500)}`
  }
  return /<Error>.*<Code>\w+<\/Code>/s.test(text)
    ? undefined
    : `not a fault of the query protocol: ${text.slice(0, 500)}`
}

test(
  `${runs} requests to Logs, IAM and STS that no SDK would send: each is answered in its protocol, none as a defect, nothing leaks`,
  { timeout: 600_000 + runs * 1000 },
  async () => {
    const services = await spawnSideServices(temporaryFolder())
    const endpoint: Endpoint = { url: services.url, region: 'us-east-1', credentials: testKey }
    const statuses = new Map<number, number>()
    const perform = async (request: {
      service: string
      headers: Record<string, string>
      body: string
    }): Promise<void> => {
      const answer = await send(endpoint, { method: 'POST', path: '/', ...request })
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      expect(problemOf(request.service, answer)).toBeUndefined()
    }
    const memory = async (): Promise<number> =>
      ((await services.ask('memory')) as { residentBytes: number }).residentBytes
    await assert(asyncProperty(logsRequests, perform), { numRuns: Math.ceil(runs / 4), ...seed })
    const before = await memory()
    await assert(asyncProperty(logsRequests, perform), { numRuns: Math.ceil(runs / 2), ...seed })
    await assert(asyncProperty(formRequests, perform), { numRuns: runs, ...seed })
    expect((await memory()) - before).toBeLessThan(200 * 1024 * 1024)
    // It reached what is behind the checks, and lives on.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(0)
    expect(statuses.get(400) ?? 0).toBeGreaterThan(0)
    const body = 'Action=GetCallerIdentity&Version=2011-06-15'
    const last = await send(endpoint, {
      method: 'POST',
      path: '/',
      service: 'sts',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    })
    expect([last.status, last.body.toString()]).toEqual([
      200,
      expect.stringContaining('<Account>123456789012</Account>'),
    ])
  },
)
