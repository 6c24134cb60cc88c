/** The part of IAM that Lambda users need: roles and policies, stored and returned; what they grant is enforced for roles of functions. */
import type { Clock } from '../../base/clock.ts'
import type { Catalog } from '../../store/catalog.ts'
import type { ApiResponse, ApiService } from '../http/message.ts'
import { mayCall, type IsGranted } from '../grants.ts'
import { queryAnswer, QueryFault, QueryParameters, renderQueryError } from '../query/query-protocol.ts'
import type { IamAction } from './iam-operation.ts'
import { policyActions } from './policy-actions.ts'
import { roleActions } from './role-actions.ts'

const protocol = { namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' }

/** Everything IAM that is served. */
export const iamOperations: Readonly<Record<string, IamAction>> = { ...roleActions, ...policyActions }

export interface IamServiceOptions {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly isGranted: IsGranted
}

export function createIamService(options: IamServiceOptions): ApiService {
  return {
    name: 'iam',
    renderError: (error, request) => renderQueryError(protocol, error, request),
    async handle(request): Promise<ApiResponse> {
      const { caller } = request
      const parameters = await QueryParameters.read(request)
      const name = parameters.optional('Action') ?? ''
      const action = Object.hasOwn(iamOperations, name) ? iamOperations[name] : undefined
      if (!action) {
        throw new QueryFault(
          400,
          'InvalidAction',
          `Could not find operation ${name} for version 2010-05-08: Zipyard does not serve it`,
        )
      }
      const role = parameters.optional('RoleName')
      const resource =
        role === undefined ? (parameters.optional('PolicyArn') ?? '*') : `arn:aws:iam::${caller.accountId}:role/${role}`
      if (!(await mayCall(options.isGranted, caller, { action: `iam:${name}`, resource }))) {
        throw new QueryFault(
          403,
          'AccessDenied',
          `User: ${caller.arn} is not authorized to perform: iam:${name} on resource: ${resource} because no identity-based policy allows the iam:${name} action`,
        )
      }
      const { catalog, clock } = options
      return queryAnswer(protocol, request, name, await action({ catalog, clock, caller, parameters }))
    },
  }
}
