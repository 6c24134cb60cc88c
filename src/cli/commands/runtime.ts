import { addInterpreter, removeInterpreter } from '../../interpreters/add-interpreter.ts'
import { findInterpreters } from '../../interpreters/find-interpreters.ts'
import { pythonRuntimes, runtimePhase, runtimesSource } from '../../lambda/runtimes.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { missingOperand, unknownAction } from '../actions.ts'
import { defineCommand, type Context } from '../command.ts'
import { dataOption } from '../shared-options.ts'
import { table } from '../table.ts'

export const command = defineCommand({
  positionals: [
    { name: 'list|add|remove', sentence: 'What to do; `list` when left out' },
    { name: 'ID', sentence: 'Runtime, such as python3.13' },
    { name: 'PATH', sentence: 'Interpreter to add; without it uv installs one into the data folder' },
  ],
  options: { data: dataOption },
  examples: [
    'zipyard runtime list',
    'zipyard runtime add python3.13',
    'zipyard runtime add python3.12 /opt/python/bin/python3.12',
  ],
  async run(context, options, [action = 'list', runtimeId, path]) {
    const folder = dataFolder(options.data, context.environment)
    if (action === 'list') return list(context, folder)
    if (action !== 'add' && action !== 'remove')
      throw unknownAction({ command: 'runtime', action, known: ['list', 'add', 'remove'] })
    if (!runtimeId)
      throw missingOperand({
        command: `runtime ${action}`,
        operand: 'a runtime',
        example: `zipyard runtime ${action} python3.13`,
      })
    if (action === 'remove') {
      const removed = removeInterpreter({ dataFolder: folder, runtimeId })
      if (context.json) context.terminal.out(JSON.stringify({ removed }))
      else context.terminal.out(removed ? `Removed the Python of ${runtimeId}` : `No Python was added for ${runtimeId}`)
      return
    }
    const added = await addInterpreter({
      dataFolder: folder,
      runtimeId,
      path: path === undefined ? undefined : path.replace(/^~(?=\/)/, context.environment['HOME'] ?? '~'),
      uv: path === undefined ? await findUv(context) : undefined,
    })
    if (context.json) context.terminal.out(JSON.stringify({ added }))
    else context.terminal.out(`${runtimeId} runs with Python ${added.version} (${added.executable})`)
  },
})

async function list(context: Context, folder: string): Promise<void> {
  const found = await findInterpreters({ dataFolder: folder, environment: { ...context.environment } })
  const runtimes = pythonRuntimes.map((runtime) => {
    const interpreter = found.find((one) => one.minor === runtime.python && !one.isFreeThreaded)
    return {
      id: runtime.id,
      phase: runtime.preview ? 'preview' : runtimePhase(runtime, new Date()),
      operatingSystem: runtime.operatingSystem,
      deprecated: runtime.deprecated,
      interpreter: interpreter && {
        executable: interpreter.executable,
        version: interpreter.version,
        source: interpreter.source,
      },
    }
  })
  if (context.json) {
    context.terminal.out(JSON.stringify({ runtimes, policy: runtimesSource }))
    return
  }
  const rows = runtimes.map((runtime) => [
    runtime.id,
    runtime.phase,
    runtime.deprecated ?? '',
    runtime.interpreter?.version ?? '-',
    runtime.interpreter
      ? `${runtime.interpreter.executable} (${runtime.interpreter.source})`
      : `zipyard runtime add ${runtime.id}`,
  ])
  for (const line of table([['RUNTIME', 'ON AWS', 'DEPRECATED', 'PYTHON', 'INTERPRETER'], ...rows]))
    context.terminal.out(line)
  context.terminal.err(`\nDates of AWS's runtime support policy as of ${runtimesSource.asOf}`)
}

/** uv, when this machine has it or its pinned wheel can be had. */
async function findUv(context: Context): Promise<string | undefined> {
  const { findUvExecutable } = await import('../find-uv.ts')
  return findUvExecutable(context)
}
