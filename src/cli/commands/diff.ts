import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { formatBytes } from '../../base/byte-size.ts'
import { defineError } from '../../base/errors.ts'
import { diffPackages, type FileChange, type PackageDiff } from '../../audit/diff.ts'
import { callJson, callRefused } from '../../client/call.ts'
import { fileNotFound } from '../actions.ts'
import { defineCommand, exitCodes, type Context } from '../command.ts'
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
    'detailed-exitcode': {
      type: 'boolean',
      sentence: 'Exit with 0 when nothing differs, 2 when something does, 1 on errors',
    },
  },
  examples: ['zipyard diff old.zip new.zip', 'zipyard diff dist/app.zip --against local --function-name app'],
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
      const diff = deployed ? await diffPackages(deployed, paths[0]) : await diffPackages(paths[0], paths[1]!)
      if (context.json) context.terminal.out(JSON.stringify(diff, undefined, 2))
      else show(context, diff)
      return options['detailed-exitcode'] && diff.verdict !== 'identical' ? differs : exitCodes.done
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

async function download(context: Context, options: Against, into: string): Promise<string> {
  const name = options['function-name']
  if (options.against === undefined || name === undefined) throw nothingToCompare({})
  const profile = /^aws(?::(.+))?$/.exec(options.against)
  if (options.against !== 'local' && !profile) throw badAgainst({ text: options.against })
  const target = await targetOf(context, {
    region: options.region,
    profile: profile ? (profile[1] ?? 'default') : undefined,
  })
  const answer = await callJson<{ Code?: { Location?: string } }>(target, 'GetFunction', {
    service: 'lambda',
    method: 'GET',
    path: `/2015-03-31/functions/${encodeURIComponent(name)}`,
  })
  const code = await fetch(answer.Code!.Location!, { signal: context.signal })
  if (!code.ok || !code.body)
    throw callRefused({
      call: 'The download of the code',
      status: code.status,
      type: 'Download',
      message: code.statusText,
    })
  await pipeline(Readable.fromWeb(code.body as never), createWriteStream(into))
  return into
}

function show(context: Context, diff: PackageDiff): void {
  const { out, style } = context.terminal
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
