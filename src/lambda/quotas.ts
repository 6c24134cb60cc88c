import { mebibyte } from '../base/byte-size.ts'

/** Largest zip sent directly by API, SDK or CLI, in bytes. Source: Lambda quotas page, "Deployment package (.zip) size". */
export const zippedSizeLimit = 50 * mebibyte

/** Largest sum of uncompressed sizes of a function with its layers, in bytes. Source: Lambda quotas page. */
export const unzippedSizeLimit = 250 * mebibyte

/** Largest body of CreateFunction, UpdateFunctionCode and PublishLayerVersion, in bytes. Source: recorded answer of CreateFunction. */
export const codeRequestLimit = 70_167_211

/** Largest event of a synchronous invocation, in bytes. Source: Lambda quotas page, "Invocation payload". */
export const synchronousPayloadLimit = 6 * mebibyte

/** Largest event of an asynchronous invocation, in bytes. Source: Lambda quotas page (1 MB since October 2025). */
export const asynchronousPayloadLimit = 1 * mebibyte

/** Largest response of a function, in bytes: 6 MiB and 100 bytes. Source: recorded answer, "6291556 bytes". */
export const responsePayloadLimit = synchronousPayloadLimit + 100

/** Bytes of the log that `LogType=Tail` returns. Source: Invoke API reference. */
export const logTailLimit = 4096

/** Environment variables as compact JSON, in bytes. Source: recorded answers (4096 is accepted, 4097 is not). */
export const environmentLimit = 4096

export const memoryMiBRange = { min: 128, max: 10_240, default: 128 } as const
export const timeoutSecondsRange = { min: 1, max: 900, default: 3 } as const
export const ephemeralStorageMiBRange = { min: 512, max: 10_240, default: 512 } as const

/** Layers a function may use. Source: Lambda quotas page. */
export const layersLimit = 5

/** Concurrent executions of an account, and what reservations must leave free. Source: Lambda quotas page. */
export const accountConcurrency = 1000
export const unreservedConcurrencyMinimum = 100

/** Code storage of an account and region, in bytes. Source: recorded GetAccountSettings. */
export const codeStorageLimit = 80_530_636_800

/** Memory at which a function has one full CPU, in MiB. Source: Lambda developer guide, "Configure function memory". */
export const memoryMiBPerCpu = 1769

/** Longest Init phase before it is cut short, in milliseconds. Source: Lambda developer guide, "Runtime environment lifecycle". */
export const initTimeoutMs = 10_000
