import { defineError } from '../base/errors.ts'
import type { SigningCredentials } from '../aws/sigv4.ts'

/** A service that runs on this machine, as its `service.json` tells. */
export interface LocalService {
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Where calls go, and who signs them. */
export interface Target {
  readonly kind: 'zipyard' | 'aws' | 'endpoint'
  readonly region: string
  /** For people: `the service on http://127.0.0.1:4570`, `AWS (profile prod, eu-west-1)`. */
  readonly description: string
  endpoint(service: AwsService): string
  credentials(): Promise<SigningCredentials>
}

export type AwsService = 'lambda' | 's3' | 'sts' | 'logs'

export interface TargetOptions {
  readonly endpointUrl?: string | undefined
  readonly profile?: string | undefined
  readonly region?: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const endpointVariables: Readonly<Record<AwsService, string>> = {
  lambda: 'AWS_ENDPOINT_URL_LAMBDA',
  s3: 'AWS_ENDPOINT_URL_S3',
  sts: 'AWS_ENDPOINT_URL_STS',
  logs: 'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
}

export const noCredentials = defineError('ZY0701', 'refused', (p: { where: string }) => ({
  message: `No credentials were found for ${p.where}`,
  hint: 'Set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or name a profile with `--profile`',
}))

export const noRegion = defineError('ZY0702', 'usage', (p: { profile: string | undefined }) => ({
  message: p.profile
    ? `The profile \`${p.profile}\` names no region`
    : 'No service runs on this data folder, and no region of AWS is named',
  hint: p.profile
    ? 'Name one with `--region` or `AWS_REGION`'
    : 'Start the service with `zipyard serve`, or name AWS with `--profile NAME --region NAME`',
}))

/**
 * Chooses the target: `--endpoint-url`, `--profile` (AWS), an endpoint variable, a running service, then AWS itself.
 *
 * A service that runs on this machine wins over credentials that lie about, so that nothing strays to AWS unasked. A profile leads where its own
 * `endpoint_url` says, if it has one; endpoint variables, which `zipyard env` sets, do not redirect a profile that was asked for by name.
 */
export async function chooseTarget(
  options: TargetOptions,
  environment: Environment,
  runningService: () => LocalService | undefined,
): Promise<Target> {
  const variable = environment['AWS_ENDPOINT_URL_LAMBDA'] || environment['AWS_ENDPOINT_URL']
  const explicit = options.endpointUrl ?? (options.profile ? undefined : variable)
  const service = runningService()
  if (explicit !== undefined) return endpointTarget(explicit, options, environment, service)
  if (options.profile === undefined && service) return serviceTarget(service, options.region)
  return awsTarget(options, environment)
}

export function serviceTarget(service: LocalService, region?: string): Target {
  return {
    kind: 'zipyard',
    region: region ?? service.region,
    description: `the service on ${service.url}`,
    endpoint: () => service.url,
    credentials: async () => ({ accessKeyId: service.accessKeyId, secretAccessKey: service.secretAccessKey }),
  }
}

function endpointTarget(
  url: string,
  options: TargetOptions,
  environment: Environment,
  service: LocalService | undefined,
): Target {
  const own =
    service?.url === url.replace(/\/$/, '') && !environment['AWS_ACCESS_KEY_ID'] && !options.profile
      ? service
      : undefined
  if (own) return serviceTarget(own, options.region)
  const region = options.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  return {
    kind: 'endpoint',
    region,
    description: url,
    endpoint: (name) =>
      options.endpointUrl ? url : (environment[endpointVariables[name]] ?? environment['AWS_ENDPOINT_URL'] ?? url),
    credentials: () => findCredentials(url, options.profile, environment),
  }
}

async function awsTarget(options: TargetOptions, environment: Environment): Promise<Target> {
  const profile = options.profile ?? environment['AWS_PROFILE']
  const { readProfile } = await import('./profile.ts')
  const settings = readProfile(profile || 'default', environment)
  const region = options.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? settings.region
  if (!region) throw noRegion({ profile })
  const own = settings.endpointOf('lambda')
  const description =
    own === undefined
      ? `AWS (${profile ? `profile ${profile}, ` : ''}${region})`
      : `${own}${profile ? ` (profile ${profile})` : ''}`
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return {
    kind: own === undefined || new URL(own).hostname.endsWith(`.${domain}`) ? 'aws' : 'endpoint',
    region,
    description,
    endpoint: (service) => settings.endpointOf(service) ?? `https://${service}.${region}.${domain}`,
    credentials: () => findCredentials(description, profile, environment),
  }
}

/** Variables first; everything else (shared files, SSO, processes, container and instance roles) is the AWS SDK's own chain. */
async function findCredentials(
  where: string,
  profile: string | undefined,
  environment: Environment,
): Promise<SigningCredentials> {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID']
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY']
  if (!profile && accessKeyId && secretAccessKey)
    return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] || undefined }
  try {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
    const found = await defaultProvider(profile ? { profile } : {})()
    return { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey, sessionToken: found.sessionToken }
  } catch (cause) {
    throw noCredentials({ where }, { cause })
  }
}
