import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { GuestCredentials } from '../invoker/guest-environment.ts'
import type { AccessKeys } from './access-keys.ts'

/** How long the keys of an environment hold, in milliseconds. */
const lifetimeMs = 12 * 60 * 60 * 1000

const endpointVariables = ['LAMBDA', 'S3', 'STS', 'IAM', 'CLOUDWATCH_LOGS'] as const

/**
 * What an execution environment signs its AWS calls with: short-lived keys of its function's role, and, when `url` is given, the endpoints of
 * this service, so that `boto3.client('s3')` inside a function talks to the buckets here.
 */
export function guestCredentials(
  keys: AccessKeys,
  version: RunnableVersion,
  url: string | undefined,
  relays?: GuestCredentials['relays'],
): GuestCredentials {
  const key = keys.issueForRole(version.roleArn, sessionName(version.functionName), lifetimeMs)
  return {
    accessKeyId: key.accessKeyId,
    secretAccessKey: key.secret,
    sessionToken: key.sessionToken,
    endpoints:
      url === undefined
        ? undefined
        : Object.fromEntries(endpointVariables.map((name) => [`AWS_ENDPOINT_URL_${name}`, url])),
    relays,
  }
}

/** The function's name. A session name has two characters at least, so AWS lengthens a name of one: recorded in November 2025. */
function sessionName(functionName: string): string {
  return functionName.length === 1 ? `${functionName}@lambda_function` : functionName
}
