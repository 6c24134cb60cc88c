/** The named pipes of one process: made by the zygote, opened here first, so that the program's side need not wait. */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** The service's ends of the named pipes of one process. */
export interface Pipes {
  readonly folder: string
  readonly streams: readonly [Readable, Readable, Readable]
  /** Descriptor. */
  readonly spec: number
}

/** Opened before the other side opens its ends, which then need not wait. */
export function openPipes(folder: string): Pipes {
  const [stdout, stderr, telemetry] = ['stdout', 'stderr', 'telemetry'].map((name) => readNamedPipe(join(folder, name)))
  const spec = openSync(join(folder, 'spec'), constants.O_RDWR | constants.O_NONBLOCK)
  return { folder, streams: [stdout!, stderr!, telemetry!], spec }
}

/** What the process reads from and writes to it has open by now; the names are not needed again. */
export function closePipes(pipes: Pipes): void {
  closeSync(pipes.spec)
  rmSync(pipes.folder, { recursive: true, force: true })
}

/** It ends when the last of the program's processes has closed it. */
function readNamedPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

/** Nearly always one write: a pipe takes 64 KiB before anyone has read. */
export async function writeAll(fd: number, text: string): Promise<void> {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    if (rest.length > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
