/** Variables by name, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What a resolver needs of the surroundings: where programs and folders are, and how the network is reached. */
const plain = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'XDG_CONFIG_HOME',
  'XDG_CONFIG_DIRS',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'USERPROFILE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NETRC',
  'SSH_AUTH_SOCK',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'PYENV_ROOT',
  'PYENV_VERSION',
])

/** Prefixes of a resolver's own settings, index credentials among them. */
const resolverPrefixes = ['PIP_', 'UV_']

/** Settings of uv that would change what is resolved for, or publish something. */
const never = new Set([
  'UV_PYTHON',
  'UV_PYTHON_PLATFORM',
  'UV_PUBLISH_TOKEN',
  'UV_PUBLISH_PASSWORD',
  'UV_PUBLISH_USERNAME',
  'PIP_TARGET',
  'PIP_PREFIX',
  'PIP_USER',
  'PIP_REQUIRE_VIRTUALENV',
  'PIP_REPORT',
  'PIP_QUIET',
  'PIP_VERBOSE',
])

/**
 * The environment of a resolver: a list of what is let through, so that no `AWS_*` and no token of another service can reach code
 * that a package index serves. Language and bytecode settings are fixed; they must not change a result.
 */
export function resolverEnvironment(host: Variables): Record<string, string> {
  return pick(host, (name) => resolverPrefixes.some((prefix) => name.startsWith(prefix)))
}

/**
 * The environment of a package's build code: as of a resolver, without the index and its credentials. What the build requires is
 * installed beforehand.
 */
export function buildEnvironment(host: Variables): Record<string, string> {
  const environment = pick(host, () => false)
  for (const name of ['NETRC', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND']) delete environment[name]
  // Reproducible wheels: https://reproducible-builds.org/specs/source-date-epoch/, 1980-01-01 is the oldest time a zip can hold.
  return { ...environment, SOURCE_DATE_EPOCH: '315532800', PYTHONHASHSEED: '0' }
}

function pick(host: Variables, alsoTake: (name: string) => boolean): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(host)) {
    const upper = name.toUpperCase()
    if (value === undefined || never.has(upper)) continue
    if (plain.has(upper) || alsoTake(upper)) environment[name] = value
  }
  return { ...environment, LC_ALL: 'C.UTF-8', PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1', PYTHONNOUSERSITE: '1' }
}
