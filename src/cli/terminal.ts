/**
 * Where a command writes: the result to stdout, everything else to stderr.
 *
 * Colour only where a person looks: a terminal, and neither `NO_COLOR` nor `TERM=dumb`; `FORCE_COLOR` wins.
 */
export interface Terminal {
  /** A line of the result. */
  out(line: string): void
  /** A line for the person. */
  err(line: string): void
  /** A line on stderr that a program reads, such as an annotation for CI: `--quiet` keeps it. */
  annotate(line: string): void
  /** Raw text of the result, no newline added. */
  write(text: string | Uint8Array): void
  readonly style: Style
  /** Columns of stderr, 80 where unknown. */
  readonly columns: number
  /** Whether stderr is a terminal that can be redrawn (progress bars). */
  readonly isInteractive: boolean
  /** Shows a line that the next one replaces; '' clears it. Does nothing where not interactive. */
  status(line: string): void
}

export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
  cyan(text: string): string
}

type Output = { write(chunk: string | Uint8Array): boolean; isTTY?: boolean; columns?: number }

export function createTerminal(
  stdout: Output,
  stderr: Output,
  environment: Readonly<Record<string, string | undefined>>,
  quiet: boolean,
): Terminal {
  const isInteractive = stderr.isTTY === true && !environment['CI'] && environment['TERM'] !== 'dumb' && !quiet
  let statusShown = false
  const clear = (): void => {
    if (statusShown) stderr.write('\r\u001B[2K')
    statusShown = false
  }
  return {
    out(line) {
      clear()
      stdout.write(`${line}\n`)
    },
    err(line) {
      if (quiet) return
      clear()
      stderr.write(`${line}\n`)
    },
    annotate(line) {
      clear()
      stderr.write(`${line}\n`)
    },
    write(text) {
      clear()
      stdout.write(text)
    },
    style: createStyle(wantsColour(stderr, environment)),
    columns: stderr.columns ?? 80,
    isInteractive,
    status(line) {
      if (!isInteractive) return
      clear()
      if (line === '') return
      stderr.write(line.slice(0, (stderr.columns ?? 80) - 1))
      statusShown = true
    },
  }
}

function wantsColour(stderr: Output, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment['FORCE_COLOR'] && environment['FORCE_COLOR'] !== '0') return true
  if (environment['NO_COLOR'] || environment['TERM'] === 'dumb') return false
  return stderr.isTTY === true
}

function createStyle(colour: boolean): Style {
  const paint =
    (open: number, close: number) =>
    (text: string): string =>
      colour ? `\u001B[${open}m${text}\u001B[${close}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    yellow: paint(33, 39),
    green: paint(32, 39),
    cyan: paint(36, 39),
  }
}
