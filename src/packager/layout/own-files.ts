import { closeSync, openSync, readSync } from 'node:fs'
import picomatch from 'picomatch'
import type { OwnFile } from '../source/own-sources.ts'
import type { LayoutFile } from './layout.ts'

/** Lays the project's own files out. Executable is what begins with `#!` or matches a glob; the host's permissions decide nothing. */
export function layOutOwnFiles(files: readonly OwnFile[], executable: readonly string[]): readonly LayoutFile[] {
  const isExecutable = executable.length > 0 ? picomatch([...executable], { dot: true }) : (): boolean => false
  return files.map(({ path, file, sizeBytes, linkTarget }) =>
    linkTarget === undefined
      ? {
          path,
          mode: isExecutable(path) || hasShebang(file) ? 0o755 : 0o644,
          source: { file },
          owner: 'own',
          uncompressedBytes: sizeBytes,
        }
      : {
          path,
          mode: 0o777,
          source: { bytes: Buffer.from(linkTarget, 'utf8') },
          link: true,
          owner: 'own',
          uncompressedBytes: sizeBytes,
        },
  )
}

function hasShebang(file: string): boolean {
  const head = Buffer.alloc(2)
  const descriptor = openSync(file, 'r')
  try {
    return readSync(descriptor, head, 0, 2, 0) === 2 && head[0] === 0x23 && head[1] === 0x21
  } finally {
    closeSync(descriptor)
  }
}
