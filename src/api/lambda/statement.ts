/** Makes the statement of a resource policy from the members of AddPermission and AddLayerVersionPermission. */
import { invalidParameter } from '../../functions/errors.ts'
import type { Statement } from '../../functions/policies.ts'

export interface PermissionInput {
  readonly StatementId: string
  readonly Action: string
  readonly Principal: string
  readonly SourceArn?: string
  readonly SourceAccount?: string
  readonly EventSourceToken?: string
  readonly PrincipalOrgID?: string
  readonly OrganizationId?: string
  readonly FunctionUrlAuthType?: string
  readonly InvokedViaFunctionUrl?: boolean
}

export function makeStatement(input: PermissionInput, resource: string): Statement {
  const equals = defined({
    'AWS:SourceAccount': input.SourceAccount,
    'lambda:EventSourceToken': input.EventSourceToken,
    'lambda:FunctionUrlAuthType': input.FunctionUrlAuthType,
    'aws:PrincipalOrgID': input.PrincipalOrgID ?? input.OrganizationId,
  })
  const condition = {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(input.SourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': input.SourceArn } }),
    ...(input.InvokedViaFunctionUrl !== undefined && {
      Bool: { 'lambda:InvokedViaFunctionUrl': String(input.InvokedViaFunctionUrl) },
    }),
  }
  return {
    Sid: input.StatementId,
    Effect: 'Allow',
    Principal: principalOf(input.Principal),
    Action: input.Action,
    Resource: resource,
    ...(Object.keys(condition).length > 0 && { Condition: condition as Record<string, Record<string, string>> }),
  }
}

function principalOf(text: string): Statement['Principal'] {
  if (text === '*') return '*'
  if (/^\d{12}$/.test(text)) return { AWS: `arn:aws:iam::${text}:root` }
  if (/^arn:aws[a-z-]*:(iam|sts)::\d{12}:.+$/.test(text)) return { AWS: text }
  if (/^[a-z0-9.-]+\.(amazonaws\.com|amazon\.com|alexa\.com)$/.test(text) || text === 'apigateway.amazonaws.com') {
    return { Service: text }
  }
  throw invalidParameter({ text: 'The provided principal was invalid. Please check the principal and try again.' })
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
