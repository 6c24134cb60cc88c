/**
 * `zipyard serve --watch DIR`: builds and deploys a project, and again whenever one of its files is saved.
 *
 * A build copies the unchanged dependencies, so a save costs little more than copying the package; invocations that run end on the old
 * code. A project that does not build keeps the code that is deployed, and the terminal says why.
 */
import { basename, resolve, sep } from 'node:path'
import { readDeployable } from '../client/deployable.ts'
import { deploy } from '../client/deploy.ts'
import { serviceTarget, type LocalService } from '../client/target.ts'
import { findConfiguration } from '../settings/configuration-file.ts'
import { readEnvFile } from '../settings/env-file.ts'
import { resolveOptions } from '../settings/resolve-options.ts'
import { buildForDeployment } from './build-for-deployment.ts'
import type { Context } from './command.ts'
import { command as deployCommand } from './commands/deploy.ts'
import { renderError } from './render-error.ts'

/** Files that come and go without being the project's own. */
const ignored = new Set([
  '.git',
  '.venv',
  'venv',
  'node_modules',
  '__pycache__',
  'dist',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
])

/** Editors write in several steps; what is saved within this time is one change, in milliseconds. */
const settleMs = 60

/** The service in which the project's function runs. */
export interface WatchingService {
  readonly file: LocalService
  /** Makes invocations wait. */
  readonly hold: (functionName: string, until: Promise<unknown>) => void
}

export async function watchProject(
  context: Context,
  folder: string,
  { file, hold }: WatchingService,
  envFile: string | undefined,
): Promise<{ stop(): Promise<void> }> {
  const { watch } = await import('chokidar')
  const root = resolve(context.workingDirectory, folder)
  const { terminal } = context
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let name: string | undefined
  let release: (() => void) | undefined
  const update = (): void => {
    const releaseThis = release
    release = undefined
    running = running
      .then(async () => {
        name = await deployOnce(context, root, file, envFile)
      })
      .catch((error: unknown) => {
        terminal.err(renderError(error, terminal.style, context.verbose).text)
      })
      .finally(() => releaseThis?.())
  }
  const watcher = watch(root, {
    ignoreInitial: true,
    ignored: (path) =>
      path
        .slice(root.length)
        .split(sep)
        .some((part) => ignored.has(part)) || basename(path).startsWith('pylock.zipyard'),
  })
  watcher.on('all', () => {
    // The next invocation runs what is saved now: it waits until that is there.
    if (name !== undefined && release === undefined) hold(name, new Promise<void>((resolve) => (release = resolve)))
    clearTimeout(timer)
    timer = setTimeout(update, settleMs)
  })
  if (envFile !== undefined) watcher.add(resolve(context.workingDirectory, envFile))
  await new Promise<void>((ready) => watcher.once('ready', () => ready()))
  // What is saved during the first build is another change.
  update()
  await running
  terminal.err(terminal.style.dim(`watching ${root}`))
  return {
    async stop() {
      clearTimeout(timer)
      release?.()
      await watcher.close()
      await running
    },
  }
}

async function deployOnce(
  context: Context,
  root: string,
  service: LocalService,
  envFile: string | undefined,
): Promise<string> {
  const started = performance.now()
  const built = await buildForDeployment({ ...context, json: true }, root, {})
  const file = await readDeployable(built.path)
  // What `zipyard deploy` takes from the project's file counts here too.
  const settings = resolveOptions(deployCommand.options, {}, context.environment, findConfiguration(root))
  const variables = envFile === undefined ? settings['env-file'] : resolve(context.workingDirectory, envFile)
  const desired = {
    name: built.name,
    codeSha256: file.codeSha256,
    codeBytes: file.bytes,
    runtime: built.runtime,
    handler: built.handler ?? 'lambda_function.lambda_handler',
    architecture: built.architecture,
    role: settings.role,
    description: settings.description,
    memoryMiB: settings.memory,
    timeoutSeconds: settings.timeout,
    environment: variables === undefined ? undefined : readEnvFile(resolve(root, variables)),
  }
  const { plan } = await deploy(serviceTarget(service), {
    archive: built.path,
    desired,
    creating: () => desired,
    publish: false,
    dryRun: false,
    signal: context.signal,
    onStep: () => undefined,
  })
  const took = Math.round(performance.now() - started)
  context.terminal.err(
    `${context.terminal.style.green(plan.action === 'create' ? 'created' : plan.action === 'update' ? 'updated' : 'unchanged')} ${built.name} in ${took} ms`,
  )
  return built.name
}
