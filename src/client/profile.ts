import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { defineError } from '../base/errors.ts'
import type { AwsService } from './target.ts'

/**
 * What Zipyard itself wants to know of a profile in AWS's shared files (`~/.aws/config`, `~/.aws/credentials`): region and endpoints. Its credentials are the
 * AWS SDK's business. Source: "Configuration and credential file settings" and "Service-specific endpoints" of the AWS SDKs and Tools reference guide.
 */
export interface Profile {
  readonly region: string | undefined
  /** An endpoint that the profile names for a service, or for all of them. */
  endpointOf(service: AwsService): string | undefined
}

export const noProfile = defineError('ZY0711', 'usage', (p: { profile: string; known: readonly string[] }) => ({
  message: `There is no AWS profile \`${p.profile}\``,
  hint:
    p.known.length > 0
      ? `There ${p.known.length === 1 ? 'is' : 'are'} ${p.known.map((name) => `\`${name}\``).join(', ')}`
      : 'Make it with `aws configure --profile NAME`',
}))

type Environment = Readonly<Record<string, string | undefined>>

/** How the shared files call Zipyard's services: by their ids, in lower case with underscores. */
const serviceIds: Readonly<Record<AwsService, string>> = { lambda: 'lambda', s3: 's3', sts: 'sts', logs: 'cloudwatch_logs' } // prettier-ignore

/** @throws `noProfile` when neither file has it, the default profile apart */
export function readProfile(name: string, environment: Environment): Profile {
  const folder = join(environment['HOME'] || homedir(), '.aws')
  const config = parseSections(textOf(environment['AWS_CONFIG_FILE'] || join(folder, 'config')))
  const credentials = parseSections(textOf(environment['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials')))
  const inConfig = config.get(name === 'default' && config.has('default') ? name : `profile ${name}`)
  const found = [inConfig, credentials.get(name)].filter((section) => section !== undefined)
  if (found.length === 0 && name !== 'default') {
    const names = [...config.keys()].flatMap((header) => /^(?:profile (.+)|default)$/.exec(header) ?? [])
    const known = new Set([
      ...names.filter((one) => one !== undefined && !one.startsWith('profile ')),
      ...credentials.keys(),
    ])
    throw noProfile({ profile: name, known: [...known].sort() })
  }
  const setting = (key: string): string | undefined => found.map((section) => section.get(key)).find(Boolean)
  const services = config.get(`services ${setting('services')}`)
  const isIgnored = (environment['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? setting('ignore_configured_endpoint_urls')) === 'true' // prettier-ignore
  return {
    region: setting('region'),
    endpointOf: (service) =>
      isIgnored ? undefined : (services?.get(`${serviceIds[service]}.endpoint_url`) ?? setting('endpoint_url')),
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // no file, no profiles
  }
}

/** Sections by their header, `profile prod`; a nested setting of `[services …]` under `lambda.endpoint_url`. */
function parseSections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let settings: Map<string, string> | undefined
  let parent: string | undefined
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue
    const header = /^\[\s*([^\]]+?)\s*\]/.exec(line)?.[1]?.replaceAll(/\s+/g, ' ').replaceAll(/["']/g, '')
    if (header !== undefined) {
      settings = sections.get(header) ?? new Map<string, string>()
      sections.set(header, settings)
      parent = undefined
      continue
    }
    const pair = /^(\s*)([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line)
    if (!pair || !settings) continue
    const [, indent, key, value] = pair as unknown as [string, string, string, string]
    if (indent !== '' && parent !== undefined) settings.set(`${parent}.${key.toLowerCase()}`, value)
    else {
      settings.set(key.toLowerCase(), value)
      parent = value === '' ? key.toLowerCase() : undefined
    }
  }
  return sections
}
