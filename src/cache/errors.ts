import { defineError } from '../base/errors.ts'

export const hashMismatch = defineError(
  'ZY0360',
  'refused',
  (p: { name: string; algorithm: string; expected: string; found: string }) => ({
    message: `\`${p.name}\` is not the file that was locked: its ${p.algorithm} is \`${p.found}\`, expected \`${p.expected}\``,
    hint: 'Somebody replaced the file on the index, or the lock is of another index; compare both before locking again',
  }),
)

export const sizeMismatch = defineError(
  'ZY0361',
  'refused',
  (p: { name: string; expected: number; found: number }) => ({
    message:
      p.found > p.expected
        ? `\`${p.name}\` is larger than the ${p.expected} bytes that were announced`
        : `\`${p.name}\` ended after ${p.found} of ${p.expected} bytes`,
    hint: 'Try again; if it stays so, the index serves another file than it lists',
  }),
)

export const cacheWriteFailed = defineError('ZY0362', 'refused', (p: { folder: string; code: string }) => ({
  message:
    p.code === 'ENOSPC' || p.code === 'EDQUOT'
      ? `The disk of the cache \`${p.folder}\` is full`
      : `The cache \`${p.folder}\` cannot be written (\`${p.code}\`)`,
  hint:
    p.code === 'ENOSPC' || p.code === 'EDQUOT'
      ? 'Free some space, run `zipyard cache prune`, or set `ZIPYARD_CACHE_DIR` to a folder on another disk'
      : 'Set `ZIPYARD_CACHE_DIR` to a folder that you may write',
}))

export const invalidCacheArchive = defineError('ZY0363', 'refused', (p: { file: string; problem: string }) => ({
  message: `\`${p.file}\` is not an exported cache: ${p.problem}`,
  hint: 'Make one with `zipyard cache export FILE`',
}))
