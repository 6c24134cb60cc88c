/** Errors of the packager that belong to no single stage. Those of a stage stand beside it. */
import { defineError } from '../base/errors.ts'

export const projectNotFound = defineError('ZY0401', 'refused', (p: { folder: string }) => ({
  message: `\`${p.folder}\` is not a folder`,
  hint: 'Name the project folder: `zipyard build DIR`',
}))

export const emptyPackage = defineError('ZY0402', 'refused', (p: { folder: string }) => ({
  message: `\`${p.folder}\` has no file that belongs into a package, and no dependencies`,
  hint: 'Add `lambda_function.py`, name requirements with `-r`, or bring ignored files back with `--include`',
}))
