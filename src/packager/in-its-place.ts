import { close, mkdtempSync, openSync, rename as renameWhileOthersWork, writeFileSync } from 'node:fs'
import { rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import { outputNotWritable } from '../zip/errors.ts'

/**
 * Lets `write` make a file beside its place, and moves it there when nothing went wrong; else nothing is left, no folder either.
 *
 * `write` may call `settle` when the file is whole and nobody reads it by its name any more, see there.
 */
export async function inItsPlace<Value>(
  path: string,
  signal: AbortSignal | undefined,
  write: (path: string, settle: () => void) => Promise<Value>,
): Promise<Value> {
  const made = makeFolder(dirname(path))
  const folder = mkdtempSync(join(dirname(path), '.zipyard-'))
  const old = openIfThere(path)
  let written = Promise.resolve(join(folder, basename(path)))
  try {
    const value = await write(await written, () => {
      if (old === undefined) return
      written = settled(join(folder, basename(path)))
      written.catch(() => undefined) // told below, when somebody waits for it
    })
    signal?.throwIfAborted()
    await rename(await written, path)
    return value
  } catch (error) {
    await written.catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
    if (made !== undefined) await removeEmptyFolders(dirname(path), made)
    // The person asked for `path`; where it was being written is gone.
    throw outputNotWritable.is(error) ? outputNotWritable({ ...error.details, path }, { cause: error.cause }) : error
  } finally {
    // Its blocks are freed here, on a thread of the pool, instead of within the rename.
    if (old !== undefined) close(old, () => undefined)
    // Empty when all went well; emptying it first takes the loading of another module.
    await rmdir(folder).catch(() => rm(folder, { recursive: true, force: true }))
  }
}

/**
 * A rename that replaces a file makes ext4 find room on the disk for all that was written, which for 90 MB takes as long as hashing
 * them. Replacing an empty file first lets a thread of the pool do so while the package is judged. The thread is asked before this
 * returns: judging leaves the event loop no turn until it is done.
 */
function settled(file: string): Promise<string> {
  const as = `${file}.settled`
  return new Promise((resolve, reject) => {
    writeFileSync(as, '')
    renameWhileOthersWork(file, as, (error) => (error ? reject(error) : resolve(as)))
  })
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}

/** From the innermost folder to the outermost, as long as nobody has put anything there. */
async function removeEmptyFolders(innermost: string, outermost: string): Promise<void> {
  const emptied = await rmdir(innermost).then(
    () => true,
    () => false,
  )
  if (emptied && innermost !== outermost) await removeEmptyFolders(dirname(innermost), outermost)
}
