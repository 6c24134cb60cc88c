import { onPath } from '../resolve/find-uv.ts'
import type { Variables } from '../resolve/scrubbed-environment.ts'
import type { Target } from '../target.ts'

/** Container engines that take docker's command line, in the order in which they are looked for. */
export const containerEngines = ['docker', 'podman', 'finch', 'nerdctl'] as const

/** The engine to use: what `ZIPYARD_CONTAINER_ENGINE` names, else the first on PATH. */
export function findContainerEngine(variables: Variables): string | undefined {
  const named = variables['ZIPYARD_CONTAINER_ENGINE']
  if (named) return onPath(named, variables) ?? named
  for (const engine of containerEngines) {
    const path = onPath(engine, variables)
    if (path) return path
  }
  return undefined
}

/** AWS's build image of a runtime, what `sam build --use-container` takes. `ZIPYARD_BUILD_IMAGE` names another. */
export function buildImage(target: Target, variables: Variables): string {
  return (
    variables['ZIPYARD_BUILD_IMAGE'] ?? `public.ecr.aws/sam/build-${target.runtime.id}:latest-${target.architecture}`
  )
}

/**
 * The command line that builds a wheel in a container: the source comes in read-only, the wheel goes out, nothing else of this machine
 * is seen. `--platform` lets another architecture run through the engine's emulation.
 */
export function containerArguments(options: {
  readonly target: Target
  readonly image: string
  /** The unpacked project. */
  readonly project: string
  /** Where the wheel goes. */
  readonly out: string
  /** Index settings that the build may see: no credentials. */
  readonly indexUrl?: string | undefined
  /** Files belong to who asked, not to root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}): readonly string[] {
  const { target } = options
  return [
    'run',
    '--rm',
    '--platform',
    target.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64',
    '--volume',
    `${options.project}:/source:ro`,
    '--volume',
    `${options.out}:/out`,
    ...(options.user ? ['--user', `${options.user.uid}:${options.user.gid}`] : []),
    '--env',
    'HOME=/tmp',
    '--env',
    'SOURCE_DATE_EPOCH=315532800',
    '--env',
    'PYTHONHASHSEED=0',
    ...(options.indexUrl ? ['--env', `PIP_INDEX_URL=${options.indexUrl}`] : []),
    '--entrypoint',
    '/bin/sh',
    options.image,
    '-c',
    // setuptools writes beside the source, which is read-only here.
    `cp -r /source /tmp/source && python${target.runtime.python} -m pip wheel --no-deps --no-cache-dir --disable-pip-version-check --wheel-dir /out /tmp/source`,
  ]
}
