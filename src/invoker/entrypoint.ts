/**
 * The program of a `provided.*` runtime: `bootstrap` of the package, else of the layers, and why it cannot be executed, in the words with which Lambda
 * says so (`Runtime.InvalidEntrypoint`). Source: the runtime interface emulator, and what functions with such packages show in public.
 */
import { existsSync } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { machines } from '../audit/native-library.ts'
import { isElf } from '../elf/reader.ts'
import { hostArchitecture } from '../lambda/architecture.ts'

export interface Entrypoint {
  /** As functions see it. */
  readonly program: string
  /** What comes after `RequestId: … Error: `; `undefined` when nothing is known against it. */
  readonly invalid?: string | undefined
}

/** @param folders the host's folders behind `/var/task` and `/opt` */
export async function findEntrypoint(folders: { readonly task: string; readonly opt: string }): Promise<Entrypoint> {
  const candidates = [
    { program: '/var/task/bootstrap', path: join(folders.task, 'bootstrap') },
    { program: '/opt/bootstrap', path: join(folders.opt, 'bootstrap') },
  ]
  for (const { program, path } of candidates) {
    const found = await lstat(path).catch(() => undefined)
    if (!found || found.isDirectory()) continue
    // Where a link leads is known only inside.
    if (!found.isFile()) return { program }
    const reason = (found.mode & 0o001) === 0 ? 'permission denied' : await whyNotExecutable(path, folders)
    return { program, invalid: reason && `fork/exec ${program}: ${reason}` }
  }
  const [first, second] = candidates.map(({ program }) => program)
  return { program: second!, invalid: `Couldn't find valid bootstrap(s): [${first} ${second}]` }
}

/** What the kernel says of a program whose permissions are right. */
async function whyNotExecutable(
  path: string,
  folders: { readonly task: string; readonly opt: string },
): Promise<string | undefined> {
  const file = await open(path)
  let head: Buffer
  try {
    const buffer = Buffer.alloc(4096)
    head = buffer.subarray(0, (await file.read(buffer, 0, buffer.length, 0)).bytesRead)
  } finally {
    await file.close()
  }
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(head.toString('latin1'))?.[1]
  if (interpreter !== undefined) {
    const onHost = interpreter.replace(/^\/var\/task\//, `${folders.task}/`).replace(/^\/opt\//, `${folders.opt}/`)
    return existsSync(onHost) ? undefined : 'no such file or directory'
  }
  const host = hostArchitecture()
  const isOurs = isElf(head) && head.length > 20 && (host === undefined || head.readUInt16LE(18) === machines[host])
  return isOurs ? undefined : 'exec format error'
}
