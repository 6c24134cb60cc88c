import type { SandboxSpec } from './sandbox.ts'

/** Variables that the loader, the allocator, OpenSSL's defaults or the interpreter read once, when a process starts. */
const readAtStart = /^(LD_|PYTHON|MALLOC_|GLIBC_TUNABLES|SSL_CERT_|OPENSSL_|LC_|LANG$|LANGUAGE$)/

/**
 * Whether a forked warm interpreter and an executed one would be observably equal for this program: it must be the bootstrap, and variables that only
 * a starting process reads must be those that the warm interpreter was started with.
 */
export function mayFork(spec: SandboxSpec, warm: Readonly<Record<string, string>>): boolean {
  if (!spec.allowZygote) return false
  const python = `/var/lang/bin/python${spec.interpreter.version.split('.').slice(0, 2).join('.')}`
  const [program, flag, script, ...rest] = spec.argv
  if (
    !spec.allowZygote ||
    program !== python ||
    flag !== '-S' ||
    script !== '/var/runtime/bootstrap.py' ||
    rest.length > 0
  )
    return false
  const names = new Set(
    [...Object.keys(spec.environment), ...Object.keys(warm)].filter((name) => readAtStart.test(name)),
  )
  return [...names].every((name) => spec.environment[name] === warm[name])
}
