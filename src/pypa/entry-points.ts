import { defineError } from '../base/errors.ts'

/** A line of entry_points.txt: `name = module:attribute [extras]`. */
export interface EntryPoint {
  /** `console_scripts`, `gui_scripts`, or a group of the application's own. */
  readonly group: string
  readonly name: string
  readonly module: string
  /** `main`, `cli.run`; absent when only the module is named. */
  readonly attribute?: string | undefined
  readonly extras: readonly string[]
}

export const invalidEntryPoints = defineError(
  'ZY0208',
  'refused',
  (p: { file: string; line: number; problem: string }) => ({
    message: `\`${p.file}\`, line ${p.line}: ${p.problem}`,
    hint: 'Entry points are written `name = module:attribute` under a `[group]`',
  }),
)

/** Reads entry_points.txt, in the order of the file. Comments begin with `#` or `;`, as in Python's configparser. */
export function parseEntryPoints(text: string, file = 'entry_points.txt'): readonly EntryPoint[] {
  const points: EntryPoint[] = []
  let group: string | undefined
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = raw.trim()
    const fail = (problem: string): never => {
      throw invalidEntryPoints({ file, line: index + 1, problem })
    }
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const section = /^\[([^\]]+)\]$/.exec(line)
    if (section) {
      group = section[1]!.trim()
      continue
    }
    if (group === undefined) fail(`\`${line}\` stands before the first \`[group]\``)
    const match = /^([^=]+?)\s*=\s*([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[([^\]]*)\]\s*)?(?:\s#.*)?$/u.exec(line)
    if (!match) return fail(`\`${line}\` is not an entry point`)
    points.push({
      group: group!,
      name: match[1]!,
      module: match[2]!,
      attribute: match[3],
      extras: (match[4] ?? '')
        .split(',')
        .map((extra) => extra.trim())
        .filter((extra) => extra !== ''),
    })
  }
  return points
}
