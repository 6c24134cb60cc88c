/** What the service checks of a configuration beyond the model's constraints, each in AWS's words. */
import { findPythonRuntime, runtimePhase } from '../lambda/runtimes.ts'
import { environmentLimit } from '../lambda/quotas.ts'
import type { ConfigurationInput } from './configuration.ts'
import { invalidParameter, notSupported } from './errors.ts'

/** `aws`: runtimes are refused from the day on which AWS refuses them. `lenient`: what runs here may be created. */
export type RuntimePolicy = 'lenient' | 'aws'

export interface RuntimeRules {
  readonly policy: RuntimePolicy
  readonly today: Date
  /** Ids that AWS lets be created, in the order in which its error lists them. */
  readonly creatable: readonly string[]
  /** Ids that AWS once had. */
  readonly known: readonly string[]
}

/** Names that AWS keeps for itself. Source: "Defined runtime environment variables", Lambda developer guide. */
const reservedVariables: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
])

export function checkRuntime(runtime: string, action: 'create' | 'update', rules: RuntimeRules): void {
  const python = findPythonRuntime(runtime)
  const isKnown = python ? !python.preview : rules.creatable.includes(runtime) || rules.known.includes(runtime)
  if (!isKnown) {
    throw invalidParameter({
      text: `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${rules.creatable.join(', ')}] or be a valid ARN`,
    })
  }
  if (rules.policy === 'lenient' && python) return
  const phase = python ? runtimePhase(python, rules.today) : undefined
  const isBlocked = python
    ? phase === 'update-blocked' || (phase === 'create-blocked' && action === 'create')
    : !rules.creatable.includes(runtime)
  if (isBlocked) {
    throw invalidParameter({
      text: `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
    })
  }
}

export function checkEnvironment(input: ConfigurationInput): void {
  const variables = input.Environment?.Variables
  if (!variables) return
  const reserved = Object.keys(variables).filter((name) => reservedVariables.has(name))
  const unable =
    'Lambda was unable to configure your environment variables because the environment variables you have provided'
  if (reserved.length > 0) {
    throw invalidParameter({
      text: `${unable} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    })
  }
  const measured = JSON.stringify(variables)
  if (Buffer.byteLength(measured) > environmentLimit) {
    throw invalidParameter({ text: `${unable} exceeded the 4KB limit. String measured: ${measured}` })
  }
}

/** Python runtimes that SnapStart takes. Source: "Improving startup performance with Lambda SnapStart", Lambda developer guide. */
const oldestSnapStartPython = 12

export function checkSnapStart(applyOn: string | undefined, runtime: string): void {
  if (applyOn !== 'PublishedVersions') return
  const python = findPythonRuntime(runtime)
  const isSupported = python
    ? python.minor[0] === 3 && python.minor[1] >= oldestSnapStartPython
    : /^(java(11|17|21|25)|dotnet(8|10))$/.test(runtime)
  if (!isSupported) throw invalidParameter({ text: `${runtime} is not supported for SnapStart enabled functions.` })
}

/** Members of requests that Zipyard names and does not serve. */
export function checkSupported(input: Readonly<Record<string, unknown>>): void {
  if (input['PackageType'] === 'Image') throw notSupported({ what: 'PackageType `Image`' })
  for (const member of ['CapacityProviderConfig', 'DurableConfig', 'TenancyConfig', 'PublishTo'] as const) {
    if (input[member] !== undefined) throw notSupported({ what: `\`${member}\`` })
  }
}
