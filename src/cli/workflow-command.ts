import type { Finding } from '../audit/finding.ts'

const levels = { error: 'error', warning: 'warning', info: 'notice' } as const

/**
 * A finding as a workflow command of GitHub Actions, which shows it beside the file.
 *
 * They go to stderr: the runner reads the commands of both streams (`ScriptHandler` of actions/runner gives each its `OutputManager` with the same command
 * manager), and so they are seen even where stdout goes into a file, which is what `--json > report.json` is for.
 * @example workflowCommand(finding) // ::error file=app.py,line=3,title=ZY1401::`yaml`, imported by `app.py` line 3, is not in the package. Add `PyYAML` …
 */
export function workflowCommand({ severity, code, file, line, sentence, hint }: Finding): string {
  const properties = [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    ...(line === undefined ? [] : [`line=${line}`]),
    `title=${code}`,
  ]
  return `::${levels[severity]} ${properties.join(',')}::${data(`${sentence}. ${hint}`)}`
}

/** Names in a package may hold anything, a line break and a command of their own too. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
