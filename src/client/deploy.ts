import { createReadStream, readFileSync } from 'node:fs'
import { defineError } from '../base/errors.ts'
import { formatBytes } from '../base/byte-size.ts'
import { callJson, encode, refusal, send } from './call.ts'
import { configurationInput, planDeployment, type DeployPlan, type DesiredFunction } from './deploy-plan.ts'
import { LambdaClient, type FunctionConfiguration } from './lambda-client.ts'
import type { Target } from './target.ts'

export interface DeployOptions {
  /** The deployment package on disk. */
  readonly archive: string
  readonly desired: DesiredFunction
  /** Asked for what a new function needs beyond `desired`; may refuse. */
  readonly creating: () => DesiredFunction
  readonly publish: boolean
  readonly alias?: string | undefined
  /** Upload through this bucket; without one, packages that are too big for a direct upload go to a bucket of ours. */
  readonly bucket?: string | undefined
  readonly dryRun: boolean
  readonly signal: AbortSignal
  /** Told before each call that changes something. */
  readonly onStep: (step: string) => void
}

export interface Deployment {
  readonly plan: DeployPlan
  /** Bytes of code sent. */
  readonly sentBytes: number
  readonly configuration: FunctionConfiguration | undefined
  readonly publishedVersion: string | undefined
}

/**
 * Largest zip sent inside a request, in bytes: its base64 and the rest of the JSON must stay below 69,905,067 bytes, the smaller of
 * the two limits that were seen for UpdateFunctionCode.
 */
export const directUploadLimit = 52_400_000

export const roleNeeded = defineError('ZY0706', 'usage', (p: { name: string }) => ({
  message: `\`${p.name}\` does not exist yet, and creating it needs an execution role`,
  hint: 'Name one: `--role arn:aws:iam::ACCOUNT:role/NAME`',
}))

export const foreignBucket = defineError('ZY0710', 'refused', (p: { bucket: string }) => ({
  message: `The bucket \`${p.bucket}\` is not open to this account: it may belong to another one`,
  hint: 'Name a bucket of your own with `--s3-bucket NAME`',
}))

/** Creates or updates a function; calls nothing that changes something when code and configuration are equal. */
export async function deploy(target: Target, options: DeployOptions): Promise<Deployment> {
  const lambda = new LambdaClient(target)
  const { desired } = options
  const current = await lambda.getConfiguration(desired.name)
  const plan = planDeployment(desired, current)
  const unchanged = { plan, sentBytes: 0, configuration: current, publishedVersion: undefined }
  if (plan.action === 'create') options.creating()
  if (options.dryRun || (plan.action === 'unchanged' && !options.publish && !options.alias)) return unchanged
  let sentBytes = 0
  if (plan.action === 'create') {
    const wanted = options.creating()
    const role = wanted.role ?? (target.kind === 'aws' ? undefined : defaultRole)
    if (role === undefined) throw roleNeeded({ name: desired.name })
    options.onStep(`creating ${desired.name}`)
    const code = await codeInput(target, options)
    sentBytes = desired.codeBytes
    await lambda.create({
      FunctionName: desired.name,
      Code: code,
      ...configurationInput({ ...wanted, role }),
      ...(desired.architecture ? { Architectures: [desired.architecture] } : {}),
    })
  } else if (plan.action === 'update') {
    if (plan.configuration.length > 0) {
      options.onStep(`updating configuration: ${plan.configuration.map((difference) => difference.member).join(', ')}`)
      await lambda.waitUntilReady(desired.name, options.signal)
      const changed = new Set(plan.configuration.map((difference) => difference.member))
      const input = Object.entries(configurationInput(desired)).filter(([member]) => changed.has(member))
      await lambda.updateConfiguration(desired.name, Object.fromEntries(input))
    }
    if (plan.code) {
      options.onStep(`updating code: ${formatBytes(desired.codeBytes)}`)
      await lambda.waitUntilReady(desired.name, options.signal)
      sentBytes = desired.codeBytes
      await lambda.updateCode(desired.name, {
        ...(await codeInput(target, options)),
        ...(desired.architecture ? { Architectures: [desired.architecture] } : {}),
      })
    }
  }
  const configuration = await lambda.waitUntilReady(desired.name, options.signal)
  const publishedVersion = await publish(lambda, options)
  return { plan, sentBytes, configuration, publishedVersion }
}

/** The role that a local service takes without asking: it checks the form of a role only. */
const defaultRole = 'arn:aws:iam::123456789012:role/lambda-ex'

async function publish(lambda: LambdaClient, options: DeployOptions): Promise<string | undefined> {
  if (!options.publish && !options.alias) return undefined
  const published = await lambda.publishVersion(options.desired.name)
  if (options.alias) {
    options.onStep(`pointing alias ${options.alias} at version ${published.Version}`)
    await lambda.putAlias(options.desired.name, options.alias, published.Version)
  }
  return published.Version
}

/** `ZipFile`, or a bucket and key after an upload to S3. */
async function codeInput(target: Target, options: DeployOptions): Promise<Record<string, string>> {
  const { desired } = options
  if (options.bucket === undefined && desired.codeBytes <= directUploadLimit)
    return { ZipFile: readFileSync(options.archive).toString('base64') }
  const own = options.bucket === undefined ? await ownBucket(target, options) : undefined
  const bucket = own?.name ?? options.bucket!
  const key = `zipyard/${desired.name}/${Buffer.from(desired.codeSha256, 'base64').toString('hex')}.zip`
  options.onStep(`uploading ${formatBytes(desired.codeBytes)} to s3://${bucket}/${key}`)
  const result = await send(target, {
    service: 's3',
    method: 'PUT',
    path: `/${encode(bucket)}/${key.split('/').map(encode).join('/')}`,
    headers: { 'content-type': 'application/zip', ...ownedBy(own?.accountId) },
    body: { stream: () => createReadStream(options.archive), bytes: desired.codeBytes },
    signal: options.signal,
  })
  if (own && result.status === 403) throw foreignBucket({ bucket }, { cause: refusal('PutObject', result) })
  if (result.status >= 300) throw refusal(`Uploading to s3://${bucket}`, result)
  return { S3Bucket: bucket, S3Key: key }
}

/** Makes S3 refuse a bucket of another account. */
const ownedBy = (accountId: string | undefined): Record<string, string> =>
  accountId === undefined ? {} : { 'x-amz-expected-bucket-owner': accountId }

/**
 * `zipyard-ACCOUNT-REGION`, made at the first need. Bucket names are shared by all accounts and anybody may have taken this one before:
 * code goes to it only when it belongs to the account that deploys.
 */
async function ownBucket(target: Target, options: DeployOptions): Promise<{ name: string; accountId: string }> {
  const identity = await send(target, {
    service: 'sts',
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  })
  const account = /<Account>(\d{12})<\/Account>/.exec(identity.body.toString('utf8'))?.[1]
  if (!account) throw refusal('GetCallerIdentity', identity)
  const bucket = `zipyard-${account}-${target.region}`
  const head = await send(target, { service: 's3', method: 'HEAD', path: `/${bucket}`, headers: ownedBy(account) })
  if (head.status === 404) {
    options.onStep(`making the bucket ${bucket}`)
    const body =
      target.region === 'us-east-1'
        ? ''
        : `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${target.region}</LocationConstraint></CreateBucketConfiguration>`
    await callJson(target, 'CreateBucket', { service: 's3', method: 'PUT', path: `/${bucket}`, body })
  }
  return { name: bucket, accountId: account }
}
