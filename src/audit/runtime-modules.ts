/**
 * Top-level modules that Lambda's Python runtimes bring beside the standard library: the AWS SDK with what it depends on, and the
 * runtime's own. Their versions differ by runtime and region and move without notice; AWS no longer publishes them.
 * Source: Lambda developer guide, "Building with Python", and the SDK's published dependencies. As of 2026-11-22.
 */
export const sdkModules: ReadonlySet<string> = new Set(['boto3', 'botocore'])

/** What only comes along because the SDK needs it. */
export const sdkDependencies: ReadonlySet<string> = new Set(['s3transfer', 'jmespath', 'dateutil', 'six', 'urllib3'])

/** Modules of the runtime itself; importing them works and is nobody's business. */
export const runtimeOwnModules: ReadonlySet<string> = new Set([
  'awslambdaric', 'bootstrap', 'lambda_internal', 'runtime_client', 'simplejson', 'snapshot_restore_py', '__main__',
]) // prettier-ignore

/** Where the runtime may bring it, but not every runtime does: pip and what it vendored. */
export const doubtfulModules: ReadonlySet<string> = new Set([
  'pip',
  'setuptools',
  'pkg_resources',
  '_distutils_hack',
  'wheel',
])
