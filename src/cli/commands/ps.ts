import { formatBytes } from '../../base/byte-size.ts'
import { callAdmin } from '../../client/admin-client.ts'
import { serviceTarget } from '../../client/target.ts'
import type { EnvironmentStatus } from '../../invoker/invocation.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { readServiceFile } from '../../settings/service-file.ts'
import { defineCommand } from '../command.ts'
import { dataOption } from '../shared-options.ts'
import { table } from '../table.ts'

export const command = defineCommand({
  positionals: [],
  options: { data: dataOption },
  examples: ['zipyard ps', 'zipyard ps --json'],
  async run(context, options) {
    const target = serviceTarget(readServiceFile(dataFolder(options.data, context.environment)))
    const { environments } = await callAdmin<{ environments: EnvironmentStatus[] }>(target, 'GET', '/environments')
    if (context.json) {
      context.terminal.out(JSON.stringify({ environments }))
      return
    }
    if (environments.length === 0) {
      context.terminal.err('No execution environment is alive; the next invocation starts one')
      return
    }
    const now = Date.now()
    const rows = environments.map((environment) => [
      environment.id.slice(0, 12),
      environment.functionArn.split(':').at(-1)!,
      environment.version,
      environment.runtime,
      environment.state,
      environment.tier,
      `${formatBytes(environment.peakMemoryBytes)} / ${environment.memoryMiB} MB`,
      `${Math.round((now - environment.startedAt) / 1000)} s`,
      String(environment.invocations),
      environment.lastTimings ? `${environment.lastTimings.total.toFixed(1)} ms` : '',
    ])
    const head = [
      'ENVIRONMENT',
      'FUNCTION',
      'VERSION',
      'RUNTIME',
      'STATE',
      'ISOLATION',
      'MEMORY',
      'AGE',
      'INVOCATIONS',
      'LAST',
    ]
    for (const line of table([head, ...rows])) context.terminal.out(line)
  },
})
