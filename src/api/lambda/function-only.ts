import { invalidParameter } from '../../functions/errors.ts'
import { parseFunctionName, type FunctionKey, type Scope } from '../../functions/function-name.ts'

/** The name of an operation that takes functions, and neither versions nor aliases. */
export function parseFunctionOnly(functionName: string, scope: Scope): FunctionKey {
  const { qualifier, ...key } = parseFunctionName(functionName, scope)
  if (qualifier !== undefined) {
    throw invalidParameter({
      text: 'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.',
    })
  }
  return key
}
