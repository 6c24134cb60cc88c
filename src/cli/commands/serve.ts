import { createLog } from '../../base/log.ts'
import { defineError } from '../../base/errors.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { removeServiceFile, writeServiceFile } from '../../settings/service-file.ts'
import { startService, type Service } from '../../service/compose.ts'
import { defineCommand, type Context } from '../command.ts'
import { dataOption } from '../shared-options.ts'

const portTaken = defineError('ZY0618', 'refused', (p: { host: string; port: number }) => ({
  message: `Port ${p.port} of \`${p.host}\` is taken by another program`,
  hint: 'Choose another one with `--port`, or a free one with `--port 0`',
}))

const addressRefused = defineError('ZY0619', 'refused', (p: { host: string; port: number; because: string }) => ({
  message: `Cannot listen on \`${p.host}\` port ${p.port}: ${p.because}`,
  hint: 'Choose an address of this machine with `--host`, and a port above 1023 with `--port`',
}))

export const command = defineCommand({
  positionals: [],
  options: {
    host: { type: 'string', value: 'ADDRESS', default: '127.0.0.1', sentence: 'Address to listen on' },
    port: {
      type: 'integer',
      value: 'PORT',
      range: [0, 65_535],
      default: 4570,
      sentence: 'Port to listen on, 0 takes a free one',
    },
    hostname: { type: 'strings', value: 'NAME', sentence: 'Further host name that clients may use' },
    data: dataOption,
    isolation: {
      type: 'string',
      choices: ['auto', 'root', 'userns', 'bwrap', 'process'],
      default: 'auto',
      sentence: 'How functions are isolated',
    },
    untrusted: { type: 'boolean', sentence: 'Refuse to start unless functions of strangers can be held' },
    network: {
      type: 'string',
      choices: ['none', 'host', 'bridge'],
      sentence: 'Network of functions [host; none with --untrusted]',
    },
    'runtime-policy': {
      type: 'string',
      choices: ['lenient', 'aws'],
      default: 'lenient',
      sentence: 'Whether deprecated runtimes are refused as AWS refuses them',
    },
    python: { type: 'strings', value: '3.13=PATH', sentence: 'Interpreter of a Python version' },
    'allow-unsigned': { type: 'boolean', sentence: 'Take any signature or none: for foreign test suites only' },
    watch: { type: 'strings', value: 'DIR', sentence: 'Build and deploy this project, and again at every save' },
    'env-file': {
      type: 'string',
      value: 'FILE',
      sentence: 'Environment variables of the functions that `--watch` deploys',
    },
    'no-endpoint-injection': { type: 'boolean', sentence: 'Do not point AWS clients inside functions at this service' },
  },
  examples: [
    'zipyard serve',
    'zipyard serve --port 0 --json',
    'zipyard serve --watch .',
    'zipyard serve --untrusted --network none',
  ],
  async run(context, options) {
    const folder = dataFolder(options.data, context.environment)
    const { terminal } = context
    const service = await listen(options.host, options.port, () =>
      startService({
        dataFolder: folder,
        host: options.host,
        port: options.port,
        hostNames: options.hostname,
        isolation: options.isolation as 'auto',
        untrusted: options.untrusted,
        network: options.network as 'none' | undefined,
        runtimePolicy: options['runtime-policy'] as 'lenient' | 'aws',
        pythons: options.python,
        allowUnsigned: options['allow-unsigned'],
        injectEndpoints: !options['no-endpoint-injection'],
        variables: context.environment,
        log: createLog({
          level: context.verbose ? 'debug' : context.quiet ? 'error' : 'info',
          json: context.json,
          write: (line) => process.stderr.write(line),
        }),
      }),
    )
    const file = {
      url: service.url,
      processId: process.pid,
      accessKeyId: service.firstKey.accessKeyId,
      secretAccessKey: service.firstKey.secret,
      accountId: service.firstKey.accountId,
      region: service.region,
      startedAt: new Date().toISOString(),
    }
    writeServiceFile(folder, file)
    terminal.out(
      context.json
        ? JSON.stringify({ event: 'listening', url: service.url })
        : `Zipyard is listening on ${service.url}`,
    )
    if (!context.json) banner(context, service, folder, options['allow-unsigned'])
    if (options['env-file'] !== undefined && options.watch.length === 0)
      terminal.err(
        `${terminal.style.yellow('warning:')} \`--env-file\` is for the functions that \`--watch\` deploys; without it nothing reads the file`,
      )
    const watchers = []
    for (const project of options.watch) {
      const { watchProject } = await import('../watch-project.ts')
      watchers.push(await watchProject(context, project, { file, hold: service.hold }, options['env-file']))
    }
    await untilAborted(context.signal)
    for (const watcher of watchers) await watcher.stop()
    removeServiceFile(folder)
    await service.stop()
    // Everything is closed and on disk; a download or an interpreter that was just being started must not hold the process.
    setTimeout(() => process.exit(), 500).unref()
  },
})

async function listen(host: string, port: number, start: () => Promise<Service>): Promise<Service> {
  try {
    return await start()
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException
    // A data folder that cannot be made fails with the same codes.
    if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error
    if (code === 'EADDRINUSE') throw portTaken({ host, port })
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND')
      throw addressRefused({ host, port, because: message })
    throw error
  }
}

function banner(context: Context, service: Service, folder: string, unsigned: boolean): void {
  const { terminal } = context
  const { style } = terminal
  const rows: [string, string][] = [
    ['data folder', folder],
    ['isolation', service.isolation],
    ['network', service.network],
    [
      'runtimes',
      service.runtimes.length > 0 ? service.runtimes.join(' ') : style.red('none: see `zipyard runtime list`'),
    ],
  ]
  for (const [name, value] of rows) terminal.err(`  ${style.dim(name.padEnd(12))} ${value}`)
  if (service.isLabelled)
    terminal.err(
      `  ${style.yellow('warning')}      functions are NOT isolated from this machine: run only your own code`,
    )
  if (unsigned)
    terminal.err(
      `  ${style.yellow('warning')}      requests are NOT verified: anyone who reaches the port may run code`,
    )
  terminal.err(`\n  eval "$(zipyard env)"     points aws, boto3 and Terraform here\n`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
