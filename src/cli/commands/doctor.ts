import { execFile } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { formatBytes } from '../../base/byte-size.ts'
import { cacheFolder } from '../../cache/cache-folder.ts'
import { isLibraryCompiled } from '../../interpreters/compiled-library.ts'
import { findInterpreters, interpreterFor } from '../../interpreters/find-interpreters.ts'
import type { Interpreter } from '../../interpreters/interpreter.ts'
import { pythonRuntimes } from '../../lambda/runtimes.ts'
import { probeTiers } from '../../sandbox/probe.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { defineCommand, exitCodes, type Context } from '../command.ts'
import { dataOption } from '../shared-options.ts'
import { findRunningService } from '../target-of.ts'

const run = promisify(execFile)

/** One thing that was looked at. */
interface Finding {
  readonly status: 'ok' | 'warning' | 'problem'
  readonly topic: string
  readonly sentence: string
  readonly remedy?: string | undefined
}

export const command = defineCommand({
  positionals: [],
  options: { data: dataOption },
  examples: ['zipyard doctor', 'zipyard doctor --json'],
  async run(context, options) {
    const folder = dataFolder(options.data, context.environment)
    const interpreters = await findInterpreters({ dataFolder: folder, environment: { ...context.environment } })
    const findings: Finding[] = [
      node(),
      ...pythons(interpreters),
      ...(await isolation(interpreters)),
      await awsCli(context),
      await resolver(context),
      disk('data folder', folder),
      disk('cache', cacheFolder(context.environment)),
      service(context, options.data),
    ]
    if (context.json) context.terminal.out(JSON.stringify({ findings }))
    else for (const finding of findings) show(context, finding)
    return findings.some((finding) => finding.status === 'problem') ? exitCodes.refused : exitCodes.done
  },
})

function show(context: Context, finding: Finding): void {
  const { style } = context.terminal
  const mark = { ok: style.green('ok  '), warning: style.yellow('warn'), problem: style.red('FAIL') }[finding.status]
  context.terminal.out(`${mark} ${style.bold(finding.topic.padEnd(12))} ${finding.sentence}`)
  if (finding.remedy) context.terminal.out(`${' '.repeat(18)}${style.dim(`→ ${finding.remedy}`)}`)
}

function node(): Finding {
  const version = process.versions.node
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? { status: 'ok', topic: 'Node', sentence: version }
    : { status: 'problem', topic: 'Node', sentence: `${version} is too old`, remedy: 'Install Node 20.19 or newer' }
}

export function pythons(all: readonly Interpreter[]): Finding[] {
  const found = all.filter((one) => !one.isFreeThreaded)
  const wanted = pythonRuntimes.filter(
    (runtime) => !runtime.preview && Number(runtime.python.split('.')[1]) >= 9 && runtime.python !== '2.7',
  )
  const [there, missing] = [true, false].map((is) =>
    wanted.filter((runtime) => found.some((one) => one.minor === runtime.python) === is),
  )
  const findings: Finding[] = []
  if (there!.length > 0)
    findings.push({ status: 'ok', topic: 'Pythons', sentence: there!.map((runtime) => runtime.python).join(' ') })
  if (missing!.length > 0) {
    findings.push({
      status: there!.length > 0 ? 'warning' : 'problem',
      topic: 'Pythons',
      sentence: `functions of ${missing!.map((runtime) => runtime.id).join(', ')} cannot run here`,
      remedy: `zipyard runtime add ${missing!.at(-1)!.id}`,
    })
  }
  for (const { id } of there!) {
    const { executable, standardLibrary, minor } = interpreterFor(id, found)
    if (isLibraryCompiled({ standardLibrary, minor })) continue
    findings.push({
      status: 'warning',
      topic: 'Pythons',
      sentence: `${minor}: the standard library in \`${standardLibrary}\` is not compiled, so each cold start compiles what it imports of it`,
      remedy: `${executable} -m compileall -q ${standardLibrary}`,
    })
  }
  return findings
}

async function isolation(found: readonly Interpreter[]): Promise<Finding[]> {
  const interpreter = found.find((one) => one.hasCtypes && one.isFinal && Number(one.minor.split('.')[1]) >= 8)
  if (!interpreter) return []
  const reports = await probeTiers({ interpreter, network: 'host' })
  const best = reports.find((report) => report.isAvailable)
  return reports.map((report) => {
    const topic = 'isolation'
    if (!report.isAvailable) {
      const stronger = !best || reports.indexOf(report) < reports.indexOf(best)
      return {
        status: stronger ? 'warning' : 'ok',
        topic,
        sentence: `${report.tier}: ${report.because}`,
        remedy: report.remedy,
      }
    }
    const lacks = report.lacks.map((lack) => lack.because)
    return {
      status: 'ok',
      topic,
      sentence: `${report.tier}${report === best ? ' (taken)' : ''}${lacks.length > 0 ? `; lacks: ${lacks.join('; ')}` : ''}`,
    }
  })
}

/** An `aws` that ignores the endpoint variables would send its calls to AWS itself. */
async function awsCli(context: Context): Promise<Finding> {
  const topic = 'aws CLI'
  const path = (context.environment['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'aws'))
    .find((candidate) => existsSync(candidate))
  if (!path) return { status: 'warning', topic, sentence: 'there is none on PATH', remedy: 'pip install awscli' }
  try {
    const { stdout, stderr } = await run(path, ['--version'], { env: { ...context.environment } })
    return judgeAwsCli(path, `${stdout}${stderr}`)
  } catch (error) {
    return {
      status: 'warning',
      topic,
      sentence: `\`${path}\` does not run: ${(error as Error).message.split('\n')[0]}`,
    }
  }
}

/** Endpoint variables are read from v1 1.29 and v2 2.13 on. */
export function judgeAwsCli(path: string, output: string): Finding {
  const topic = 'aws CLI'
  const version = /aws-cli\/(\d+)\.(\d+)\.(\d+)/.exec(output)
  if (!version) return { status: 'warning', topic, sentence: `\`${path}\` does not say its version` }
  const [major, minor] = [Number(version[1]), Number(version[2])]
  const text = `${version[1]}.${version[2]}.${version[3]} (${path})`
  if (major > 2 || (major === 2 && minor >= 13) || (major === 1 && minor >= 29))
    return { status: 'ok', topic, sentence: text }
  return {
    status: 'problem',
    topic,
    sentence: `${text} ignores endpoint variables: its calls would reach AWS`,
    remedy: 'Update it (`pip install awscli`), or add `--endpoint-url` to every call',
  }
}

async function resolver(context: Context): Promise<Finding> {
  const { findUvExecutable } = await import('../find-uv.ts')
  const uv = await findUvExecutable(context).catch(() => undefined)
  if (uv) return { status: 'ok', topic: 'uv', sentence: uv }
  return {
    status: 'warning',
    topic: 'uv',
    sentence: 'not found and not fetched: pip resolves instead',
    remedy: 'pip install uv',
  }
}

function disk(topic: string, folder: string): Finding {
  let there = folder
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  const stats = statfsSync(there)
  const free = stats.bavail * stats.bsize
  const sentence = `${folder}, ${formatBytes(free)} free`
  return free > 2 * 1024 ** 3
    ? { status: 'ok', topic, sentence }
    : { status: 'warning', topic, sentence, remedy: 'Free some space: `zipyard cache prune`' }
}

function service(context: Context, data: string | undefined): Finding {
  const running = findRunningService(context, data)
  return running
    ? { status: 'ok', topic: 'service', sentence: `running on ${running.url}, process ${running.processId}` }
    : { status: 'ok', topic: 'service', sentence: 'none is running on this data folder' }
}
