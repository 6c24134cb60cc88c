import { join } from 'node:path'

/** What pip's configuration files say, keys in pip's spelling (`index-url`), several values separated by white space. */
export type PipConfiguration = ReadonlyMap<string, string>

export interface PipConfigurationPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly home: string
}

/**
 * The files that pip reads, weakest first. `PIP_CONFIG_FILE` names the strongest, and `os.devnull` in it switches all of them off.
 * Source: pip's user guide, "Configuration".
 */
export function pipConfigurationFiles({ environment, platform, home }: PipConfigurationPlaces): readonly string[] {
  const own = environment['PIP_CONFIG_FILE']
  if (own === '/dev/null' || own?.toLowerCase() === 'nul') return []
  const files: string[] = []
  const config = environment['XDG_CONFIG_HOME'] || join(home, '.config')
  if (platform === 'win32') {
    files.push(join(environment['ProgramData'] || 'C:\\ProgramData', 'pip', 'pip.ini'), join(home, 'pip', 'pip.ini'))
    files.push(join(environment['APPDATA'] || join(home, 'AppData', 'Roaming'), 'pip', 'pip.ini'))
  } else if (platform === 'darwin') {
    files.push('/Library/Application Support/pip/pip.conf', join(home, '.pip', 'pip.conf'))
    files.push(join(config, 'pip', 'pip.conf'), join(home, 'Library', 'Application Support', 'pip', 'pip.conf'))
  } else {
    const shared = (environment['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':').filter((folder) => folder !== '')
    files.push(...shared.reverse().map((folder) => join(folder, 'pip', 'pip.conf')), '/etc/pip.conf')
    files.push(join(home, '.pip', 'pip.conf'), join(config, 'pip', 'pip.conf'))
  }
  const virtual = environment['VIRTUAL_ENV']
  if (virtual) files.push(join(virtual, platform === 'win32' ? 'pip.ini' : 'pip.conf'))
  if (own) files.push(own)
  return files
}

/**
 * Reads one file: `[global]`, and over it `[install]` and `[download]`, which are the commands that fetch. Values may go on in indented
 * lines, as in Python's configparser.
 */
export function parsePipConfiguration(text: string): PipConfiguration {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    const line = raw.replace(/\s[;#].*$/, '').trimEnd()
    if (/^\s*[#;]/.test(raw) || line.trim() === '') continue
    const header = /^\[([^\]]+)\]$/.exec(line)
    if (header) {
      section = sections.get(header[1]!) ?? new Map()
      sections.set(header[1]!, section)
      key = undefined
      continue
    }
    if (/^\s/.test(line) && section && key !== undefined) {
      section.set(key, `${section.get(key)}\n${line.trim()}`.trim())
      continue
    }
    const pair = /^([^=:]+)[=:](.*)$/.exec(line)
    if (!pair || !section) continue
    key = pair[1]!.trim().toLowerCase().replaceAll('_', '-').replace(/^--/, '')
    section.set(key, pair[2]!.trim())
  }
  return new Map(['global', 'download', 'install'].flatMap((name) => [...(sections.get(name) ?? [])]))
}
