/**
 * The environment variables of an execution environment: exactly those of Lambda, none of the host's.
 *
 * Source: recordings of python3.8 … 3.14 (January 2026). What a customer may change (PATH, LANG, TZ …) is given first and overwritten by
 * the function's configuration; what is reserved comes last.
 */
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { inheritedDescriptors, type SandboxSpec } from '../sandbox/sandbox.ts'

export type InitializationType = 'on-demand' | 'provisioned-concurrency' | 'snap-start'

/** Short-lived keys of the function's role, and the variables that lead its AWS calls to this service. */
export interface GuestCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** `AWS_ENDPOINT_URL_S3` … given unless the function's configuration sets them. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined
  /** What leads there from a network of the function's own. */
  readonly relays?: SandboxSpec['relays']
}

export interface GuestSettings {
  readonly version: RunnableVersion
  readonly initializationType: InitializationType
  readonly logStream: string
  readonly credentials?: GuestCredentials | undefined
  /** `host:port` where the Runtime API answers by TCP; otherwise Lambda's own address is shown and the inherited socket is used. */
  readonly runtimeApi?: string | undefined
  /** Folder of the runtime's AWS SDK as seen inside. */
  readonly sdkFolder?: string | undefined
  /** Modules that the folder will have, when it is still empty. */
  readonly lateSdkModules?: readonly string[] | undefined
  /** Compiled trees as seen inside: `/var/task=/var/pycache/task`, joined by `:`. */
  readonly bytecode?: string | undefined
  /** JSON for the import hook: native libraries that would not load on Lambda. */
  readonly deniedLibraries?: string | undefined
}

/** The address Lambda gives its runtimes; nothing listens there here. */
const shownRuntimeApi = '169.254.100.1:9001'

export function guestEnvironment(settings: GuestSettings): Record<string, string> {
  const { version, credentials } = settings
  const provided = !version.runtime.startsWith('python')
  return {
    LANG: 'en_US.UTF-8',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
    TZ: ':UTC',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1:2000',
    ...credentials?.endpoints,
    ...version.environment,
    ...(credentials && {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    }),
    _HANDLER: version.handler,
    AWS_REGION: version.region,
    AWS_DEFAULT_REGION: version.region,
    ...(provided ? {} : { AWS_EXECUTION_ENV: `AWS_Lambda_${version.runtime}` }),
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMiB),
    AWS_LAMBDA_INITIALIZATION_TYPE: settings.initializationType,
    AWS_LAMBDA_LOG_GROUP_NAME: version.logging.group,
    AWS_LAMBDA_LOG_STREAM_NAME: settings.logStream,
    ...(version.logging.format === 'JSON' && {
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_LEVEL: version.logging.applicationLevel ?? 'INFO',
    }),
    AWS_LAMBDA_RUNTIME_API: settings.runtimeApi ?? shownRuntimeApi,
    LAMBDA_TASK_ROOT: '/var/task',
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    PWD: '/var/task',
    SHLVL: '0',
    _AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1',
    _AWS_XRAY_DAEMON_PORT: '2000',
    _LAMBDA_TELEMETRY_LOG_FD: String(inheritedDescriptors.telemetry),
    ...(provided ? {} : ownVariables(settings)),
  }
}

/** For our bootstrap alone; it takes them away before the function's code runs. */
function ownVariables(settings: GuestSettings): Record<string, string> {
  return {
    _ZIPYARD_API: `fd:${inheritedDescriptors.api}`,
    _ZIPYARD_OPT: '/opt',
    ...(settings.sdkFolder === undefined ? {} : { _ZIPYARD_SDK: settings.sdkFolder }),
    ...(settings.lateSdkModules === undefined ? {} : { _ZIPYARD_SDK_LATE: settings.lateSdkModules.join(',') }),
    ...(settings.bytecode === undefined ? {} : { _ZIPYARD_PYCACHE: settings.bytecode }),
    ...(settings.deniedLibraries === undefined ? {} : { _ZIPYARD_DENIED: settings.deniedLibraries }),
  }
}

/** Read by the loader, the allocator or the interpreter when a program starts: a fork of a warm interpreter would ignore them. */
const readAtStart = /^(LD_|PYTHON|MALLOC_|GLIBC_TUNABLES$|SSL_CERT|AWS_LAMBDA_EXEC_WRAPPER$)/

/** Whether the function's own variables ask for a process of its own. */
export function needsExec(variables: Readonly<Record<string, string>>): boolean {
  return Object.keys(variables).some((name) => readAtStart.test(name))
}
