/**
 * The Lambda service inside a program, for tests.
 *
 * @example
 * const service = await startService({ dataFolder, host: '127.0.0.1', port: 0, variables: process.env, log: silentLog })
 * // point any AWS client at service.url with service.firstKey
 * await service.stop()
 */
export { createLog, silentLog, type Log } from '../base/log.ts'
export { startService, type Service, type ServiceOptions } from '../service/compose.ts'
