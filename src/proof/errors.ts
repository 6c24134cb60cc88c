import { defineError } from '../base/errors.ts'

export const mixedLayers = defineError('ZY0570', 'refused', (p: { folder: string }) => ({
  message: `\`${p.folder}\` is a folder, and layers that lie over one another must be zips to be run`,
  hint: 'Pack each layer into a zip',
}))
