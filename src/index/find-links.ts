import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { normalizeName } from '../pypa/name.ts'
import { parseProjectPage, type ProjectFile } from '../pypa/simple-index.ts'
import { tryParseSdistFilename } from '../pypa/sdist-filename.ts'
import { tryParseWheelFilename } from '../pypa/wheel-filename.ts'
import { sha256File } from '../base/digest.ts'
import { findLinksUnreadable } from './errors.ts'

/** The files of a project in a folder, or linked from a page on disk (`--find-links`). */
export async function findLinkedFiles(place: string, project: string): Promise<readonly ProjectFile[]> {
  const path = place.startsWith('file:') ? fileURLToPath(place) : resolve(place)
  try {
    if ((await stat(path)).isDirectory()) {
      const names = (await readdir(path)).filter((name) => isOf(name, project)).sort()
      return await Promise.all(names.map((name) => localFile(join(path, name), name)))
    }
    const page = parseProjectPage(await readFile(path, 'utf8'), 'text/html', pathToFileURL(path).href)
    return page.files.filter((file) => isOf(file.filename, project))
  } catch (error) {
    throw findLinksUnreadable({ place }, { cause: error })
  }
}

function isOf(filename: string, project: string): boolean {
  const wheel = tryParseWheelFilename(filename)
  return wheel ? wheel.name === normalizeName(project) : tryParseSdistFilename(filename, project) !== undefined
}

/** Hashed at once, so that locks which know files by digest alone find them here as well. */
async function localFile(path: string, filename: string): Promise<ProjectFile> {
  const [{ size }, sha256] = await Promise.all([stat(path), sha256File(path)])
  return { filename, url: pathToFileURL(path).href, hashes: { sha256 }, sizeBytes: size, yanked: false }
}
