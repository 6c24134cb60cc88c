/** All operations of the Lambda API: what this list does not implement it names as refused. The printed reference comes from it. */
import { notSupported } from '../../functions/errors.ts'
import { operationModels } from './model/model.gen.ts'
import type { Operation } from './operation.ts'
import { addLayerVersionPermission } from './operations/add-layer-version-permission.ts'
import { addPermission } from './operations/add-permission.ts'
import { createAlias } from './operations/create-alias.ts'
import { createCodeSigningConfig } from './operations/create-code-signing-config.ts'
import { createFunctionUrlConfig } from './operations/create-function-url-config.ts'
import { createFunction } from './operations/create-function.ts'
import { deleteAlias } from './operations/delete-alias.ts'
import { deleteCodeSigningConfig } from './operations/delete-code-signing-config.ts'
import { deleteFunctionCodeSigningConfig } from './operations/delete-function-code-signing-config.ts'
import { deleteFunctionConcurrency } from './operations/delete-function-concurrency.ts'
import { deleteFunctionEventInvokeConfig } from './operations/delete-function-event-invoke-config.ts'
import { deleteFunctionUrlConfig } from './operations/delete-function-url-config.ts'
import { deleteFunction } from './operations/delete-function.ts'
import { deleteLayerVersion } from './operations/delete-layer-version.ts'
import { deleteProvisionedConcurrencyConfig } from './operations/delete-provisioned-concurrency-config.ts'
import { getAccountSettings } from './operations/get-account-settings.ts'
import { getAlias } from './operations/get-alias.ts'
import { getCodeSigningConfig } from './operations/get-code-signing-config.ts'
import { getFunctionCodeSigningConfig } from './operations/get-function-code-signing-config.ts'
import { getFunctionConcurrency } from './operations/get-function-concurrency.ts'
import { getFunctionConfiguration } from './operations/get-function-configuration.ts'
import { getFunctionEventInvokeConfig } from './operations/get-function-event-invoke-config.ts'
import { getFunctionRecursionConfig } from './operations/get-function-recursion-config.ts'
import { getFunctionUrlConfig } from './operations/get-function-url-config.ts'
import { getFunction } from './operations/get-function.ts'
import { getLayerVersionByArn } from './operations/get-layer-version-by-arn.ts'
import { getLayerVersionPolicy } from './operations/get-layer-version-policy.ts'
import { getLayerVersion } from './operations/get-layer-version.ts'
import { getPolicy } from './operations/get-policy.ts'
import { getProvisionedConcurrencyConfig } from './operations/get-provisioned-concurrency-config.ts'
import { getRuntimeManagementConfig } from './operations/get-runtime-management-config.ts'
import { invokeAsync } from './operations/invoke-async.ts'
import { invoke } from './operations/invoke.ts'
import { listAliases } from './operations/list-aliases.ts'
import { listCodeSigningConfigs } from './operations/list-code-signing-configs.ts'
import { listFunctionEventInvokeConfigs } from './operations/list-function-event-invoke-configs.ts'
import { listFunctionUrlConfigs } from './operations/list-function-url-configs.ts'
import { listFunctionsByCodeSigningConfig } from './operations/list-functions-by-code-signing-config.ts'
import { listFunctions } from './operations/list-functions.ts'
import { listLayerVersions } from './operations/list-layer-versions.ts'
import { listLayers } from './operations/list-layers.ts'
import { listProvisionedConcurrencyConfigs } from './operations/list-provisioned-concurrency-configs.ts'
import { listTags } from './operations/list-tags.ts'
import { listVersionsByFunction } from './operations/list-versions-by-function.ts'
import { publishLayerVersion } from './operations/publish-layer-version.ts'
import { publishVersion } from './operations/publish-version.ts'
import { putFunctionCodeSigningConfig } from './operations/put-function-code-signing-config.ts'
import { putFunctionConcurrency } from './operations/put-function-concurrency.ts'
import { putFunctionEventInvokeConfig } from './operations/put-function-event-invoke-config.ts'
import { putFunctionRecursionConfig } from './operations/put-function-recursion-config.ts'
import { putProvisionedConcurrencyConfig } from './operations/put-provisioned-concurrency-config.ts'
import { putRuntimeManagementConfig } from './operations/put-runtime-management-config.ts'
import { removeLayerVersionPermission } from './operations/remove-layer-version-permission.ts'
import { removePermission } from './operations/remove-permission.ts'
import { tagResource } from './operations/tag-resource.ts'
import { untagResource } from './operations/untag-resource.ts'
import { updateAlias } from './operations/update-alias.ts'
import { updateCodeSigningConfig } from './operations/update-code-signing-config.ts'
import { updateFunctionCode } from './operations/update-function-code.ts'
import { updateFunctionConfiguration } from './operations/update-function-configuration.ts'
import { updateFunctionEventInvokeConfig } from './operations/update-function-event-invoke-config.ts'
import { updateFunctionUrlConfig } from './operations/update-function-url-config.ts'

const served: readonly Operation[] = [
  addLayerVersionPermission,
  addPermission,
  createAlias,
  createCodeSigningConfig,
  createFunctionUrlConfig,
  createFunction,
  deleteAlias,
  deleteCodeSigningConfig,
  deleteFunctionCodeSigningConfig,
  deleteFunctionConcurrency,
  deleteFunctionEventInvokeConfig,
  deleteFunctionUrlConfig,
  deleteFunction,
  deleteLayerVersion,
  deleteProvisionedConcurrencyConfig,
  getAccountSettings,
  getAlias,
  getCodeSigningConfig,
  getFunctionCodeSigningConfig,
  getFunctionConcurrency,
  getFunctionConfiguration,
  getFunctionEventInvokeConfig,
  getFunctionRecursionConfig,
  getFunctionUrlConfig,
  getFunction,
  getLayerVersionByArn,
  getLayerVersionPolicy,
  getLayerVersion,
  getPolicy,
  getProvisionedConcurrencyConfig,
  getRuntimeManagementConfig,
  invokeAsync,
  invoke,
  listAliases,
  listCodeSigningConfigs,
  listFunctionEventInvokeConfigs,
  listFunctionUrlConfigs,
  listFunctionsByCodeSigningConfig,
  listFunctions,
  listLayerVersions,
  listLayers,
  listProvisionedConcurrencyConfigs,
  listTags,
  listVersionsByFunction,
  publishLayerVersion,
  publishVersion,
  putFunctionCodeSigningConfig,
  putFunctionConcurrency,
  putFunctionEventInvokeConfig,
  putFunctionRecursionConfig,
  putProvisionedConcurrencyConfig,
  putRuntimeManagementConfig,
  removeLayerVersionPermission,
  removePermission,
  tagResource,
  untagResource,
  updateAlias,
  updateCodeSigningConfig,
  updateFunctionCode,
  updateFunctionConfiguration,
  updateFunctionEventInvokeConfig,
  updateFunctionUrlConfig,
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
