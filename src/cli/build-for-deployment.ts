import { planBuilds } from '../packager/plan-builds.ts'
import { build } from '../packager/build.ts'
import { formatReport } from '../packager/report/report-text.ts'
import { createBuildSurroundings } from '../packager/surroundings.ts'
import { findConfiguration } from '../settings/configuration-file.ts'
import { resolveOptions } from '../settings/resolve-options.ts'
import { command as buildCommand, requestOf } from './commands/build.ts'
import type { Context } from './command.ts'

export interface BuiltProject {
  readonly path: string
  readonly name: string
  readonly runtime: string
  readonly architecture: string
  readonly handler: string | undefined
}

/** Builds a project as `zipyard build` would, for one architecture, and shows the report on stderr: stdout is for the deployment. */
export async function buildForDeployment(
  context: Context,
  folder: string,
  flags: {
    readonly runtime?: string | undefined
    readonly arch?: string | undefined
    readonly handler?: string | undefined
    readonly 'no-check'?: boolean | undefined
  },
): Promise<BuiltProject> {
  const given = {
    runtime: flags.runtime,
    handler: flags.handler,
    'no-check': flags['no-check'] || undefined,
    arch: flags.arch === undefined ? undefined : [flags.arch],
  }
  const options = resolveOptions(buildCommand.options, given, context.environment, findConfiguration(folder))
  const [plan] = planBuilds(requestOf(context, { ...options, arch: options.arch.slice(0, 1) }, folder))
  const surroundings = await createBuildSurroundings({ environment: context.environment, signal: context.signal })
  try {
    const report = await build(plan!, surroundings)
    if (!context.json)
      for (const line of formatReport(report, context.workingDirectory, context.terminal.style))
        context.terminal.err(line)
    const { path, name, runtime, architecture, handler } = report
    return { path, name, runtime, architecture, handler }
  } finally {
    await surroundings.close()
  }
}
