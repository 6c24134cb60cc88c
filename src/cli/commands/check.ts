import { existsSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { formatBytes } from '../../base/byte-size.ts'
import { checkPackage, type CheckResult } from '../../audit/check-package.ts'
import type { Finding } from '../../audit/finding.ts'
import { defaultRuntimeId } from '../../lambda/runtimes.ts'
import { defineCommand, exitCodes, type Context } from '../command.ts'
import { handlerOption, runtimeOption } from '../shared-options.ts'
import { fileNotFound } from '../actions.ts'

export const command = defineCommand({
  positionals: [
    { name: 'FILE|DIR', sentence: 'Deployment package, or a folder that would become one', required: true },
  ],
  options: {
    runtime: { ...runtimeOption, default: defaultRuntimeId },
    arch: { type: 'string', value: 'ARCH', inFile: true, default: 'x86_64', sentence: 'x86_64 or arm64' },
    handler: handlerOption,
    html: { type: 'string', value: 'FILE', sentence: 'Write a treemap of the package as one HTML page' },
    layer: { type: 'strings', value: 'FILE', sentence: 'Layer of the function, zip or folder; repeat in their order' },
  },
  examples: [
    'zipyard check dist/hello.zip --handler app.main',
    'zipyard check package.zip --runtime python3.12 --arch arm64 --json',
  ],
  async run(context, options, [subject]) {
    const path = resolve(context.workingDirectory, subject!)
    if (!existsSync(path)) throw fileNotFound({ path: subject! })
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
    if (context.json) context.terminal.out(JSON.stringify(result, undefined, 2))
    else show(context, result, relative(context.workingDirectory, path) || subject!)
    if (context.environment['GITHUB_ACTIONS'] === 'true')
      for (const finding of result.findings) annotate(context, finding)
    return result.summary.errors > 0 ? exitCodes.checkFailed : exitCodes.done
  },
})

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
