/** A function calls this service with boto3, as its role: what the role's policies allow is done, all else is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { runProgram, startService, type RunningService } from '../kit/zipyard.ts'

/** Does one call of boto3 and tells what became of it, in the words that a person would read in the log. */
const callerCode = `
import boto3
from botocore.exceptions import ClientError

def main(event, context):
    client = boto3.client(event['service'])
    try:
        answer = getattr(client, event['call'])(**event['arguments'])
    except ClientError as error:
        return {'code': error.response['Error']['Code'], 'message': error.response['Error']['Message'],
                'status': error.response['ResponseMetadata']['HTTPStatusCode']}
    if 'Payload' in answer:
        answer['Payload'] = answer['Payload'].read().decode()
    if 'Body' in answer:
        answer['Body'] = answer['Body'].read().decode()
    status = answer.pop('ResponseMetadata')['HTTPStatusCode']
    return {'status': status, **{key: str(value) for key, value in answer.items()}}
`

const account = '123456789012'
const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:${account}:function:${name}`
const anyoneOfLambda = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
}
const allow = (action: string, resource: string): object => ({ Effect: 'Allow', Action: action, Resource: resource })
const deny = (action: string, resource: string): object => ({ Effect: 'Deny', Action: action, Resource: resource })

let service: RunningService
let client: LambdaClient
beforeAll(async () => {
  service = await startService()
  client = new LambdaClient(serviceTarget(readServiceFile(service.dataFolder)))
  await aws('s3', 'mb', 's3://box')
  await makeRole('granted', [
    allow('lambda:InvokeFunction', functionArn('callee')),
    allow('s3:PutObject', 'arn:aws:s3:::box/out/*'),
    deny('s3:PutObject', 'arn:aws:s3:::box/out/secret/*'),
  ])
  await makeRole('bare')
  const callee = archive({ 'app.py': 'def main(event, context):\n    return {"heard": event}\n' })
  const caller = archive({ 'app.py': callerCode })
  await create('callee', 'bare', callee)
  await create('other', 'bare', callee)
  await create('granted-caller', 'granted', caller)
  await create('bare-caller', 'bare', caller)
  await create('roleless-caller', 'never-made', caller)
})
afterAll(() => service?.stop())

async function aws(...args: string[]): Promise<void> {
  const result = await runProgram('aws', args, { env: service.environment })
  expect(`${result.stderr}exit ${result.exitCode}`).toMatch(/exit 0$/)
}

async function makeRole(name: string, statements: readonly object[] = []): Promise<void> {
  const trust = JSON.stringify(anyoneOfLambda)
  await aws('iam', 'create-role', '--role-name', name, '--assume-role-policy-document', trust)
  if (statements.length === 0) return
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  await aws('iam', 'put-role-policy', '--role-name', name, '--policy-name', 'inline', '--policy-document', document)
}

async function create(name: string, role: string, code: Buffer): Promise<void> {
  await client.create({
    FunctionName: name,
    Runtime: 'python3.11',
    Handler: 'app.main',
    Role: `arn:aws:iam::${account}:role/${role}`,
    Timeout: 120,
    MemorySize: 256,
    Code: { ZipFile: code.toString('base64') },
  })
  await client.waitUntilReady(name)
}

/** The boto3 call that `caller` makes, and its answer. */
async function call(caller: string, serviceName: string, method: string, args: object = {}): Promise<unknown> {
  const event = { service: serviceName, call: method, arguments: args }
  const { payload, functionError } = await client.invoke(caller, { payload: Buffer.from(JSON.stringify(event)) })
  expect({ functionError, payload: payload.toString() }).toMatchObject({ functionError: undefined })
  return JSON.parse(payload.toString()) as unknown
}

/** The session's name begins with the function's. */
const sessionArn = (caller: string, role: string): string => `arn:aws:sts::${account}:assumed-role/${role}/${caller}`

const refusedInvocation = (caller: string, role: string, callee: string): object => ({
  code: 'AccessDeniedException',
  status: 403,
  message: expect.stringMatching(
    new RegExp(
      `^User: ${sessionArn(caller, role)} is not authorized to perform: ` +
        `lambda:InvokeFunction on resource: ${functionArn(callee)} because no identity-based policy allows`,
    ),
  ),
})
const refusedObject = { code: 'AccessDenied', status: 403 }

describe('a function whose role has an inline policy', () => {
  const caller = 'granted-caller'

  test('invokes the function that is granted, and no other', async () => {
    const payload = '{"n": 1}'
    expect(await call(caller, 'lambda', 'invoke', { FunctionName: 'callee', Payload: payload })).toMatchObject({
      status: 200,
      ExecutedVersion: '$LATEST',
      Payload: '{"heard": {"n": 1}}',
    })
    expect(await call(caller, 'lambda', 'invoke', { FunctionName: 'other', Payload: payload })).toMatchObject(
      refusedInvocation(caller, 'granted', 'other'),
    )
    const event = { FunctionName: 'callee', InvocationType: 'Event' }
    expect(await call(caller, 'lambda', 'invoke', event)).toMatchObject({ status: 202 })
    expect(await call(caller, 'lambda', 'delete_function', { FunctionName: 'callee' })).toMatchObject({
      code: 'AccessDeniedException',
      message: expect.stringContaining('lambda:DeleteFunction'),
    })
  })

  test('puts objects under the prefix that is granted; a Deny within it wins; reading is another permission', async () => {
    const put = (key: string): Promise<unknown> =>
      call(caller, 's3', 'put_object', { Bucket: 'box', Key: key, Body: 'from inside' })
    expect(await put('out/a.txt')).toMatchObject({ status: 200, ETag: expect.any(String) })
    expect(await put('elsewhere.txt')).toMatchObject(refusedObject)
    expect(await put('out/secret/a.txt')).toMatchObject(refusedObject)
    expect(await call(caller, 's3', 'get_object', { Bucket: 'box', Key: 'out/a.txt' })).toMatchObject(refusedObject)
    const listed = await runProgram('aws', ['s3', 'ls', 's3://box', '--recursive'], { env: service.environment })
    expect(listed.stdout).toMatch(/^\S+ \S+ +11 out\/a\.txt\n$/)
  })

  test('knows who it is', async () => {
    expect(await call(caller, 'sts', 'get_caller_identity')).toEqual({
      status: 200,
      Account: account,
      Arn: sessionArn(caller, 'granted'),
      UserId: expect.stringMatching(new RegExp(`^AROA[A-Z0-9]+:${caller}$`)),
    })
  })
})

test.each([
  ['bare-caller', 'bare', 'a role without policies'],
  ['roleless-caller', 'never-made', 'a role that was never made'],
])('%s, with role %s, may do nothing but learn who it is: %s', async (caller, role) => {
  const invocation = await call(caller, 'lambda', 'invoke', { FunctionName: 'callee' })
  expect(invocation).toMatchObject(refusedInvocation(caller, role, 'callee'))
  const object = { Bucket: 'box', Key: 'out/a.txt', Body: 'x' }
  expect(await call(caller, 's3', 'put_object', object)).toMatchObject(refusedObject)
  expect(await call(caller, 'sts', 'get_caller_identity')).toMatchObject({
    status: 200,
    Arn: sessionArn(caller, role),
  })
})

test('a policy that is added or taken away counts from the next call on', async () => {
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [allow('lambda:Invoke*', functionArn('callee'))],
  })
  const named = ['--role-name', 'bare', '--policy-name', 'late']
  await aws('iam', 'put-role-policy', ...named, '--policy-document', document)
  expect(await call('bare-caller', 'lambda', 'invoke', { FunctionName: 'callee' })).toMatchObject({ status: 200 })
  await aws('iam', 'delete-role-policy', ...named)
  expect(await call('bare-caller', 'lambda', 'invoke', { FunctionName: 'callee' })).toMatchObject(
    refusedInvocation('bare-caller', 'bare', 'callee'),
  )
})
