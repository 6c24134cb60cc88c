/** How full the volume of a folder is. */
import { statfs } from 'node:fs/promises'

export interface VolumeSpace {
  /** What is left for this process's user. */
  readonly freeBytes: number
  /** 0 where the file system does not tell. */
  readonly totalBytes: number
}

/** Asks in a thread of libuv's: some microseconds of the event loop. */
export async function volumeSpace(folder: string): Promise<VolumeSpace> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}
