import { defineError } from '../base/errors.ts'

export const noInterpreterAtAll = defineError('ZY0620', 'refused', () => ({
  message: 'This machine has no Python of 3.8 or later that can run functions',
  hint: 'Install one (`apt-get install python3`), or name one: `zipyard serve --python 3.13=/path/to/python3.13`',
}))

export const noAudit = defineError('ZY0621', 'refused', (p: { functionName: string; runtime: string }) => ({
  message: `\`${p.functionName}\` runs on \`${p.runtime}\`, and only packages for Python runtimes are checked`,
  hint: 'Invoke it: what it answers is all there is to know',
}))
