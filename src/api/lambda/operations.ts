/** All operations of the Lambda API: what this list does not implement it names as refused. The printed reference comes from it. */
import { notSupported } from '../../functions/errors.ts'
import { operationModels } from './model/model.gen.ts'
import type { Operation } from './operation.ts'
import { createFunction } from './operations/create-function.ts'
import { deleteFunctionConcurrency } from './operations/delete-function-concurrency.ts'
import { deleteFunction } from './operations/delete-function.ts'
import { getFunctionCodeSigningConfig } from './operations/get-function-code-signing-config.ts'
import { getFunctionConcurrency } from './operations/get-function-concurrency.ts'
import { getFunctionConfiguration } from './operations/get-function-configuration.ts'
import { getFunction } from './operations/get-function.ts'
import { invoke } from './operations/invoke.ts'
import { listFunctions } from './operations/list-functions.ts'
import { listTags } from './operations/list-tags.ts'
import { listVersionsByFunction } from './operations/list-versions-by-function.ts'
import { publishVersion } from './operations/publish-version.ts'
import { putFunctionConcurrency } from './operations/put-function-concurrency.ts'
import { tagResource } from './operations/tag-resource.ts'
import { untagResource } from './operations/untag-resource.ts'
import { updateFunctionCode } from './operations/update-function-code.ts'
import { updateFunctionConfiguration } from './operations/update-function-configuration.ts'

const served: readonly Operation[] = [
  createFunction,
  deleteFunction,
  deleteFunctionConcurrency,
  getFunction,
  getFunctionCodeSigningConfig,
  getFunctionConcurrency,
  getFunctionConfiguration,
  invoke,
  listFunctions,
  listTags,
  listVersionsByFunction,
  publishVersion,
  putFunctionConcurrency,
  tagResource,
  untagResource,
  updateFunctionCode,
  updateFunctionConfiguration,
]

function refuse(name: string): Operation {
  return {
    name,
    support: 'refused',
    handle: () => Promise.reject(notSupported({ what: `The operation \`${name}\`` })),
  }
}

/** By name, in the order of the alphabet; every operation of the model is here. */
export const operations: ReadonlyMap<string, Operation> = new Map([
  ...Object.keys(operationModels).map((name) => [name, refuse(name)] as const),
  ...served.map((operation) => [operation.name, operation] as const),
])
