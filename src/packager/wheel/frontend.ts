import { mkdir, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readToml } from '../../pypa/document.ts'
import type { UvTool } from '../resolve/find-uv.ts'
import { buildEnvironment, resolverEnvironment, type Variables } from '../resolve/scrubbed-environment.ts'
import { withoutCredentials } from '../resolve/resolution-error.ts'
import { runTool } from '../run-tool.ts'
import { buildFailed, endOf } from './build-errors.ts'

/** What `[build-system]` says (PEP 517, 518). */
interface BuildSystem {
  readonly requires: readonly string[]
  readonly backend: string
  readonly backendPath: readonly string[]
}

/** What a project without `[build-system]` is built with. Source: PEP 517, "Source trees". */
const legacy: BuildSystem = {
  requires: ['setuptools>=40.8.0'],
  backend: 'setuptools.build_meta:__legacy__',
  backendPath: [],
}

/**
 * Builds a wheel from a source tree as PEP 517 has it: an environment of its own, the build's requirements from wheels alone, then the
 * backend's hooks. Only the step that installs sees the index and its credentials; the project's code never does.
 */
export async function buildWheelOn(options: {
  readonly what: string
  /** The unpacked project. */
  readonly project: string
  /** An empty folder for the environment. */
  readonly scratch: string
  readonly python: string
  readonly installer: UvTool | { readonly pip: string }
  readonly variables: Variables
  readonly offline: boolean
  readonly signal?: AbortSignal | undefined
}): Promise<string> {
  const system = await readBuildSystem(options.project)
  const environment = join(options.scratch, 'environment')
  const out = join(options.scratch, 'out')
  await mkdir(out, { recursive: true })
  const run = async (
    stage: string,
    command: string,
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<string> => {
    const result = await runTool(command, args, { cwd: options.project, env, signal: options.signal })
    if (result.exitCode === 0) return result.stdout
    const output = withoutCredentials(endOf(`${result.stdout}\n${result.stderr}`))
    throw buildFailed({ what: options.what, stage, output }, { cause: new Error(output) })
  }
  await run(
    'making an environment',
    options.python,
    ['-m', 'venv', '--without-pip', environment],
    buildEnvironment(options.variables),
  )
  const windows = process.platform === 'win32'
  const python = join(environment, windows ? 'Scripts' : 'bin', windows ? 'python.exe' : 'python')
  const install = async (requirements: readonly string[]): Promise<void> => {
    if (requirements.length === 0) return
    const offline = options.offline ? ['--offline'] : []
    const [command, args] =
      'executable' in options.installer
        ? [
            options.installer.executable,
            ['pip', 'install', '--quiet', '--python', python, '--only-binary', ':all:', ...offline, ...requirements],
          ]
        : [
            options.installer.pip,
            [
              '-m',
              'pip',
              '--python',
              python,
              'install',
              '--quiet',
              '--only-binary',
              ':all:',
              ...(options.offline ? ['--no-index'] : []),
              ...requirements,
            ],
          ]
    await run('installing what the build requires', command, args, resolverEnvironment(options.variables))
  }
  const hook = async (name: 'requires' | 'wheel'): Promise<unknown> => {
    const answer = join(options.scratch, `${name}.json`)
    const paths = system.backendPath.map((path) => join(options.project, path))
    const args = ['-c', hookScript, system.backend, JSON.stringify(paths), name, out, answer]
    await run(
      name === 'wheel' ? 'the build' : 'asking what the build requires',
      python,
      args,
      withPath(buildEnvironment(options.variables), environment, windows),
    )
    return JSON.parse(await readFile(answer, 'utf8')) as unknown
  }
  await install(system.requires)
  const more = await hook('requires')
  await install(
    (Array.isArray(more) ? (more as string[]) : []).filter((requirement) => !system.requires.includes(requirement)),
  )
  return join(out, String(await hook('wheel')))
}

/** Tools that a requirement brought (ninja, cmake) are found by their names. */
function withPath(env: Record<string, string>, environment: string, windows: boolean): Record<string, string> {
  const bin = join(environment, windows ? 'Scripts' : 'bin')
  return { ...env, VIRTUAL_ENV: environment, PATH: `${bin}${windows ? ';' : ':'}${env['PATH'] ?? ''}` }
}

const hookScript = `
import importlib, json, sys
backend, paths, hook, out, answer = sys.argv[1:]
sys.argv = sys.argv[:1]
sys.path[:0] = json.loads(paths)
module, _, attribute = backend.partition(':')
found = importlib.import_module(module)
for part in attribute.split('.') if attribute else []:
    found = getattr(found, part)
if hook == 'requires':
    result = list(found.get_requires_for_build_wheel(None)) if hasattr(found, 'get_requires_for_build_wheel') else []
else:
    result = found.build_wheel(out, None, None)
with open(answer, 'w') as file:
    json.dump(result, file)
`

async function readBuildSystem(project: string): Promise<BuildSystem> {
  const file = join(project, 'pyproject.toml')
  if (!existsSync(file)) return legacy
  const node = readToml(await readFile(file, 'utf8'), file).at('build-system')
  if (!node.exists) return legacy
  return {
    requires: node.at('requires').strings(),
    backend: node.at('build-backend').optionalString() ?? legacy.backend,
    backendPath: node.at('backend-path').strings(),
  }
}
