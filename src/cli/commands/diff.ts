import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { formatBytes } from '../../base/byte-size.ts'
import { defineError } from '../../base/errors.ts'
import { diffPackages, type FileChange, type PackageDiff } from '../../audit/diff.ts'
import { differences, type Difference } from '../../client/deploy-plan.ts'
import { downloadCode } from '../../client/download-code.ts'
import type { FunctionConfiguration } from '../../client/lambda-client.ts'
import { parseArchitecture } from '../../lambda/architecture.ts'
import { parsePythonRuntime } from '../../lambda/runtimes.ts'
import { fileNotFound } from '../actions.ts'
import { defineCommand, exitCodes, type Context } from '../command.ts'
import { handlerOption, runtimeOption } from '../shared-options.ts'
import { targetOf } from '../target-of.ts'

const nothingToCompare = defineError('ZY0022', 'usage', () => ({
  message: '`zipyard diff` needs two packages, or one package and `--against`',
  hint: 'For example: `zipyard diff old.zip new.zip`, or `zipyard diff dist/app.zip --against local --function-name app`',
}))

const badAgainst = defineError('ZY0023', 'usage', (p: { text: string }) => ({
  message: `\`--against\` does not take \`${p.text}\``,
  hint: 'Give `local` for the running service, or `aws:PROFILE` for AWS',
}))

/** Exit code of `--detailed-exitcode` when the packages differ; errors are 1 then, misuse too (see `run-command.ts`). */
const differs = 2

