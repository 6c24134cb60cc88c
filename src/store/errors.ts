import { defineError } from '../base/errors.ts'

export const sqliteMissing = defineError('ZY0601', 'refused', (p: { node: string }) => ({
  message: `Node \`${p.node}\` has no \`node:sqlite\`, and the package \`libsql\` is not installed for this machine`,
  hint: 'Use Node 22.13 or later, or install zipyard again without `--omit=optional`',
}))

export const storeInUse = defineError('ZY0602', 'refused', (p: { folder: string; processId: number | undefined }) => ({
  message: `the data folder \`${p.folder}\` is in use by another service${p.processId === undefined ? '' : ` (process ${p.processId})`}`,
  hint:
    p.processId === undefined
      ? 'Stop that service, or choose another folder with `--data`'
      : `Stop it with \`kill ${p.processId}\`, or choose another folder with \`--data\``,
}))

export const storeNewer = defineError('ZY0603', 'refused', (p: { file: string; migration: string }) => ({
  message: `\`${p.file}\` was written by a newer zipyard: it has the migration \`${p.migration}\`, which this version does not know`,
  hint: 'Use that newer version, or choose another folder with `--data`',
}))

export const storeDamaged = defineError('ZY0604', 'refused', (p: { file: string }) => ({
  message: `\`${p.file}\` cannot be opened as a SQLite database`,
  hint: 'Restore it from a backup, or move it away to start with an empty store',
}))

export const unbindableValue = defineError('ZY0605', 'defect', (p: { sql: string; value: string }) => ({
  message: `the value \`${p.value}\` cannot be stored by \`${p.sql}\``,
  hint: 'Store text without NUL characters, numbers, bigints, bytes or null',
}))

/** Whether somebody sent text with a NUL, which the store does not take. */
export function holdsNul(error: unknown): boolean {
  return unbindableValue.is(error) && error.details.value.includes('\\u0000')
}

export const outsideTransaction = defineError('ZY0606', 'defect', () => ({
  message: 'a query was sent past the transaction that surrounds it',
  hint: 'Inside `transaction(callback)` use the handle that the callback receives',
}))

export const blobMissing = defineError('ZY0607', 'refused', (p: { digest: string }) => ({
  message: `the store has no blob \`${p.digest}\``,
  hint: 'Upload it again',
}))

export const blobMismatch = defineError(
  'ZY0608',
  'refused',
  (p: { what: 'digest' | 'size'; expected: string; found: string }) => ({
    message: `the body's ${p.what} is \`${p.found}\`, expected \`${p.expected}\``,
    hint: 'The upload was cut short or changed on its way; send it again',
  }),
)

export const storeFull = defineError('ZY0609', 'refused', (p: { folder: string }) => ({
  message: `no space is left for the data folder \`${p.folder}\``,
  hint: 'Free disk space, or move the data folder with `--data`',
}))
