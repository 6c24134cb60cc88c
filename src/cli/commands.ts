import type { Command } from './command.ts'

/** One command of the list: its module is loaded only when it runs. */
export interface CommandEntry {
  readonly name: string
  readonly group: string
  /** One sentence without a full stop. */
  readonly summary: string
  // The option tables differ from command to command; each module checks its own.
  readonly load: () => Promise<{ readonly command: Command<never> | Command }>
}

/** Every command of `zipyard`, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    group: 'Packages',
    summary: 'Make a first function with a test event',
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'build',
    group: 'Packages',
    summary: 'Build a deployment package or a layer',
    load: () => import('./commands/build.ts'),
  },
  {
    name: 'check',
    group: 'Packages',
    summary: 'Tell what Lambda will say to a package',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'diff',
    group: 'Packages',
    summary: 'Compare two packages, or a package and a deployed function',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'repair',
    group: 'Packages',
    summary: 'Make a foreign package right and tell each change',
    load: () => import('./commands/repair.ts'),
  },
  {
    name: 'why',
    group: 'Packages',
    summary: 'Tell which requirement brings a distribution, and what it weighs',
    load: () => import('./commands/why.ts'),
  },
  {
    name: 'deploy',
    group: 'Packages',
    summary: 'Create or update a function on Zipyard or AWS',
    load: () => import('./commands/deploy.ts'),
  },
  {
    name: 'serve',
    group: 'Service',
    summary: 'Run the Lambda service on this machine',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'env',
    group: 'Service',
    summary: 'Print shell lines that point aws, boto3 and Terraform at the service',
    load: () => import('./commands/env.ts'),
  },
  { name: 'invoke', group: 'Service', summary: 'Invoke a function', load: () => import('./commands/invoke.ts') },
  { name: 'logs', group: 'Service', summary: 'Show the logs of a function', load: () => import('./commands/logs.ts') },
  { name: 'ps', group: 'Service', summary: 'List the execution environments', load: () => import('./commands/ps.ts') },
  {
    name: 'keys',
    group: 'Service',
    summary: 'Add, list and revoke access keys of the service',
    load: () => import('./commands/keys.ts'),
  },
  {
    name: 'runtime',
    group: 'Machine',
    summary: 'List, add and remove Pythons for the runtimes',
    load: () => import('./commands/runtime.ts'),
  },
  {
    name: 'doctor',
    group: 'Machine',
    summary: 'Tell what this machine can do, with a remedy for what it cannot',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'cache',
    group: 'Machine',
    summary: 'Show, prune, export and import the cache',
    load: () => import('./commands/cache.ts'),
  },
]
