import { defineError } from '../base/errors.ts'
import { formatBytes } from '../base/byte-size.ts'
import { methodName } from './format.ts'
import type { Hazard } from './hazard.ts'

export const notAZip = defineError('ZY0101', 'refused', (p: { file: string; because: string }) => ({
  message: `\`${p.file}\` is not a complete zip archive: ${p.because}`,
  hint: 'Make it again with `zip -r package.zip .` or `zipyard build`; if it was downloaded or copied, the transfer may have been cut short',
}))

export const archiveRefused = defineError(
  'ZY0102',
  'refused',
  (p: { file: string; policy: string; hazards: readonly Hazard[] }) => ({
    message: `\`${p.file}\` is refused: ${p.hazards[0]!.sentence}${p.hazards.length > 1 ? ` (and ${p.hazards.length - 1} more)` : ''}`,
    hint: p.hazards[0]!.hint,
  }),
)

export const entryNotReadable = defineError(
  'ZY0103',
  'refused',
  (p: { file: string; name: string; method: number }) => ({
    message: `\`${p.name}\` in \`${p.file}\` is packed with ${methodName(p.method)}, which Lambda and Python on it cannot read`,
    hint: 'Make the archive again with deflate, the method every zip tool uses unless told otherwise',
  }),
)

export const entryDamaged = defineError('ZY0104', 'refused', (p: { file: string; name: string; because: string }) => ({
  message: `\`${p.name}\` in \`${p.file}\` is damaged: ${p.because}`,
  hint: 'The archive was changed or cut after it was made: fetch or build it again',
}))

export const unzippedTooLarge = defineError(
  'ZY0105',
  'refused',
  (p: { file: string; bytes: number; limitBytes: number }) => ({
    message: `\`${p.file}\` unzips to ${p.bytes} bytes, the unzipped size must be smaller than ${p.limitBytes} bytes (${formatBytes(p.limitBytes)})`,
    hint: 'Leave out what the function never imports (`zipyard check` ranks it), move dependencies to a layer only if both together fit, or use a container image',
  }),
)

export const spliceSourceChanged = defineError(
  'ZY0106',
  'refused',
  (p: { file: string; name: string; because: string }) => ({
    message: `\`${p.name}\` cannot be copied from \`${p.file}\`: ${p.because}`,
    hint: 'The file changed while the package was being built: build again',
  }),
)

export const duplicatePath = defineError('ZY0107', 'refused', (p: { path: string }) => ({
  message: `\`${p.path}\` would stand in the package twice`,
  hint: 'Two sources give the same path: exclude one of them',
}))

export const unsafePath = defineError('ZY0108', 'refused', (p: { path: string; because: string }) => ({
  message: `\`${p.path}\` cannot be a path in a package: ${p.because}`,
  hint: 'Rename the file',
}))

export const entryTooLarge = defineError('ZY0109', 'refused', (p: { path: string; bytes: number }) => ({
  message: `\`${p.path}\` is ${formatBytes(p.bytes)}; Lambda takes 250 MB of all files together`,
  hint: 'Keep data of this size in S3 or EFS and read it at run time',
}))

export const indexDamaged = defineError('ZY0110', 'refused', (p: { because: string }) => ({
  message: `a cached wheel index is damaged: ${p.because}`,
  hint: 'It is made again from the wheel; if this repeats, run `zipyard cache prune`',
}))

export const outputNotWritable = defineError('ZY0111', 'refused', (p: { path: string; because: string }) => ({
  message: `\`${p.path}\` could not be written: ${p.because}`,
  hint: 'Free space on that disk or choose another place with `--out`; nothing was left behind',
}))

export const extractionFailed = defineError('ZY0112', 'refused', (p: { into: string; because: string }) => ({
  message: `the package could not be unpacked to \`${p.into}\`: ${p.because}`,
  hint: 'Free space on that disk or choose another data folder',
}))
