import { existsSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { formatBytes } from '../../base/byte-size.ts'
import { checkPackage, type CheckResult } from '../../audit/check-package.ts'
import type { Finding } from '../../audit/finding.ts'
import { callAdmin } from '../../client/admin-client.ts'
import { serviceTarget } from '../../client/target.ts'
import { defaultRuntimeId } from '../../lambda/runtimes.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { readServiceFile } from '../../settings/service-file.ts'
import { defineCommand, exitCodes, type Context } from '../command.ts'
import { dataOption, handlerOption, runtimeOption } from '../shared-options.ts'
import { fileNotFound, missingOperand } from '../actions.ts'

export const command = defineCommand({
  positionals: [{ name: 'FILE|DIR', sentence: 'Deployment package, or a folder that would become one' }],
  options: {
    runtime: { ...runtimeOption, default: defaultRuntimeId },
    arch: { type: 'string', value: 'ARCH', inFile: true, default: 'x86_64', sentence: 'x86_64 or arm64' },
    data: dataOption,
    function: { type: 'string', value: 'NAME', sentence: 'Show what the running service found in the package of a function' }, // prettier-ignore
    handler: handlerOption,
    html: { type: 'string', value: 'FILE', sentence: 'Write a treemap of the package as one HTML page' },
    layer: { type: 'strings', value: 'FILE', sentence: 'Layer of the function, zip or folder; repeat in their order' },
  },
  examples: [
    'zipyard check dist/hello.zip --handler app.main',
    'zipyard check package.zip --runtime python3.12 --arch arm64 --json',
    'zipyard check --function hello',
  ],
  async run(context, options, [subject]) {
    if (options.function !== undefined) {
      const found = await findingsOf(context, options.function, options.data)
      return report(context, found, `function ${options.function}`)
    }
    if (subject === undefined)
      throw missingOperand({ command: 'check', operand: 'a package', example: 'zipyard check dist/hello.zip' })
    const path = resolve(context.workingDirectory, subject)
    if (!existsSync(path)) throw fileNotFound({ path: subject })
    const { html, ...result } = checkPackage(
      {
        path,
        runtime: options.runtime,
        architecture: options.arch,
        handler: options.handler,
        layers: options.layer.map((layer) => resolve(context.workingDirectory, layer)),
      },
      { html: options.html !== undefined },
    )
    if (options.html !== undefined) writeFileSync(resolve(context.workingDirectory, options.html), html!)
    return report(context, result, relative(context.workingDirectory, path) || subject)
  },
})

/** What the service that runs on this machine found when the function's code was uploaded. */
function findingsOf(context: Context, name: string, data: string | undefined): Promise<CheckResult> {
  const target = serviceTarget(readServiceFile(dataFolder(data, context.environment)))
  return callAdmin<CheckResult>(target, 'GET', `/findings/${encodeURIComponent(name)}`)
}

function report(context: Context, result: CheckResult, name: string): number {
  if (context.json) context.terminal.out(JSON.stringify(result, undefined, 2))
  else show(context, result, name)
  if (context.environment['GITHUB_ACTIONS'] === 'true')
    for (const finding of result.findings) annotate(context, finding)
  return result.summary.errors > 0 ? exitCodes.checkFailed : exitCodes.done
}

function show(context: Context, { findings, summary }: CheckResult, name: string): void {
  const { out, style } = context.terminal
  for (const finding of findings) {
    const mark = { error: style.red('error'), warning: style.yellow('warn '), info: style.dim('info ') }[
      finding.severity
    ]
    out(`${mark} ${style.bold(finding.code)} ${finding.sentence}`)
    out(`      ${style.cyan('hint:')} ${finding.hint}`)
  }
  if (findings.length > 0) out('')
  const share = Math.round((summary.unzippedBytes / summary.unzippedLimitBytes) * 100)
  const zipped = summary.zippedBytes === undefined ? '' : `${formatBytes(summary.zippedBytes)} zipped, `
  out(`${name}  ${zipped}${formatBytes(summary.unzippedBytes)} unzipped (${share}% of 250 MB), ${summary.files} files`)
  const target = `${summary.runtime} on ${summary.architecture}`
  const counts = [
    summary.errors > 0 ? style.red(plural(summary.errors, 'error')) : undefined,
    summary.warnings > 0 ? style.yellow(plural(summary.warnings, 'warning')) : undefined,
  ].filter((text) => text !== undefined)
  if (summary.errors > 0) out(`will not run on ${target}: ${counts.join(', ')}`)
  else
    out(`${style.green('ok')} for ${target}${counts.length > 0 ? `, ${counts.join(', ')}` : ''} (proved by inspection)`)
}

/** A workflow command of GitHub Actions: the finding shows up at the file. */
function annotate(context: Context, finding: Finding): void {
  const level = { error: 'error', warning: 'warning', info: 'notice' }[finding.severity]
  const place = [
    finding.file ? `file=${finding.file}` : '',
    finding.line ? `line=${finding.line}` : '',
    `title=${finding.code}`,
  ]
  const text = `${finding.sentence}. ${finding.hint}`.replaceAll('%', '%25').replaceAll('\n', '%0A')
  context.terminal.err(`::${level} ${place.filter((part) => part !== '').join(',')}::${text}`)
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
