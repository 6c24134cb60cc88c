import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { sha256 } from '../../base/digest.ts'
import { findInterpreters } from '../../interpreters/find-interpreters.ts'
import type { Interpreter } from '../../interpreters/interpreter.ts'
import { machineOf } from '../../lambda/architecture.ts'
import { parseWheelFilename, tagsOf } from '../../pypa/wheel-filename.ts'
import type { BuiltWheel, WheelBuilder } from '../fetch/fetch-artifacts.ts'
import { describeTarget } from '../fetch/choose-file.ts'
import type { FetchSurroundings } from '../fetch/fetch-file.ts'
import { findUv } from '../resolve/find-uv.ts'
import type { Variables } from '../resolve/scrubbed-environment.ts'
import { withoutCredentials } from '../resolve/resolution-error.ts'
import { runTool } from '../run-tool.ts'
import type { Target } from '../target.ts'
import { buildFailed, endOf, noPythonToBuild, notForTarget } from './build-errors.ts'
import { buildImage, containerArguments, findContainerEngine } from './container.ts'
import { buildWheelOn } from './frontend.ts'
import { hostGlibc } from './host-glibc.ts'
import { wheelSourceOf, type WheelSource } from './source-tree.ts'

/** Bump when built wheels of earlier versions of Zipyard must not be used any more. */
const recipe = 2

/**
 * Makes wheels where a lock has none that fits: on this machine when the result runs everywhere (`none-any`), or when this machine is
 * provably like the target; else in a container of the runtime's own build image; else refuses, naming the distribution. What was
 * built is kept under the digest of everything that made it.
 */
export function buildWheelWith(surroundings: FetchSurroundings, variables: Variables): WheelBuilder {
  return async (distribution, chosen, target, folder) => {
    const what = distribution.version === undefined ? distribution.name : `${distribution.name} ${distribution.version}`
    const source = await wheelSourceOf(distribution, chosen?.file, folder, surroundings, variables)
    const pureKey = sha256(JSON.stringify(['built', recipe, source.digest, 'any']))
    const targetKey = sha256(
      JSON.stringify(['built', recipe, source.digest, target.key, buildImage(target, variables)]),
    )
    const stored = (await readStored(pureKey, surroundings)) ?? (await readStored(targetKey, surroundings))
    if (stored) return stored
    const scratch = await mkdtemp(join(tmpdir(), 'zipyard-build-'))
    try {
      const { wheel, builtBy } = await buildSomewhere(what, source, target, scratch, surroundings, variables)
      const filename = basename(wheel)
      const { digest, path } = await surroundings.cache.storeBlob(createReadStream(wheel), { name: filename })
      const built: BuiltWheel = { filename, digest, path, builtBy }
      const key = isForEveryPlatform(filename) ? pureKey : targetKey
      await surroundings.cache.writeEntry('built-wheel', key, JSON.stringify({ filename, digest, builtBy }))
      return built
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
}

async function readStored(key: string, { cache }: FetchSurroundings): Promise<BuiltWheel | undefined> {
  const stored = await cache.readEntry('built-wheel', key)
  if (!stored) return undefined
  const built = JSON.parse(stored.toString('utf8')) as Omit<BuiltWheel, 'path'>
  const path = await cache.findBlob(built.digest)
  return path === undefined ? undefined : { ...built, path }
}

async function buildSomewhere(
  what: string,
  source: WheelSource,
  target: Target,
  scratch: string,
  surroundings: FetchSurroundings,
  variables: Variables,
): Promise<{ readonly wheel: string; readonly builtBy: string }> {
  const interpreter = chooseInterpreter(
    await findInterpreters({ dataFolder: surroundings.cache.folder, environment: variables as NodeJS.ProcessEnv }),
    target,
  )
  if (!interpreter) throw noPythonToBuild({ what })
  const project = await source.unpack(join(scratch, 'source'), interpreter.executable)
  const uv = await findUv(variables, surroundings)
  const engine = findContainerEngine(variables)
  let failure: unknown
  try {
    const wheel = await buildWheelOn({
      what,
      project,
      scratch: await made(join(scratch, 'host')),
      python: interpreter.executable,
      installer: 'executable' in uv ? uv : { pip: interpreter.executable },
      variables,
      offline: surroundings.offline,
      signal: surroundings.signal,
    })
    const refusal = await reasonAgainst(wheel, interpreter, target)
    if (refusal === undefined) return { wheel, builtBy: `this machine, Python ${interpreter.version}` }
    failure = notForTarget({ what, target: describeTarget(target), built: basename(wheel), because: refusal })
  } catch (error) {
    // Without the headers and libraries of the target a native build fails here, and may succeed in its image.
    if (!engine || !buildFailed.is(error)) throw error
    failure = error
  }
  if (!engine || !(await isRunning(engine, variables))) throw failure
  return inContainer(
    engine,
    what,
    await freshCopy(source, scratch, interpreter),
    target,
    scratch,
    surroundings,
    variables,
  )
}

/** Whether the engine can run containers: `docker` is on many machines without its daemon. */
async function isRunning(engine: string, variables: Variables): Promise<boolean> {
  const env = engineEnvironment(variables)
  const { exitCode } = await runTool(engine, ['info'], { env }).catch(() => ({ exitCode: 1 }))
  return exitCode === 0
}

/** Where the engine's service and its credentials are, and nothing else. */
function engineEnvironment(variables: Variables): Record<string, string> {
  const names = ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'XDG_RUNTIME_DIR', 'CONTAINER_HOST']
  return Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])))
}

