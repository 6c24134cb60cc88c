import { existsSync, writeFileSync } from 'node:fs'
import { basename, relative, resolve } from 'node:path'
import { formatBytes, formatShare } from '../../base/byte-size.ts'
import { plural } from '../../base/plural.ts'
import { checkPackage, type CheckResult } from '../../audit/check-package.ts'
import type { Finding } from '../../audit/finding.ts'
import { isOverBudget } from '../../audit/rules/budget.ts'
import { cacheFolder } from '../../cache/cache-folder.ts'
import { serviceTarget } from '../../client/target.ts'
import { defaultRuntimeId } from '../../lambda/runtimes.ts'
import { importFlameGraph, milliseconds } from '../../proof/flame-graph.ts'
import { importFindings } from '../../proof/import-finding.ts'
import type { ImportProof, RunProof } from '../../proof/import-proof.ts'
import { budgetOfPackage } from '../../settings/budget.ts'
import { findConfiguration } from '../../settings/configuration-file.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { badOptionValue } from '../../settings/option.ts'
import { readServiceFile } from '../../settings/service-file.ts'
import { defineCommand, exitCodes, type Context } from '../command.ts'
import { importProfile } from '../import-profile.ts'
import { dataOption, handlerOption, runtimeOption } from '../shared-options.ts'
import { fileNotFound, missingOperand } from '../actions.ts'
import { workflowCommand } from '../workflow-command.ts'

export const command = defineCommand({
  positionals: [{ name: 'FILE|DIR', sentence: 'Deployment package, or a folder that would become one' }],
  options: {
    runtime: { ...runtimeOption, default: defaultRuntimeId },
    arch: { type: 'string', value: 'ARCH', inFile: true, default: 'x86_64', sentence: 'x86_64 or arm64' },
    data: dataOption,
    function: { type: 'string', value: 'NAME', sentence: 'Show what the running service found in the package of a function' }, // prettier-ignore
    handler: handlerOption,
    html: { type: 'string', value: 'FILE', sentence: 'Write a treemap of the package as one HTML page' },
    import: { type: 'boolean', sentence: 'Import the handler in the sandbox; show time and memory of each import' },
    layer: { type: 'strings', value: 'FILE', sentence: 'Layer of the function, zip or folder; repeat in their order' },
    profile: { type: 'string', value: 'FILE.svg', sentence: 'With --import: draw the imports as a flame graph' },
  },
  examples: [
    'zipyard check dist/hello.zip --handler app.main',
    'zipyard check package.zip --runtime python3.12 --arch arm64 --json',
    'zipyard check dist/hello.zip --handler app.main --import --profile imports.svg',
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
    const svg = flameGraphFile(options)
    const request = {
      path,
      runtime: options.runtime,
      architecture: options.arch,
      handler: options.handler,
      layers: options.layer.map((layer) => resolve(context.workingDirectory, layer)),
      cacheFolder: cacheFolder(context.environment),
      budget: budgetOfPackage(findConfiguration(context.workingDirectory), basename(path)),
    }
    const name = relative(context.workingDirectory, path) || subject
    const { html, deniedLibraries, ...inspected } = checkPackage(request, {
      html: options.html !== undefined,
      deniedLibraries: options.import,
    })
    if (options.html !== undefined) writeFileSync(resolve(context.workingDirectory, options.html), html!)
    if (!options.import) return report(context, inspected, name)
    const folder = dataFolder(options.data, context.environment)
    const { provePackage } = await import('../prove-package.ts')
    const proof = await provePackage(context, { ...request, deniedLibraries, dataFolder: folder })
    if (svg !== undefined && proof.proof === 'run')
      writeFileSync(resolve(context.workingDirectory, svg), importFlameGraph(proof, name))
    return report(context, withFindings(inspected, importFindings(proof)), name, proof)
  },
})

/** Where the flame graph goes. `ZIPYARD_PROFILE` may name an AWS profile for other commands, so only files that end with `.svg` are meant. */
function flameGraphFile(options: {
  readonly import: boolean
  readonly profile?: string | undefined
}): string | undefined {
  const { profile } = options
  if (profile === undefined) return undefined
  const isFile = profile.endsWith('.svg')
  if (options.import && !isFile) throw badOptionValue({ option: '--profile', text: profile, expected: 'a file that ends with `.svg`' }) // prettier-ignore
  if (!options.import && isFile) throw missingOperand({ command: 'check --profile', operand: '`--import`', example: `zipyard check dist/hello.zip --handler app.main --import --profile ${profile}` }) // prettier-ignore
  return isFile ? profile : undefined
}

