import { dataFolder } from '../../settings/data-folder.ts'
import { readServiceFile, type ServiceFile } from '../../settings/service-file.ts'
import { defineCommand } from '../command.ts'
import { dataOption } from '../shared-options.ts'

/** Services whose clients must not stray to AWS, by the end of their endpoint variable. */
const services = ['LAMBDA', 'S3', 'STS', 'IAM', 'CLOUDWATCH_LOGS'] as const

export const command = defineCommand({
  positionals: [],
  options: {
    data: dataOption,
    unset: { type: 'boolean', sentence: 'Print the lines that undo it' },
  },
  examples: ['eval "$(zipyard env)"', 'eval "$(zipyard env --unset)"'],
  async run(context, options) {
    if (options.unset) {
      const own = Object.keys(variablesFor(undefined))
      const kept = noProxyOf(context.environment).filter((name) => !isLoopback(name))
      const set: Record<string, string> = kept.length > 0 ? { NO_PROXY: kept.join(','), no_proxy: kept.join(',') } : {}
      const unset = kept.length > 0 ? own : [...own, 'NO_PROXY', 'no_proxy']
      if (context.json) context.terminal.out(JSON.stringify({ set, unset }))
      else for (const line of [...exports(set), ...unset.map((name) => `unset ${name}`)]) context.terminal.out(line)
      return
    }
    const service = readServiceFile(dataFolder(options.data, context.environment))
    const set = { ...variablesFor(service), ...withoutProxy(context.environment, new URL(service.url).hostname) }
    if (context.json) {
      context.terminal.out(JSON.stringify({ set, unset: strays }))
      return
    }
    for (const line of exports(set)) context.terminal.out(line)
    context.terminal.out(`unset ${strays.join(' ')}`)
  },
})

/** What would send a call elsewhere or sign it with another identity. */
const strays = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
]

function variablesFor(service: ServiceFile | undefined): Record<string, string> {
  return {
    ...Object.fromEntries(services.map((name) => [`AWS_ENDPOINT_URL_${name}`, service?.url ?? ''])),
    AWS_REGION: service?.region ?? '',
    AWS_DEFAULT_REGION: service?.region ?? '', // botocore reads this one only
    AWS_ACCESS_KEY_ID: service?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: service?.secretAccessKey ?? '',
  }
}

/** The host appended to `NO_PROXY` in both spellings: a proxy could not reach this machine's loopback. */
function withoutProxy(environment: Readonly<Record<string, string | undefined>>, host: string): Record<string, string> {
  const names = noProxyOf(environment)
  for (const name of [host, 'localhost', '127.0.0.1']) if (!names.includes(name)) names.push(name)
  return { NO_PROXY: names.join(','), no_proxy: names.join(',') }
}

/** What a proxy is not asked for already. */
function noProxyOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return (environment['NO_PROXY'] ?? environment['no_proxy'] ?? '').split(',').filter((name) => name !== '')
}

const isLoopback = (name: string): boolean => name === 'localhost' || /^127(?:\.\d+){3}$/.test(name)

function exports(set: Readonly<Record<string, string>>): string[] {
  return Object.entries(set).map(([name, value]) => `export ${name}=${quote(value)}`)
}

function quote(value: string): string {
  return /^[\w@%+=:,./-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}
