import * as module from 'node:module'
import { join } from 'node:path'
import { cacheFolder } from '../cache/cache-folder.ts'

type Enable = (folder: string) => unknown
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where compiled JavaScript is kept between runs. It is code that the next run trusts, so it lies in the user's own cache folder: Node's
 * default is a folder in the temporary one, which any user of the machine may have made before, and `ZIPYARD_CACHE_DIR` may be shared.
 */
function compiledFolder(environment: Environment): string | undefined {
  try {
    return join(cacheFolder({ ...environment, ZIPYARD_CACHE_DIR: undefined }), 'compiled-javascript')
  } catch {
    return undefined // a user without a home
  }
}

/**
 * Keeps what Node compiles of packages between runs where it can (22.1 and later). `NODE_COMPILE_CACHE` and `NODE_DISABLE_COMPILE_CACHE`
 * keep their meaning; a folder that cannot be written is none.
 */
export function enableCompileCache(
  environment: Environment,
  enable: Enable | undefined = (module as { enableCompileCache?: Enable }).enableCompileCache,
): void {
  if (!enable || environment['NODE_COMPILE_CACHE']) return
  const folder = compiledFolder(environment)
  if (folder !== undefined) enable(folder)
}

/**
 * The file for what `ScriptLoader` keeps: one for each command, as each calls other functions, for each Node, and for each place where Zipyard
 * is installed, `scripts`. Undefined where nothing is to be kept: Node was told so, or the coverage of every function is being recorded.
 */
export function compiledCodeFile(
  environment: Environment,
  args: readonly string[],
  scripts: string,
): string | undefined {
  if (environment['NODE_DISABLE_COMPILE_CACHE'] || environment['NODE_V8_COVERAGE']) return undefined
  const folder = compiledFolder(environment)
  // Help calls next to nothing of a command: what it keeps would be of no use to the command itself.
  const name = args.some((arg) => arg === '--help' || arg === '-h') ? 'help' : args[0]
  const command = name && /^[a-z]{1,16}$/.test(name) ? name : 'other'
  return folder && join(folder, `${command}-${process.version}-${process.arch}-${shortHash(scripts)}.bin`)
}

/** FNV-1a. No secret, no proof: what is kept says itself which sources it is of. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16)
}
