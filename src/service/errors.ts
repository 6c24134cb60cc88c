import { defineError } from '../base/errors.ts'

export const noInterpreterAtAll = defineError('ZY0620', 'refused', () => ({
  message: 'This machine has no Python of 3.8 or later that can run functions',
  hint: 'Install one (`apt-get install python3`), or name one: `zipyard serve --python 3.13=/path/to/python3.13`',
}))
