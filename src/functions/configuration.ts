/**
 * The configuration of a function version, stored in the API's own names: it is read back far more often than it is thought about.
 * Defaults, and how an update is merged, are those of AWS (recorded 2025-11).
 */

export interface LoggingConfig {
  readonly LogFormat: 'Text' | 'JSON'
  readonly ApplicationLogLevel?: string | undefined
  readonly SystemLogLevel?: string | undefined
  readonly LogGroup: string
}

export interface VpcConfig {
  readonly SubnetIds: readonly string[]
  readonly SecurityGroupIds: readonly string[]
  readonly VpcId: string
  readonly Ipv6AllowedForDualStack: boolean
}

export interface Configuration {
  readonly Runtime: string
  readonly Role: string
  readonly Handler: string
  readonly Description: string
  /** Seconds. */
  readonly Timeout: number
  /** MiB. */
  readonly MemorySize: number
  readonly EphemeralStorage: { readonly Size: number }
  readonly Architectures: readonly string[]
  readonly TracingConfig: { readonly Mode: 'Active' | 'PassThrough' }
  readonly LoggingConfig: LoggingConfig
  readonly SnapStart: { readonly ApplyOn: 'None' | 'PublishedVersions' }
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> } | undefined
  readonly VpcConfig?: VpcConfig | undefined
  readonly DeadLetterConfig?: { readonly TargetArn: string } | undefined
  readonly Layers?: readonly { readonly Arn: string; readonly CodeSize: number }[] | undefined
  readonly KMSKeyArn?: string | undefined
  readonly FileSystemConfigs?: readonly unknown[] | undefined
}

/** Members of CreateFunction and UpdateFunctionConfiguration that make up a configuration; layers come resolved. */
export interface ConfigurationInput {
  readonly Runtime?: string
  readonly Role?: string
  readonly Handler?: string
  readonly Description?: string
  readonly Timeout?: number
  readonly MemorySize?: number
  readonly EphemeralStorage?: { readonly Size: number }
  readonly Architectures?: readonly string[]
  readonly TracingConfig?: { readonly Mode?: 'Active' | 'PassThrough' }
  readonly LoggingConfig?: Partial<LoggingConfig>
  readonly SnapStart?: { readonly ApplyOn?: 'None' | 'PublishedVersions' }
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> }
  readonly VpcConfig?: {
    readonly SubnetIds?: readonly string[]
    readonly SecurityGroupIds?: readonly string[]
    readonly Ipv6AllowedForDualStack?: boolean
  }
  readonly DeadLetterConfig?: { readonly TargetArn?: string }
  readonly Layers?: readonly string[]
  readonly KMSKeyArn?: string
  readonly FileSystemConfigs?: readonly unknown[]
}

const onlyVpc = 'vpc-0a1b2c3d4e5f60718'

type Layers = Configuration['Layers']

/** The configuration of a new function. `Runtime`, `Role` and `Handler` were checked to be there. */
export function newConfiguration(name: string, input: ConfigurationInput, layers: Layers): Configuration {
  const blank: Configuration = {
    Runtime: '',
    Role: '',
    Handler: '',
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    EphemeralStorage: { Size: 512 },
    Architectures: ['x86_64'],
    TracingConfig: { Mode: 'PassThrough' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
    SnapStart: { ApplyOn: 'None' },
  }
  return mergeConfiguration(blank, input, layers)
}

/** An update: absent members stay, `Environment` and `Layers` are replaced whole, empty values clear. */
export function mergeConfiguration(current: Configuration, input: ConfigurationInput, layers: Layers): Configuration {
  return {
    ...current,
    ...pick(input, [
      'Runtime',
      'Role',
      'Handler',
      'Description',
      'Timeout',
      'MemorySize',
      'EphemeralStorage',
      'Architectures',
    ]),
    ...(input.TracingConfig?.Mode && { TracingConfig: { Mode: input.TracingConfig.Mode } }),
    ...(input.LoggingConfig && { LoggingConfig: mergeLogging(current.LoggingConfig, input.LoggingConfig) }),
    ...(input.SnapStart && { SnapStart: { ApplyOn: input.SnapStart.ApplyOn ?? 'None' } }),
    ...(input.Environment && { Environment: { Variables: input.Environment.Variables ?? {} } }),
    ...(input.VpcConfig && { VpcConfig: mergeVpc(current.VpcConfig, input.VpcConfig) }),
    // Without a target nothing changes, an empty one clears: recorded.
    ...(input.DeadLetterConfig?.TargetArn !== undefined && {
      DeadLetterConfig: input.DeadLetterConfig.TargetArn ? { TargetArn: input.DeadLetterConfig.TargetArn } : undefined,
    }),
    ...(input.Layers && { Layers: layers && layers.length > 0 ? layers : undefined }),
    ...(input.KMSKeyArn !== undefined && { KMSKeyArn: input.KMSKeyArn || undefined }),
    ...(input.FileSystemConfigs && {
      FileSystemConfigs: input.FileSystemConfigs.length > 0 ? input.FileSystemConfigs : undefined,
    }),
  }
}

/** Going to JSON brings the levels' defaults, going back to text drops them; the group stays unless it is named. */
function mergeLogging(current: LoggingConfig, input: Partial<LoggingConfig>): LoggingConfig {
  const format = input.LogFormat ?? current.LogFormat
  const group = input.LogGroup ?? current.LogGroup
  if (format === 'Text') return { LogFormat: format, LogGroup: group }
  return {
    LogFormat: format,
    ApplicationLogLevel: input.ApplicationLogLevel ?? current.ApplicationLogLevel ?? 'INFO',
    SystemLogLevel: input.SystemLogLevel ?? current.SystemLogLevel ?? 'INFO',
    LogGroup: group,
  }
}

/** Networks are stored and read back: there is one VPC, and all subnets are in it. */
function mergeVpc(current: VpcConfig | undefined, input: NonNullable<ConfigurationInput['VpcConfig']>): VpcConfig {
  const SubnetIds = input.SubnetIds ?? current?.SubnetIds ?? []
  const SecurityGroupIds = input.SecurityGroupIds ?? current?.SecurityGroupIds ?? []
  return {
    SubnetIds,
    SecurityGroupIds,
    VpcId: SubnetIds.length === 0 ? '' : onlyVpc,
    Ipv6AllowedForDualStack: input.Ipv6AllowedForDualStack ?? false,
  }
}

function pick<From extends object, Name extends keyof From>(
  from: From,
  names: readonly Name[],
): Partial<Pick<From, Name>> {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  ) as Partial<Pick<From, Name>>
}
