import { defineError } from '../base/errors.ts'

export const notACheckablePackage = defineError('ZY0490', 'refused', (p: { path: string }) => ({
  message: `there is no package at \`${p.path}\``,
  hint: 'Name a `.zip` file or a folder',
}))

export const nothingToRepair = defineError('ZY0491', 'refused', (p: { path: string }) => ({
  message: `\`${p.path}\` holds no file that could be kept`,
  hint: 'Make the package again from its sources: `zipyard build`',
}))
