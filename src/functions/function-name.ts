/**
 * Names of functions as the API takes them: `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME`, `function:NAME`, a whole ARN, each with an
 * optional qualifier. The model's pattern was checked before; here the parts are told apart and compared with the request.
 */
import { recalling } from '../base/recall.ts'
import { accessDenied, invalidParameter, resourceNotFound } from './errors.ts'

/** Whose state: nothing is shared between accounts or regions. */
export interface Scope {
  readonly accountId: string
  readonly region: string
}

export interface FunctionKey extends Scope {
  readonly name: string
}

export const latest = '$LATEST'

/** Unqualified ARN of a function, or with a qualifier. */
export function functionArn(key: FunctionKey, qualifier?: string): string {
  return `arn:aws:lambda:${key.region}:${key.accountId}:function:${key.name}${qualifier === undefined ? '' : `:${qualifier}`}`
}

/** The parts that stand in a text; region and account only where it has them. */
export interface FunctionNameParts {
  readonly name: string
  readonly qualifier?: string | undefined
  readonly region?: string | undefined
  readonly accountId?: string | undefined
}

/** @example splitFunctionName('123456789012:function:hello:prod') // { accountId: '123456789012', name: 'hello', qualifier: 'prod' } */
export function splitFunctionName(text: string): FunctionNameParts {
  return recallParts(text)
}

const recallParts = recalling((text: string): FunctionNameParts => {
  const match =
    /^(?:arn:[^:]*:lambda:)?(?:(?<region>[a-z]+(?:-[a-z0-9]+)+-\d):)?(?:(?<accountId>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>[^:]+))?$/.exec(
      text,
    )
  const { name, qualifier, region, accountId } = (match?.groups ?? {}) as Partial<FunctionNameParts>
  return { name: name ?? text, qualifier, region, accountId }
}, 2000)

/**
 * The function that a request means.
 *
 * @param qualifier the request's own `Qualifier`; must not contradict that of the name
 * @throws `resourceNotFound` for another region, `accessDenied` for another account, `invalidParameter` when the qualifiers differ
 */
export function parseFunctionName(
  text: string,
  scope: Scope,
  qualifier?: string,
): FunctionKey & { readonly qualifier: string | undefined } {
  const parts = splitFunctionName(text)
  if (parts.region !== undefined && parts.region !== scope.region) {
    throw resourceNotFound({
      text: `Functions from '${parts.region}' are not reachable in this region ('${scope.region}')`,
    })
  }
  if (parts.accountId !== undefined && parts.accountId !== scope.accountId) {
    throw accessDenied({ text: `Account ${scope.accountId} may not use functions of account ${parts.accountId}` })
  }
  if (parts.qualifier !== undefined && qualifier !== undefined && parts.qualifier !== qualifier) {
    throw invalidParameter({
      text: 'The derived qualifier from the function name does not match the specified qualifier.',
    })
  }
  return { accountId: scope.accountId, region: scope.region, name: parts.name, qualifier: qualifier ?? parts.qualifier }
}

/** Whether a qualifier is a published version's number. */
export function isVersionNumber(qualifier: string): boolean {
  return /^\d+$/.test(qualifier)
}
