import type { SandboxSpec } from './sandbox.ts'

/** Where the interpreter's prefix is seen inside. */
export const interpreterMount = '/var/lang'

/**
 * Where nothing can be mounted: rewrites the paths that a program would see inside to where they are on the host.
 *
 * Only whole path elements at the start of a text, or after `:` or `=`, are paths; `PATH`-like lists come out right, sentences stay.
 * @example hostPaths(spec)('/var/lang/lib:/var/task/lib') // '/opt/py313/lib:/data/code/ab12/lib'
 */
export function hostPaths(
  spec: Pick<SandboxSpec, 'binds' | 'interpreter' | 'temporaryFolder'>,
): (text: string) => string {
  const mounts = [
    ...spec.binds,
    { source: spec.interpreter.prefix, target: interpreterMount },
    { source: spec.temporaryFolder, target: '/tmp' },
  ].sort((a, b) => b.target.length - a.target.length)
  const sources = new Map(mounts.map((mount) => [mount.target, mount.source]))
  const targets = mounts.map((mount) => mount.target.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|')
  const pattern = new RegExp(`(^|[:=])(${targets})(?=$|[/:])`, 'g')
  return (text) => text.replace(pattern, (_, before: string, target: string) => `${before}${sources.get(target)}`)
}
