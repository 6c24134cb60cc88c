import { defineError } from '../base/errors.ts'

export type Architecture = 'x86_64' | 'arm64'

export const architectures: readonly Architecture[] = ['x86_64', 'arm64']

export const unknownArchitecture = defineError('ZY0302', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not an architecture of Lambda`,
  hint: 'Use `x86_64`, `arm64`, or both as `x86_64,arm64`',
}))

/** Takes AWS's names and those that people type: `aarch64`, `amd64`, `x64`. */
export function parseArchitecture(text: string): Architecture {
  const known: Record<string, Architecture> = {
    x86_64: 'x86_64',
    amd64: 'x86_64',
    x64: 'x86_64',
    arm64: 'arm64',
    aarch64: 'arm64',
  }
  const architecture = known[text.trim().toLowerCase()]
  if (!architecture) throw unknownArchitecture({ text })
  return architecture
}

/** The machine's name in wheel tags and ELF headers. */
export function machineOf(architecture: Architecture): 'x86_64' | 'aarch64' {
  return architecture === 'arm64' ? 'aarch64' : 'x86_64'
}

/** The architecture this process runs on, or `undefined` where Lambda has none like it. */
export function hostArchitecture(): Architecture | undefined {
  return process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'arm64' : undefined
}
