import { createReadStream } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { openCache } from './cache.ts'
import { entryKinds, type EntryKind } from './entry-file.ts'
import { cacheWriteFailed, invalidCacheArchive } from './errors.ts'
import { listCache } from './inventory.ts'
import { readTar, tarHeader, tarPadding } from './tar.ts'

/**
 * Carries a cache to a machine without network: one tar file of everything but tools and half-written files, sorted, without times and
 * owners, so that equal caches give equal files.
 */
export async function exportCache(
  folder: string,
  file: string,
): Promise<{ readonly files: number; readonly sizeBytes: number }> {
  const items = (await listCache(folder)).filter(
    ({ kind }) => kind === 'blobs' || entryKinds.includes(kind as EntryKind),
  )
  const portable = items.filter(({ name }) => parseName(name) !== undefined)
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const output = await open(temporary, 'wx')
    try {
      for (const item of portable) await writeMember(output, item.name, item.path, item.sizeBytes)
      await output.writeFile(Buffer.alloc(1024))
    } finally {
      await output.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : cacheWriteFailed({ folder: file, code }, { cause: error })
  }
  return { files: portable.length, sizeBytes: portable.reduce((sum, item) => sum + item.sizeBytes, 0) }
}

/**
 * Takes in an exported cache. Every blob is hashed and every entry checked on the way; names decide nothing but kind and key, so no file
 * can land anywhere else.
 * @throws `invalidCacheArchive`, `hashMismatch`
 */
export async function importCache(
  folder: string,
  file: string,
): Promise<{ readonly files: number; readonly sizeBytes: number }> {
  const cache = openCache(folder)
  let files = 0
  let sizeBytes = 0
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  try {
    for await (const member of readTar(source, (problem) => invalidCacheArchive({ file, problem }))) {
      const name = parseName(member.name)
      if (!name) throw invalidCacheArchive({ file, problem: `it holds \`${member.name}\`` })
      if (name.kind === 'blobs') {
        await cache.storeBlob(member.content, {
          hashes: { sha256: name.key },
          sizeBytes: member.sizeBytes,
          name: member.name,
        })
      } else {
        const chunks: Uint8Array[] = []
        for await (const chunk of member.content) chunks.push(chunk)
        await cache.restoreEntry(name.kind, name.key, Buffer.concat(chunks))
      }
      files += 1
      sizeBytes += member.sizeBytes
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw invalidCacheArchive({ file, problem: 'it does not exist' }, { cause: error })
  }
  return { files, sizeBytes }
}

function parseName(name: string): { readonly kind: 'blobs' | EntryKind; readonly key: string } | undefined {
  const match = /^(?:(blobs)\/sha256|([a-z-]+))\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(name)
  if (!match) return undefined
  const kind = match[1] ?? match[2]!
  if (kind !== 'blobs' && !entryKinds.includes(kind as EntryKind)) return undefined
  return { kind: kind as 'blobs' | EntryKind, key: match[3]! + match[4]! }
}

async function writeMember(output: FileHandle, name: string, path: string, sizeBytes: number): Promise<void> {
  await output.writeFile(tarHeader(name, sizeBytes))
  let written = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, end: Math.max(0, sizeBytes - 1) })) {
    if (sizeBytes === 0) break
    written += (chunk as Buffer).byteLength
    await output.writeFile(chunk as Buffer)
  }
  if (written !== sizeBytes) throw new Error(`\`${path}\` changed while it was exported`)
  await output.writeFile(tarPadding(sizeBytes))
}
