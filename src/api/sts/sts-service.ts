/** AWS Security Token Service: who am I, and keys for a while. */
import { sha256 } from '../../base/digest.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import type { ApiRequest, ApiResponse, ApiService, Caller } from '../http/message.ts'
import type { KeyRing } from '../http/key-ring.ts'
import { mayCall, type IsGranted } from '../grants.ts'
import { findRole } from '../iam/role.ts'
import { queryAnswer, QueryFault, QueryParameters, renderQueryError } from '../query/query-protocol.ts'
import type { XmlFields } from '../xml/xml-writer.ts'
import { trusts } from './trust.ts'

/** Temporary keys, as STS hands them out. */
export interface SessionKey {
  readonly accessKeyId: string
  readonly secret: string
  readonly sessionToken?: string | undefined
  readonly expiresAt?: number | undefined
}

/** Port: makes temporary keys and knows them from then on, also after a restart. */
export interface SessionIssuer {
  issueForRole(roleArn: string, sessionName: string, lifetimeMs: number): SessionKey | Promise<SessionKey>
  /** Keys of the user itself. */
  issueForUser(user: Pick<Caller, 'accountId' | 'arn'>, lifetimeMs: number): SessionKey | Promise<SessionKey>
}

export interface StsServiceOptions {
  readonly db: CatalogQueries
  readonly sessions: SessionIssuer
  readonly keyRing: KeyRing
  readonly isGranted: IsGranted
}

export const stsNamespace = { namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' }

type Action = (options: StsServiceOptions, request: ApiRequest, parameters: QueryParameters) => Promise<XmlFields>

/** Everything STS that is served. */
export const stsOperations: Readonly<Record<string, Action>> = {
  GetCallerIdentity: async (options, request) => identityOf(options.db, request.caller),
  AssumeRole: assumeRole,
  GetSessionToken: getSessionToken,
  async GetAccessKeyInfo(options, _request, parameters) {
    const key = options.keyRing.find(parameters.required('AccessKeyId'))
    if (!key) throw new QueryFault(403, 'AccessDenied', 'The access key does not exist')
    return { Account: key.accountId }
  },
}

export function createStsService(options: StsServiceOptions): ApiService {
  return {
    name: 'sts',
    renderError: (error, request) => renderQueryError(stsNamespace, error, request),
    async handle(request): Promise<ApiResponse> {
      const parameters = await QueryParameters.read(request)
      const name = parameters.optional('Action') ?? ''
      const action = Object.hasOwn(stsOperations, name) ? stsOperations[name] : undefined
      if (!action) {
        throw new QueryFault(
          400,
          'InvalidAction',
          `Could not find operation ${name} for version 2011-06-15: Zipyard does not serve it`,
        )
      }
      return queryAnswer(stsNamespace, request, name, await action(options, request, parameters))
    },
  }
}

async function identityOf(db: CatalogQueries, caller: Caller): Promise<XmlFields> {
  const session = /:assumed-role\/([^/]+)\/(.+)$/.exec(caller.arn)
  const role = session && (await findRole(db, caller.accountId, session[1]!))
  const userId = session
    ? `${role?.role_id ?? madeUpId('AROA', session[1]!)}:${session[2]!}`
    : madeUpId('AIDA', caller.arn)
  return { Arn: caller.arn, UserId: userId, Account: caller.accountId }
}

/** @throws AccessDenied unless the role is there and its trust policy names the caller */
async function assumeRole(
  options: StsServiceOptions,
  request: ApiRequest,
  parameters: QueryParameters,
): Promise<XmlFields> {
  const roleArn = parameters.required('RoleArn')
  const sessionName = parameters.required('RoleSessionName')
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw new QueryFault(
      400,
      'ValidationError',
      `1 validation error detected: Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    )
  }
  const seconds = parameters.integer('DurationSeconds', { min: 900, max: 43_200 }) ?? 3600
  const match = /^arn:aws[\w-]*:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/.exec(roleArn)
  if (!match) throw new QueryFault(400, 'ValidationError', `${roleArn} is invalid`)
  const { caller } = request
  const role = match[1] === caller.accountId ? await findRole(options.db, caller.accountId, match[2]!) : undefined
  const granted = await mayCall(options.isGranted, caller, { action: 'sts:AssumeRole', resource: roleArn })
  if (!role || !granted || !trusts(role.trust_policy, caller)) {
    throw new QueryFault(
      403,
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    )
  }
  if (seconds > role.max_session_seconds) {
    throw new QueryFault(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  }
  const key = await options.sessions.issueForRole(roleArn, sessionName, seconds * 1000)
  return {
    AssumedRoleUser: {
      AssumedRoleId: `${role.role_id}:${sessionName}`,
      Arn: `arn:aws:sts::${caller.accountId}:assumed-role/${role.name}/${sessionName}`,
    },
    Credentials: credentials(key),
  }
}

async function getSessionToken(
  options: StsServiceOptions,
  request: ApiRequest,
  parameters: QueryParameters,
): Promise<XmlFields> {
  const seconds = parameters.integer('DurationSeconds', { min: 900, max: 129_600 }) ?? 43_200
  if (request.caller.kind !== 'user') {
    throw new QueryFault(403, 'AccessDenied', 'Cannot call GetSessionToken with session credentials')
  }
  return { Credentials: credentials(await options.sessions.issueForUser(request.caller, seconds * 1000)) }
}

function credentials(key: SessionKey): XmlFields {
  return {
    AccessKeyId: key.accessKeyId,
    SecretAccessKey: key.secret,
    SessionToken: key.sessionToken,
    Expiration: key.expiresAt === undefined ? undefined : new Date(key.expiresAt).toISOString().replace('.000', ''),
  }
}

/** An id in AWS's form for principals that have none of their own. */
function madeUpId(prefix: string, name: string): string {
  return (
    prefix +
    BigInt(`0x${sha256(name)}`)
      .toString(32)
      .toUpperCase()
      .slice(0, 17)
  )
}
