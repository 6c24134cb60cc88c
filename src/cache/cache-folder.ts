import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Where the cache lies: `ZIPYARD_CACHE_DIR`, else `zipyard` in `XDG_CACHE_HOME`, else what the operating system has for it. Pure: the
 * variables are passed in.
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const own = environment['ZIPYARD_CACHE_DIR']
  if (own) return resolve(own)
  const xdg = environment['XDG_CACHE_HOME']
  if (xdg) return join(resolve(xdg), 'zipyard')
  if (platform === 'win32')
    return join(environment['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'zipyard', 'cache')
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'zipyard') : join(home, '.cache', 'zipyard')
}
