import * as module from 'node:module'
import { join } from 'node:path'
import { cacheFolder } from '../cache/cache-folder.ts'

type Enable = (folder: string) => unknown

/**
 * Keeps compiled JavaScript between runs where Node can (22.1 and later): the command line starts faster.
 *
 * It is code that the next run trusts, so it lies in the user's own cache folder: Node's default is a folder in the temporary one, which
 * any user of the machine may have made before, and `ZIPYARD_CACHE_DIR` may be shared. `NODE_COMPILE_CACHE` and
 * `NODE_DISABLE_COMPILE_CACHE` keep their meaning; a folder that cannot be written is none.
 */
export function enableCompileCache(
  environment: Readonly<Record<string, string | undefined>>,
  enable: Enable | undefined = (module as { enableCompileCache?: Enable }).enableCompileCache,
): void {
  if (!enable || environment['NODE_COMPILE_CACHE']) return
  let folder: string
  try {
    folder = cacheFolder({ ...environment, ZIPYARD_CACHE_DIR: undefined })
  } catch {
    return // a user without a home
  }
  enable(join(folder, 'compiled-javascript'))
}
