import { accessSync, constants, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { IdRange } from './zygote.ts'

/**
 * The ids that /etc/subuid and /etc/subgid give to this user, when `newuidmap` and `newgidmap` are there to use them: with them each
 * environment has a user of its own, and files of the service belong to another, as on Lambda.
 */
export function subordinateIds(): { readonly uids: IdRange; readonly gids: IdRange } | undefined {
  if (!['newuidmap', 'newgidmap'].every(isInstalled)) return undefined
  const uids = rangeIn('/etc/subuid')
  const gids = rangeIn('/etc/subgid')
  return uids && gids ? { uids, gids } : undefined
}

function isInstalled(program: string): boolean {
  return ['/usr/bin', '/bin', '/usr/local/bin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function rangeIn(file: string): IdRange | undefined {
  let text: string
  let names: readonly string[]
  try {
    text = readFileSync(file, 'utf8')
    const { username, uid } = userInfo()
    names = [username, String(uid)]
  } catch {
    return undefined
  }
  for (const line of text.split('\n')) {
    const [name = '', first = '', count = ''] = line.split(':')
    if (names.includes(name) && Number(count) > 1) return { first: Number(first), count: Number(count) }
  }
  return undefined
}
