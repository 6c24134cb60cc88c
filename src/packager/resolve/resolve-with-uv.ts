import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ResolvableInput } from '../dependency-input.ts'
import { runTool } from '../run-tool.ts'
import type { Target } from '../target.ts'
import type { UvTool } from './find-uv.ts'
import { asUtf8 } from './requirements-text.ts'
import { resolutionError } from './resolution-error.ts'
import { resolverEnvironment, type Variables } from './scrubbed-environment.ts'
import { namesWithoutWheels, uvArguments } from './uv-command.ts'

export interface UvResolution {
  /** `pylock.toml` as uv wrote it; its paths are relative to the project's folder. */
  readonly pylock: string
  readonly resolver: string
}

/** Distributions without any wheel are found one by one: uv names the first that stops it. */
const mostSourceRounds = 20

/**
 * Lets uv choose versions for the target, from wheels alone. Where a distribution has none at all, its source archive is allowed, by
 * name, and nothing else's.
 */
export async function resolveWithUv(
  tool: UvTool,
  input: ResolvableInput,
  options: {
    readonly target: Target
    readonly folder: string
    /** The input's name for messages. */
    readonly description: string
    readonly variables: Variables
    readonly offline: boolean
    readonly signal?: AbortSignal | undefined
  },
): Promise<UvResolution> {
  const scratch = await mkdtemp(join(tmpdir(), 'zipyard-uv-'))
  try {
    const file = await fileFor(input, scratch)
    const fromSource: string[] = []
    for (let round = 0; ; round += 1) {
      const { exitCode, stdout, stderr } = await runTool(
        tool.executable,
        uvArguments({
          input: file,
          target: options.target,
          fromSource,
          offline: options.offline,
          noIndex: options.variables['UV_NO_INDEX'] === '1',
        }),
        {
          cwd: options.folder,
          env: { ...resolverEnvironment(options.variables), UV_NO_PROGRESS: '1' },
          signal: options.signal,
        },
      )
      if (exitCode === 0) return { pylock: stdout, resolver: `uv ${tool.version}` }
      const without = namesWithoutWheels(stderr).filter((name) => !fromSource.includes(name))
      if (without.length === 0 || round === mostSourceRounds)
        throw resolutionError({
          resolver: 'uv',
          input: options.description,
          target: `${options.target.runtime.id} on ${options.target.architecture}`,
          stderr,
        })
      fromSource.push(...without)
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** What uv is given: requirements that stand in no file get one. */
async function fileFor(input: ResolvableInput, scratch: string): Promise<Exclude<ResolvableInput, { kind: 'lines' }>> {
  if (input.kind === 'requirements') return { ...input, files: await asUtf8(input.files, scratch) }
  if (input.kind !== 'lines') return input
  const file = join(scratch, 'requirements.txt')
  await writeFile(file, input.lines.map((line) => `${line}\n`).join(''))
  return { kind: 'requirements', files: [file] }
}
