/**
 * Our own errors: a stable code, a sentence with the value in backticks, and a hint that can be acted on now.
 *
 * Each error is defined once, beside its domain, and thrown as `throw notAZip({ file })`. How it is shown (terminal sentence,
 * `--json`, AWS fault) is decided at the edge. What a user's *function* did wrong is a result, never one of these.
 */

/** Who has to act, which also decides the exit code of the command line: see `cli/render-error.ts`. */
export type ErrorKind =
  /** The input was refused (exit 1). */
  | 'refused'
  /** The command was used wrongly (exit 2). */
  | 'usage'
  /** Our own defect (exit 70). */
  | 'defect'

export interface ErrorText {
  /** One sentence without a full stop; found and expected values in backticks. */
  readonly message: string
  /** What to do now. */
  readonly hint?: string | undefined
}

/** An error of Zipyard. `code` is stable across releases, `message` is not. */
export class ZipyardError extends Error {
  readonly code: string
  readonly kind: ErrorKind
  readonly hint: string | undefined
  /** The values the sentence was made from, for `--json` and for the tables that map codes to AWS faults. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, kind: ErrorKind, text: ErrorText, details: object, cause: unknown) {
    super(text.message, cause === undefined ? undefined : { cause })
    this.name = 'ZipyardError'
    this.code = code
    this.kind = kind
    this.hint = text.hint
    this.details = details as Record<string, unknown>
  }
}

export interface ErrorDefinition<Details extends object> {
  (details: Details, options?: { readonly cause?: unknown }): ZipyardError
  readonly code: string
  /** Whether `error` came from this definition. */
  is(error: unknown): error is ZipyardError & { readonly details: Details }
}

/**
 * Defines an error once.
 *
 * @example
 * export const notAZip = defineError('ZY0101', 'refused', (p: { file: string }) => ({
 *   message: `\`${p.file}\` is not a zip archive: it has no end of central directory record`,
 *   hint: 'Make it with `zip -r package.zip .` or `zipyard build`',
 * }))
 * throw notAZip({ file: 'package.zip' })
 */
export function defineError<Details extends object>(
  code: `ZY${number}`,
  kind: ErrorKind,
  text: (details: Details) => ErrorText,
): ErrorDefinition<Details> {
  const make = (details: Details, options?: { readonly cause?: unknown }): ZipyardError =>
    new ZipyardError(code, kind, text(details), details, options?.cause)
  return Object.assign(make, {
    code,
    is: (error: unknown): error is ZipyardError & { readonly details: Details } =>
      error instanceof ZipyardError && error.code === code,
  })
}

/** The messages of an error's causes, outermost first, the error's own message left out. */
export function causesOf(error: unknown): readonly string[] {
  const messages: string[] = []
  let current: unknown = error instanceof Error ? error.cause : undefined
  while (current instanceof Error && messages.length < 8) {
    messages.push(current.message)
    current = current.cause
  }
  if (current !== undefined && !(current instanceof Error)) messages.push(String(current))
  return messages
}
