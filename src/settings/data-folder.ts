import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The data folder: `--data`, else `ZIPYARD_HOME`, else `$XDG_DATA_HOME/zipyard`, else `~/.local/share/zipyard`. */
export function dataFolder(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const share = environment['XDG_DATA_HOME'] || join(environment['HOME'] || homedir(), '.local', 'share')
  return resolve(flag ?? environment['ZIPYARD_HOME'] ?? join(share, 'zipyard'))
}