async function inContainer(
  engine: string,
  what: string,
  project: string,
  target: Target,
  scratch: string,
  surroundings: FetchSurroundings,
  variables: Variables,
): Promise<{ readonly wheel: string; readonly builtBy: string }> {
  const image = buildImage(target, variables)
  const out = await made(join(scratch, 'container-out'))
  const indexUrl = variables['PIP_INDEX_URL'] ?? variables['UV_DEFAULT_INDEX']
  const user = process.getuid && process.getgid ? { uid: process.getuid(), gid: process.getgid() } : undefined
  const args = containerArguments({
    target,
    image,
    project,
    out,
    user,
    indexUrl: indexUrl && withoutCredentials(indexUrl),
  })
  const { exitCode, stdout, stderr } = await runTool(engine, args, {
    env: engineEnvironment(variables),
    signal: surroundings.signal,
  })
  const wheel = exitCode === 0 ? (await readdir(out)).find((name) => name.endsWith('.whl')) : undefined
  if (wheel === undefined) {
    const output = endOf(`${stdout}\n${stderr}`)
    throw buildFailed({ what, stage: `the build in \`${image}\``, output }, { cause: new Error(output) })
  }
  return { wheel: join(out, wheel), builtBy: image }
}

async function freshCopy(source: WheelSource, scratch: string, interpreter: Interpreter): Promise<string> {
  return source.unpack(join(scratch, 'container-source'), interpreter.executable)
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return folder
}

/** The target's own Python where it is here, so that markers and versions of the build agree; else the newest finished one. */
function chooseInterpreter(found: readonly Interpreter[], target: Target): Interpreter | undefined {
  const usable = found.filter(
    (interpreter) =>
      !interpreter.isFreeThreaded && Number(interpreter.minor.split('.')[1]) >= 8 && interpreter.minor.startsWith('3.'),
  )
  return (
    usable.find((interpreter) => interpreter.minor === target.runtime.python) ??
    [...usable].sort(
      (a, b) => Number(b.isFinal) - Number(a.isFinal) || b.version.localeCompare(a.version, 'en', { numeric: true }),
    )[0]
  )
}

function isForEveryPlatform(filename: string): boolean {
  const { abis, platforms, pythons } = parseWheelFilename(filename)
  return abis.join() === 'none' && platforms.join() === 'any' && pythons.includes('py3')
}

/** Why a wheel built on this machine cannot be trusted on the target, or `undefined` when it can. */
async function reasonAgainst(wheel: string, interpreter: Interpreter, target: Target): Promise<string | undefined> {
  const filename = basename(wheel)
  if (isForEveryPlatform(filename)) return undefined
  const machine = machineOf(target.architecture)
  if (process.platform !== 'linux') return `it holds code for this machine, which is not Linux`
  if (interpreter.machine !== machine) return `it holds code for \`${interpreter.machine}\``
  const tags = tagsOf(parseWheelFilename(filename))
  if (!tags.some((tag) => target.tags.includes(tag))) return `none of its tags runs there`
  if (!hostGlibc()) return 'it holds code for a Linux without glibc'
  const { reasonAgainstNative } = await import('./prove-native.ts')
  return reasonAgainstNative(wheel, target)
}