function withFindings(result: CheckResult, added: readonly Finding[]): CheckResult {
  const { findings, summary } = result
  const count = (severity: Finding['severity']): number => added.filter((one) => one.severity === severity).length
  return {
    findings: [...added, ...findings],
    summary: {
      ...summary,
      errors: summary.errors + count('error'),
      warnings: summary.warnings + count('warning'),
      infos: summary.infos + count('info'),
    },
  }
}

/** What the service that runs on this machine found when the function's code was uploaded. */
async function findingsOf(context: Context, name: string, data: string | undefined): Promise<CheckResult> {
  const target = serviceTarget(readServiceFile(dataFolder(data, context.environment)))
  const { callAdmin } = await import('../../client/admin-client.ts')
  return callAdmin<CheckResult>(target, 'GET', `/findings/${encodeURIComponent(name)}`)
}

function report(context: Context, result: CheckResult, name: string, proof?: ImportProof): number {
  if (context.json) context.terminal.out(JSON.stringify({ ...result, ...(proof && { import: proof }) }, undefined, 2))
  else show(context, result, name, proof)
  if (context.environment['GITHUB_ACTIONS'] === 'true')
    for (const finding of result.findings) context.terminal.annotate(workflowCommand(finding))
  return result.summary.errors > 0 ? exitCodes.checkFailed : exitCodes.done
}

function show(
  context: Context,
  { findings, summary }: CheckResult,
  name: string,
  proof: ImportProof | undefined,
): void {
  const { out, style } = context.terminal
  for (const finding of findings) {
    const mark = { error: style.red('error'), warning: style.yellow('warn '), info: style.dim('info ') }[
      finding.severity
    ]
    out(`${mark} ${style.bold(finding.code)} ${oneLine(finding.sentence)}`)
    out(`      ${style.cyan('hint:')} ${oneLine(finding.hint)}`)
  }
  if (findings.length > 0) out('')
  if (proof?.proof === 'run') showImport(context, proof)
  const share = formatShare(summary.unzippedBytes, summary.unzippedLimitBytes)
  const zipped = summary.zippedBytes === undefined ? '' : `${formatBytes(summary.zippedBytes)} zipped, `
  out(
    `${name}  ${zipped}${formatBytes(summary.unzippedBytes)} unzipped (${share} of 250 MB), ${plural(summary.files, 'file')}`,
  )
  const target = `${summary.runtime} on ${summary.architecture}`
  const counts = [
    summary.errors > 0 ? style.red(plural(summary.errors, 'error')) : undefined,
    summary.warnings > 0 ? style.yellow(plural(summary.warnings, 'warning')) : undefined,
  ].filter((text) => text !== undefined)
  const isOnlyTooLarge = findings.every((one) => one.severity !== 'error' || isOverBudget(one))
  if (summary.errors > 0)
    out(`${isOnlyTooLarge ? 'over its budget for' : 'will not run on'} ${target}: ${counts.join(', ')}`)
  else
    out(`${style.green('ok')} for ${target}${counts.length > 0 ? `, ${counts.join(', ')}` : ''} (${provedBy(proof)})`)
  if (proof?.proof === 'inspection') {
    out(`the handler was not imported, all of this is proved by inspection: ${proof.because}`)
    if (proof.hint !== undefined) out(`      ${style.cyan('hint:')} ${proof.hint}`)
  }
}

function provedBy(proof: ImportProof | undefined): string {
  if (proof?.proof !== 'run') return 'proved by inspection'
  const time = milliseconds(proof.tookMicros)
  return `imported by Python ${proof.python} in ${time}, ${formatBytes(proof.peakMemoryBytes)} of memory`
}

function showImport(context: Context, proof: RunProof): void {
  const { style } = context.terminal
  let isSilent = true
  const out = (line: string): void => {
    isSilent = false
    context.terminal.out(line)
  }
  for (const line of importProfile(proof)) out(line)
  if (proof.tier === 'process')
    out(style.yellow('this machine holds no isolation: the import had the network and the files of this machine')) // prettier-ignore
  if (proof.outputBytes > 0) {
    out(`printed ${formatBytes(proof.outputBytes)}${proof.outputBytes > shownOutput ? ', its beginning' : ''}:`)
    for (const line of plain(proof.output.slice(0, shownOutput)).trimEnd().split('\n')) out(`  ${line}`)
  }
  if (!isSilent) out('')
}

/** How much of what the import printed is shown, in characters; `--json` has more. */
const shownOutput = 2000

/** Names of a package may hold line breaks, and with them what a terminal or a CI would take for something else. */
function oneLine(text: string): string {
  return plain(text.replaceAll('\r', '').replaceAll('\n', '\\n'))
}

/** Without the control characters that would move a terminal's cursor or change its colours. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
}
