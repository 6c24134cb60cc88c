/** Functions, their versions and aliases, layers, policies and settings. Every row belongs to an account and a region. */
export interface FunctionTables {
  function: FunctionTable
  function_version: FunctionVersionTable
  function_alias: FunctionAliasTable
  function_setting: FunctionSettingTable
  function_url: FunctionUrlTable
  resource_policy: ResourcePolicyTable
  layer: LayerTable
  layer_version: LayerVersionTable
  code_signing_config: CodeSigningConfigTable
}

export interface FunctionTable {
  account_id: string
  region: string
  name: string
  /** Ours. A function deleted and made again under its name is another function. */
  id: string
  created_at: number
  /** The highest number ever published: numbers are never used twice. */
  last_version: number
  /** JSON object. */
  tags: string
  /** Null: none is reserved. */
  reserved_concurrency: number | null
  recursive_loop: 'Allow' | 'Terminate'
  /** ARN, or null. */
  code_signing_config: string | null
}

export interface FunctionVersionTable {
  account_id: string
  region: string
  name: string
  /** 0 is `$LATEST`. */
  number: number
  revision_id: string
  /** JSON, in the API's own names: see `functions/configuration.ts`. */
  configuration: string
  code_digest: string
  code_bytes: number
  /** Sum of the sizes of the package's files, in bytes. */
  unzipped_bytes: number
  /** What was published: digest over code and configuration. Null for `$LATEST`. */
  fingerprint: string | null
  state: 'Pending' | 'Active' | 'Failed'
  /** Null while the version is being created. */
  update_status: 'InProgress' | 'Successful' | 'Failed' | null
  /** Why `state` or `update_status` is `Failed`. */
  failure: string | null
  modified_at: number
  /** While an update is in progress or failed, invocations run what was there before: JSON configuration and digest. */
  running_configuration: string | null
  running_digest: string | null
  running_bytes: number | null
}

export interface FunctionAliasTable {
  account_id: string
  region: string
  name: string
  alias: string
  /** Number of the version it points to; 0 is `$LATEST`. */
  version: number
  description: string
  /** JSON object: version → weight. Empty when all goes to `version`. */
  weights: string
  revision_id: string
}

/** A document of one qualifier: its configuration for asynchronous invocation, provisioned concurrency, runtime management. */
export interface FunctionSettingTable {
  account_id: string
  region: string
  name: string
  /** `$LATEST`, a number or an alias. */
  qualifier: string
  kind: 'event-invoke' | 'provisioned-concurrency' | 'runtime-management'
  /** JSON, in the API's own names. */
  document: string
  modified_at: number
}

export interface FunctionUrlTable {
  /** 32 letters and digits: the first label of the URL's host. */
  url_id: string
  account_id: string
  region: string
  name: string
  /** Empty, or an alias. */
  qualifier: string
  /** JSON, in the API's own names. */
  document: string
  created_at: number
  modified_at: number
}

export interface ResourcePolicyTable {
  account_id: string
  region: string
  kind: 'function' | 'layer'
  /** Name of the function or layer. */
  name: string
  /** Empty, a version or an alias. */
  qualifier: string
  /** JSON array of statements. */
  statements: string
  revision_id: string
}

export interface LayerTable {
  account_id: string
  region: string
  name: string
  last_version: number
}

export interface LayerVersionTable {
  account_id: string
  region: string
  name: string
  version: number
  code_digest: string
  code_bytes: number
  /** Sum of the sizes of its files, in bytes. */
  unzipped_bytes: number
  /** JSON: description, compatible runtimes and architectures, licence. */
  document: string
  created_at: number
  /** A deleted version keeps working in the functions that have it. */
  deleted: 0 | 1
}

export interface CodeSigningConfigTable {
  account_id: string
  region: string
  /** `csc-` and 17 letters and digits. */
  id: string
  /** JSON, in the API's own names. */
  document: string
  modified_at: number
}
