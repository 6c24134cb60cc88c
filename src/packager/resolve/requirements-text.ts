import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** `>` of Windows PowerShell writes UTF-16 behind a byte order mark, and pip reads it. */
function utf16Of(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
}

/** The text of a requirements file: UTF-8, or what its byte order mark says. */
export async function readRequirementsText(file: string): Promise<string> {
  if (/^https?:/.test(file)) throw new Error('requirements files are read from disk only')
  const bytes = await readFile(file)
  const encoding = utf16Of(bytes)
  return encoding === undefined ? bytes.toString('utf8') : new TextDecoder(encoding).decode(bytes)
}

/** The same files for uv, which reads UTF-8 alone: others as copies in `scratch`. */
export async function asUtf8(files: readonly string[], scratch: string): Promise<readonly string[]> {
  return Promise.all(
    files.map(async (file, place) => {
      // What cannot be read is for uv to say.
      const bytes = await readFile(file).catch(() => Buffer.alloc(0))
      if (utf16Of(bytes) === undefined) return file
      const copy = join(scratch, `${place}-${basename(file)}`)
      await writeFile(copy, await readRequirementsText(file))
      return copy
    }),
  )
}
