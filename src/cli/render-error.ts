import { causesOf, ZipyardError } from '../base/errors.ts'
import { exitCodes } from './command.ts'
import type { Style } from './terminal.ts'

/** How an error is shown on the command line. */
export interface RenderedError {
  readonly exitCode: number
  /** The sentence, `caused by:` lines, an empty line and the hint. */
  readonly text: string
  readonly json: unknown
}

/** Ours with its code and hint; anything else is our own defect and says how to report it. */
export function renderError(error: unknown, style: Style, verbose: boolean): RenderedError {
  const causes = causesOf(error)
  if (error instanceof ZipyardError) {
    const text = [
      `${style.red('error:')} ${error.message} (${error.code})`,
      ...unsaid(error.message, causes).map((cause) => `${style.dim('caused by:')} ${cause}`),
      ...(error.hint ? ['', `${style.cyan('hint:')} ${error.hint}`] : []),
    ].join('\n')
    return {
      exitCode: { refused: exitCodes.refused, usage: exitCodes.usage, defect: exitCodes.defect }[error.kind],
      text: verbose && error.stack ? `${text}\n\n${style.dim(error.stack)}` : text,
      json: { error: { code: error.code, message: error.message, hint: error.hint, causes, details: error.details } },
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  const systemCode = (error as NodeJS.ErrnoException | undefined)?.code
  const known = systemCode === undefined ? undefined : systemErrors[systemCode]
  if (known) {
    const path = (error as NodeJS.ErrnoException).path
    const text = `${known.sentence}${path ? `: \`${path}\`` : ''}`
    return {
      exitCode: exitCodes.refused,
      text: `${style.red('error:')} ${text} (ZY0009)\n\n${style.cyan('hint:')} ${known.hint}`,
      json: { error: { code: 'ZY0009', message: text, hint: known.hint, causes: [message] } },
    }
  }
  const stack = error instanceof Error && error.stack ? error.stack : message
  return {
    exitCode: exitCodes.defect,
    text: `${style.red('error:')} Zipyard has a defect: ${message} (ZY0070)\n\n${style.dim(stack)}\n\n${style.cyan('hint:')} Please report this text with what you typed`,
    json: { error: { code: 'ZY0070', message, causes, stack } },
  }
}

/** Causes that say more than the sentence and the causes before them. */
function unsaid(sentence: string, causes: readonly string[]): readonly string[] {
  return causes.filter((cause, place) => ![sentence, ...causes.slice(0, place)].some((said) => said.includes(cause)))
}

/** What the operating system refuses, in words. */
const systemErrors: Readonly<Record<string, { sentence: string; hint: string }>> = {
  ENOENT: { sentence: 'There is no such file or folder', hint: 'Check the path' },
  EACCES: {
    sentence: 'Permission was denied',
    hint: 'Choose a place that you may read and write, or change its permissions',
  },
  EPERM: { sentence: 'The operation is not permitted', hint: 'Choose a place that you may read and write' },
  ENOSPC: { sentence: 'The disk is full', hint: 'Free some space (`zipyard cache prune` helps) and try again' },
  EROFS: { sentence: 'The file system is read-only', hint: 'Choose a place that can be written' },
  EISDIR: { sentence: 'A file was expected, but this is a folder', hint: 'Name a file' },
  ENOTDIR: { sentence: 'A folder was expected, but this is a file', hint: 'Name a folder' },
  ENAMETOOLONG: { sentence: 'A name is longer than the file system takes', hint: 'Choose a shorter name' },
  ELOOP: { sentence: 'Symbolic links lead in a circle', hint: 'Remove the link that leads back' },
  EDQUOT: {
    sentence: 'Your quota of this disk is used up',
    hint: 'Free some space (`zipyard cache prune` helps) and try again',
  },
  EMFILE: { sentence: 'Too many files are open', hint: 'Raise the limit with `ulimit -n`' },
}
