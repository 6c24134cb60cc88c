import { invalidParameter, notSupported } from '../../functions/errors.ts'
import { parseFunctionName, type FunctionKey, type Scope } from '../../functions/function-name.ts'

/** The function of a tags request; only functions have tags here. */
export function parseTaggable(resource: string, scope: Scope): FunctionKey {
  const kind = resource.split(':')[5]
  if (kind !== 'function') throw notSupported({ what: `Tags of \`${kind}\`` })
  const { qualifier, ...key } = parseFunctionName(resource, scope)
  if (qualifier !== undefined) {
    throw invalidParameter({
      text: 'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    })
  }
  return key
}
