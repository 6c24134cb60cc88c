import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/**
 * The `uv.lock` of the workspace that a project is a member of: the nearest above that lists it under its name and folder. Only the
 * lock's head and its places are looked at, it is read later.
 */
export function findWorkspaceLock(project: string, name: string): string | undefined {
  for (let folder = project; folder !== dirname(folder);) {
    if (existsSync(join(folder, '.git'))) return undefined
    folder = dirname(folder)
    const file = join(folder, 'uv.lock')
    if (!existsSync(file)) continue
    const place = relative(folder, project).split(sep).join('/')
    const text = readFileSync(file, 'utf8')
    const members = /^\[manifest\]\s[^[]*?\bmembers\s*=\s*\[([^\]]*)\]/m.exec(text)?.[1] ?? ''
    const isMember = members.split(',').some((member) => member.trim() === `"${name}"`)
    return isMember && text.includes(` = "${place}" }`) ? file : undefined
  }
  return undefined
}