export const command = defineCommand({
  positionals: [
    { name: 'A', sentence: 'Package before', required: true },
    { name: 'B', sentence: 'Package after' },
  ],
  options: {
    against: { type: 'string', value: 'WHERE', sentence: 'Compare with the deployed function: local or aws:PROFILE' },
    'function-name': { type: 'string', value: 'NAME', sentence: 'The deployed function' },
    region: { type: 'string', value: 'NAME', sentence: 'Region of the function' },
    runtime: { ...runtimeOption, sentence: 'With --against: the runtime that the function should have' },
    handler: { ...handlerOption, sentence: 'With --against: the handler that the function should have' },
    arch: { type: 'string', value: 'ARCH', inFile: true, sentence: 'With --against: the architecture it should have' },
    memory: { type: 'integer', value: 'MB', inFile: true, sentence: 'With --against: the memory it should have' },
    timeout: {
      type: 'integer',
      value: 'SECONDS',
      inFile: true,
      sentence: 'With --against: the timeout it should have',
    },
    description: { type: 'string', value: 'TEXT', inFile: true, sentence: 'With --against: its description' },
    'detailed-exitcode': {
      type: 'boolean',
      sentence: 'Exit with 0 when nothing differs, 2 when something does, 1 on errors',
    },
  },
  examples: [
    'zipyard diff old.zip new.zip',
    'zipyard diff dist/app.zip --against local --function-name app',
    'zipyard diff dist/app.zip --against aws:prod --function-name app --region eu-west-1',
  ],
  async run(context, options, [first, second]) {
    const scratch = mkdtempSync(join(tmpdir(), 'zipyard-diff-'))
    try {
      const paths = [
        packagePath(context, first!),
        second === undefined ? undefined : packagePath(context, second),
      ] as const
      // What is deployed stands before what would be.
      const deployed =
        paths[1] === undefined ? await download(context, options, join(scratch, 'deployed.zip')) : undefined
      const diff = deployed ? await diffPackages(deployed.path, paths[0]) : await diffPackages(paths[0], paths[1]!)
      const configuration = deployed?.configuration ?? []
      if (context.json)
        context.terminal.out(JSON.stringify({ ...diff, ...(deployed && { configuration }) }, undefined, 2))
      else show(context, diff, configuration)
      const isSame = diff.verdict === 'identical' && configuration.length === 0
      return options['detailed-exitcode'] && !isSame ? differs : exitCodes.done
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  },
})

function packagePath(context: Context, text: string): string {
  const path = resolve(context.workingDirectory, text)
  if (!existsSync(path)) throw fileNotFound({ path: text })
  return path
}

interface Against {
  readonly against?: string | undefined
  readonly 'function-name'?: string | undefined
  readonly region?: string | undefined
}

interface Deployed {
  readonly path: string
  /** What the project's configuration or the flags name and the function has otherwise. */
  readonly configuration: readonly Difference[]
}

async function download(context: Context, options: Against & Settings, into: string): Promise<Deployed> {
  const name = options['function-name']
  if (options.against === undefined || name === undefined) throw nothingToCompare({})
  const profile = /^aws(?::(.+))?$/.exec(options.against)
  if (options.against !== 'local' && !profile) throw badAgainst({ text: options.against })
  const target = await targetOf(context, {
    region: options.region,
    profile: profile ? (profile[1] ?? 'default') : undefined,
  })
  const current = await downloadCode(target, name, into, context.signal)
  return { path: into, configuration: configurationChanges(options, current) }
}

interface Settings {
  readonly runtime?: string | undefined
  readonly handler?: string | undefined
  readonly arch?: string | undefined
  readonly memory?: number | undefined
  readonly timeout?: number | undefined
  readonly description?: string | undefined
}

/** A list, of several builds in one, says nothing about the one package. */
function configurationChanges(options: Settings, current: FunctionConfiguration): readonly Difference[] {
  const one = (text: string | undefined): string | undefined => (text?.includes(',') ? undefined : text)
  const [runtime, arch] = [one(options.runtime), one(options.arch)]
  const [from, to] = [current.Architectures?.[0] ?? 'x86_64', arch === undefined ? undefined : parseArchitecture(arch)]
  return [
    ...differences(
      {
        runtime: runtime === undefined ? undefined : parsePythonRuntime(runtime).id,
        handler: options.handler,
        memoryMiB: options.memory,
        timeoutSeconds: options.timeout,
        description: options.description,
      },
      current,
    ),
    ...(to === undefined || to === from ? [] : [{ member: 'Architectures', from: [from], to: [to] }]),
  ]
}

function show(context: Context, diff: PackageDiff, configuration: readonly Difference[]): void {
  const { out, style } = context.terminal
  for (const { member, from, to } of configuration)
    out(`${style.yellow('~')} ${member}  ${JSON.stringify(from) ?? 'unset'} → ${JSON.stringify(to)}`)
  const sign = { added: style.green('+'), removed: style.red('-'), content: style.yellow('~'), mode: style.yellow('m') }
  for (const { name, before, after, bytes } of diff.distributions)
    out(`${style.bold(name)}  ${before ?? 'absent'} → ${after ?? 'gone'}  ${growth(bytes)}`)
  const told = new Set(diff.distributions.map(({ name }) => name))
  const others = diff.files.filter(({ distribution }) => distribution === undefined || !told.has(distribution))
  for (const file of others.slice(0, 50)) out(`${sign[file.change]} ${file.path}  ${describe(file)}`)
  if (others.length > 50) out(`  and ${others.length - 50} more files (\`--json\` has all)`)
  const sizes = `${formatBytes(diff.before.zippedBytes)} → ${formatBytes(diff.after.zippedBytes)} zipped, ${formatBytes(diff.before.unzippedBytes)} → ${formatBytes(diff.after.unzippedBytes)} unzipped`
  if (diff.verdict === 'identical') return out(`identical, ${diff.before.codeSha256}`)
  out(`${diff.verdict === 'different' ? 'different' : 'the same contents in different bytes'}: ${sizes}`)
  if (diff.verdict === 'same contents') for (const reason of diff.packing) out(`  ${reason}`)
}

function describe({ change, bytes, modeBefore, modeAfter }: FileChange): string {
  return change === 'mode' ? `${octal(modeBefore)} → ${octal(modeAfter)}` : growth(bytes)
}

function octal(mode: number | undefined): string {
  return (mode ?? 0).toString(8).padStart(4, '0')
}

function growth(bytes: number): string {
  return `${bytes < 0 ? '-' : '+'}${formatBytes(Math.abs(bytes))}`
}
