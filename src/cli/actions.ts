import { defineError } from '../base/errors.ts'

/** The first word after a command that takes several, such as `keys add`. */
export const unknownAction = defineError(
  'ZY0013',
  'usage',
  (p: { command: string; action: string; known: readonly string[] }) => ({
    message: `\`zipyard ${p.command}\` does not know \`${p.action}\``,
    hint: `Use one of ${p.known.map((name) => `\`${name}\``).join(', ')}`,
  }),
)

export const missingOperand = defineError(
  'ZY0015',
  'usage',
  (p: { command: string; operand: string; example: string }) => ({
    message: `\`zipyard ${p.command}\` needs ${p.operand}`,
    hint: `For example: \`${p.example}\``,
  }),
)

export const fileNotFound = defineError('ZY0017', 'refused', (p: { path: string }) => ({
  message: `There is no \`${p.path}\``,
  hint: 'Check the path; `zipyard build` writes its packages to `dist/`',
}))
