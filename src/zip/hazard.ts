/**
 * What is odd, dangerous or ambiguous about an archive, as values: the reader lists hazards and never judges.
 * Whether a hazard is fatal depends on the purpose, see `policy.ts`.
 */
export interface Hazard {
  readonly code: HazardCode
  /** Name of the entry it is about; absent when it is about the archive. */
  readonly name?: string | undefined
  /** Found and expected, names in backticks, no full stop. */
  readonly sentence: string
  /** What to do now. */
  readonly hint: string
}

export type HazardCode = keyof typeof hazardHints

// prettier-ignore
const hazardHints = {
  // About the archive.
  'no-entries': 'Put the function\'s code into it: `zip package.zip lambda_function.py`',
  'prepended-data': 'Make the archive again without data in front of it',
  'trailing-data': 'Make the archive again without data behind it',
  'ambiguous-end': 'Make the archive again without a comment that looks like the end of a zip',
  'entry-count': 'Make the archive again: its list of files does not match its own count',
  'directory-gap': 'Make the archive again: there are unexplained bytes in its list of files',
  'zip64-disagrees': 'Make the archive again: its two end records contradict each other',
  'zip64': 'Keep the package under 65,535 files: whether Lambda takes more is not documented',
  'multi-disk': 'Make the archive again as a single file',
  // About an entry's name.
  'empty-name': 'Make the archive again: one of its files has no name',
  'absolute-name': 'Make the archive again from inside the folder: `cd package && zip -r ../package.zip .`',
  'parent-name': 'Make the archive again from inside the folder: `cd package && zip -r ../package.zip .`',
  'nul-name': 'Rename the file and make the archive again',
  'drive-name': 'Make the archive again with names relative to the folder',
  'untidy-name': 'Make the archive again with plain relative names',
  'backslash-name': 'Make the archive again with a tool that writes `/` between folders (`zipyard repair` can)',
  'control-name': 'Rename the file and make the archive again',
  'long-name': 'Shorten it: Linux takes 255 bytes per folder or file name and 4,096 per path',
  'name-not-utf8': 'Make the archive again with a tool that writes names as UTF-8',
  'name-unmarked': 'Make the archive again with a tool that marks its names as UTF-8 (`zipyard repair` can)',
  'name-not-nfc': 'Rename the file to composed Unicode (NFC), as the import statement spells it',
  'unicode-path': 'Make the archive again: the file has two different names',
  'duplicate-name': 'Remove one of the two: `zip -d package.zip NAME`',
  'case-collision': 'Rename one of them: on macOS and Windows they are the same file',
  'path-conflict': 'Rename one of them: a path cannot be both a file and a folder',
  // About an entry's data.
  'encrypted': 'Make the archive again without a password',
  'method': 'Make the archive again with deflate, the method every zip tool uses unless told otherwise',
  'local-header': 'The archive was cut or changed after it was made: fetch or build it again',
  'local-name': 'Make the archive again: the file has two different names',
  'local-method': 'Make the archive again: the file\'s two headers contradict each other',
  'local-size': 'Make the archive again: the file\'s two headers contradict each other',
  'out-of-bounds': 'The archive was cut or changed after it was made: fetch or build it again',
  'overlap': 'Do not unpack it: files that share bytes are how zip bombs are made',
  'impossible-ratio': 'Do not unpack it: deflate cannot pack that tightly, the sizes are wrong',
  'size-disagrees': 'Make the archive again: a stored file has two different sizes',
  'directory-with-data': 'Make the archive again: a folder carries data',
  'symbolic-link': 'Store the file itself: `zip` follows links unless `-y` is given',
  'special-file': 'Remove it: only files, folders and links can be in a package',
  'data-descriptor': 'Nothing to do; some readers cannot stream such archives',
} as const

export function hazard(code: HazardCode, sentence: string, name?: string): Hazard {
  return { code, sentence, hint: hazardHints[code], ...(name === undefined ? {} : { name }) }
}

export const hazardCodes = Object.keys(hazardHints) as HazardCode[]
