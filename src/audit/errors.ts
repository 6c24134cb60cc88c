import { defineError } from '../base/errors.ts'

export const notACheckablePackage = defineError('ZY0490', 'refused', (p: { path: string }) => ({
  message: `there is no package at \`${p.path}\``,
  hint: 'Name a `.zip` file or a folder',
}))
