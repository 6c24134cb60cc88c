/** Why `--slim safe` leaves a file of a distribution out. */
export type SlimReason = 'tests' | 'type-stubs' | 'source-code' | 'documentation'

/**
 * What `--slim safe` leaves out of a wheel: files that no import reaches. Never `.dist-info` (metadata, entry points, licences), never data.
 *
 * Only folders named exactly `tests`: `django/test` and `numpy/testing` are interfaces. Sources of C extensions need a compiler, which
 * Lambda has not.
 */
export function slimReason(path: string): SlimReason | undefined {
  if (/^[^/]+\.dist-info\//.test(path)) return undefined
  if (/(^|\/)tests\//.test(path)) return 'tests'
  if (path.endsWith('.pyi')) return 'type-stubs'
  if (/\.(c|cc|cpp|cxx|h|hh|hpp|pyx|pxd|pxi|f|f90)$/.test(path)) return 'source-code'
  return /^share\/(man|doc|info)\//.test(path) ? 'documentation' : undefined
}
