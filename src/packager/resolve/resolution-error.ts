import { defineError } from '../../base/errors.ts'

export const unsatisfiable = defineError(
  'ZY0410',
  'refused',
  (p: { input: string; target: string; explanation: string }) => ({
    message: `The requirements of \`${p.input}\` cannot be satisfied for \`${p.target}\``,
    hint: hintFor(p.explanation),
  }),
)

export const resolverFailed = defineError(
  'ZY0411',
  'refused',
  (p: { resolver: string; input: string; explanation: string }) => ({
    message: `\`${p.resolver}\` could not read or resolve \`${p.input}\``,
    hint: 'The cause above is its own words; correct the file, or choose the other resolver with `--resolver`',
  }),
)

export const indexNotReached = defineError('ZY0412', 'refused', (p: { resolver: string; explanation: string }) => ({
  message: `\`${p.resolver}\` could not reach the package index`,
  hint: 'Check the network, the proxy (`HTTPS_PROXY`) and the index (`PIP_INDEX_URL`, `UV_DEFAULT_INDEX`), or build with `--offline` from what is cached',
}))

export const noResolver = defineError('ZY0413', 'refused', (p: { tried: readonly string[] }) => ({
  message: `Nothing here can resolve requirements: ${p.tried.join('; ')}`,
  hint: 'Install uv or pip, name uv with the `UV` variable, or commit a lock (`pylock.toml`, `uv.lock`, fully hashed requirements)',
}))

/** uv reads metadata without an interpreter, and refuses to begin without one all the same. */
export const noPythonToResolve = defineError('ZY0475', 'refused', (p: { resolver: string; input: string }) => ({
  message: `\`${p.resolver}\` found no Python on this machine, without which it does not resolve \`${p.input}\``,
  hint: 'Install any version of Python (`apt-get install python3`), or commit the lock that a build elsewhere wrote: building from a lock needs none',
}))

/** Removes what a resolver says about itself and keeps its explanation, one sentence per line. */
export function explanationOf(stderr: string): string {
  const lines = stderr.split(/\r?\n/).map((line) => line.trim())
  const kept = lines.filter(
    (line) =>
      line !== '' &&
      !/^(warning|WARNING|\[notice\]|DEPRECATION)/.test(line) &&
      !/^(Resolved|Using|Looking in)\b/.test(line) &&
      !/^(hint: )?The `--python-version` value/.test(line),
  )
  return withoutCredentials(kept.map((line) => line.replace(/^(error|cause|ERROR|hint): ?/i, '')).join('\n'))
}

/** Removes user names and passwords from the URLs of a text. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@'"]+@/gi, '$1')
}

const unreachable =
  /Request failed after|error sending request|Failed to fetch|Could not connect|Connection refused|ConnectionError|NewConnectionError|dns error|Name or service not known|Max retries exceeded|timed out/i
const unsatisfied =
  /No solution found|unsatisfiable|ResolutionImpossible|No matching distribution|Could not find a version|conflicting dependencies/i

/** Turns a resolver's failure into the error that says what to do. */
export function resolutionError(p: { resolver: string; input: string; target: string; stderr: string }): Error {
  const explanation = explanationOf(p.stderr)
  const cause = new Error(explanation === '' ? `${p.resolver} said nothing` : explanation)
  // pip tells of an index that it cannot reach in warnings, and then that it found no versions.
  const warning = p.stderr.split(/\r?\n/).find((line) => unreachable.test(line))
  if (warning !== undefined && /from versions: none/.test(p.stderr))
    return indexNotReached(
      { resolver: p.resolver, explanation },
      { cause: new Error(withoutCredentials(warning.trim())) },
    )
  if (unsatisfied.test(p.stderr)) return unsatisfiable({ input: p.input, target: p.target, explanation }, { cause })
  if (/^(?:error: )?No interpreter found\b/m.test(p.stderr))
    return noPythonToResolve({ resolver: p.resolver, input: p.input }, { cause })
  if (unreachable.test(p.stderr)) return indexNotReached({ resolver: p.resolver, explanation }, { cause })
  return resolverFailed({ resolver: p.resolver, input: p.input, explanation }, { cause })
}

function hintFor(explanation: string): string {
  if (/no usable wheels|no wheels|Wheels are required/i.test(explanation))
    return 'No version in that range has a wheel for this runtime and architecture: widen the range, choose another runtime, or see `zipyard build --help` for building from source'
  if (/does not satisfy Python|Requires-Python|requires (?:a different )?Python/i.test(explanation))
    return 'Choose a runtime that the explanation allows with `--runtime`, or versions that still support this one'
  if (/not found in the package registry|No matching distribution/i.test(explanation))
    return 'Check the spelling of the name, and that the index configured here has it'
  return 'Relax one of the versions that the explanation names'
}
