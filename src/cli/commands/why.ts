import { formatBytes } from '../../base/byte-size.ts'
import { findConfiguration } from '../../settings/configuration-file.ts'
import { resolveOptions } from '../../settings/resolve-options.ts'
import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { runtimeOption } from '../shared-options.ts'
import { command as buildCommand, requestOf } from './build.ts'

export const command = defineCommand({
  positionals: [
    { name: 'NAME', sentence: 'A distribution, as `pip install` names it', required: true },
    { name: 'DIR', sentence: 'Folder of the project [this folder]' },
  ],
  options: {
    runtime: runtimeOption,
    arch: { type: 'string', value: 'ARCH', sentence: 'x86_64 or arm64 [x86_64]' },
    requirements: { type: 'strings', short: 'r', value: 'FILE', sentence: 'Requirements file, pyproject.toml or lock' },
    function: { type: 'string', value: 'NAME', sentence: 'Of this function of the project' },
    offline: { type: 'boolean', sentence: 'Never use the network' },
  },
  examples: ['zipyard why urllib3', 'zipyard why numpy services/resize'],
  async run(context, options, [name, folder]) {
    const [{ planBuilds }, { explainDistribution }, { createBuildSurroundings }] = await Promise.all([
      import('../../packager/plan-builds.ts'),
      import('../../packager/explain-distribution.ts'),
      import('../../packager/surroundings.ts'),
    ])
    const flags = {
      runtime: options.runtime,
      arch: options.arch === undefined ? undefined : [options.arch],
      requirements: options.requirements.length > 0 ? options.requirements : undefined,
      function: options.function === undefined ? undefined : [options.function],
      offline: options.offline,
    }
    const project = resolve(context.workingDirectory, folder ?? '.')
    const wanted = resolveOptions(buildCommand.options, flags, context.environment, findConfiguration(project))
    const [plan] = planBuilds(requestOf(context, wanted, folder))
    const surroundings = await createBuildSurroundings({
      environment: context.environment,
      offline: options.offline,
      signal: context.signal,
    })
    try {
      const explanation = await explainDistribution(plan!, name!, surroundings)
      if (context.json) {
        context.terminal.out(JSON.stringify(explanation, undefined, 2))
        return
      }
      const { style } = context.terminal
      const { path, requiredBy, leavesWithIt, imported } = explanation
      context.terminal.out(
        `${style.bold(`${explanation.name} ${explanation.version}`)}  ${formatBytes(explanation.zippedBytes)} zipped, ${formatBytes(explanation.unzippedBytes)} unzipped`,
      )
      context.terminal.out(path.length === 1 ? '  the project asks for it itself' : `  ${path.join(' → ')}`)
      for (const { by, requirement } of requiredBy) context.terminal.out(`  ${by} requires ${requirement}`)
      if (imported) {
        const isDoubtful = imported.startsAtHandler && !imported.isCertain
        const start = imported.startsAtHandler ? 'the handler' : "the project's code"
        context.terminal.out(
          imported.files.length === 0
            ? `  no import leads to it from ${start}`
            : `  imported${isDoubtful ? ' at times' : ''}: ${imported.files.join(' → ')}`,
        )
      }
      if (leavesWithIt.length > 1) {
        const sum = leavesWithIt.reduce((total, one) => total + one.unzippedBytes, 0)
        const others = leavesWithIt.slice(1).map((one) => one.name)
        context.terminal.out(
          `  without it the package is ${formatBytes(sum)} smaller unzipped: ${others.join(', ')} ${others.length === 1 ? 'leaves' : 'leave'} too`,
        )
      }
    } finally {
      await surroundings.close()
    }
  },
})
