import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineError } from '../../base/errors.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import { evaluateMarker } from '../../pypa/marker.ts'
import { runTool } from '../run-tool.ts'
import type { Target } from '../target.ts'
import { formatDeclared, type Declarations, type Declared } from './declarations.ts'
import { pipArguments } from './pip-command.ts'
import { readPipReport, repairReport, type PipReport } from './pip-report.ts'
import { resolutionError } from './resolution-error.ts'
import { resolverEnvironment, type Variables } from './scrubbed-environment.ts'

/** A Python that has pip. */
export interface PipTool {
  readonly python: string
}

export const pipDoesNotSettle = defineError('ZY0416', 'refused', (p: { missing: readonly string[] }) => ({
  message: `pip keeps leaving out ${p.missing.map((text) => `\`${text}\``).join(', ')}, which the target needs`,
  hint: 'Install uv, which resolves for another machine by itself, or commit a lock',
}))

/** pip's answer settles after one correction as a rule; each round more means a marker on a dependency's dependency. */
const mostRounds = 6

export interface PipResolution {
  readonly distributions: readonly LockedDistribution[]
  readonly resolver: string
  /** Distributions that pip alone would have packed wrongly. */
  readonly repaired: { readonly added: readonly string[]; readonly dropped: readonly string[] }
}

/** Lets pip choose versions for the target, and corrects what it decides for this machine instead (see `repairReport`). */
export async function resolveWithPip(
  tool: PipTool,
  declarations: Declarations,
  options: {
    readonly target: Target
    readonly folder: string
    readonly input: string
    readonly variables: Variables
    readonly signal?: AbortSignal | undefined
  },
): Promise<PipResolution> {
  const { target, folder } = options
  const holds = (one: Declared): boolean => evaluateMarker(one.marker, target.environment)
  const wanted = declarations.declared.filter(holds)
  const roots = wanted.flatMap(({ requirement }) => (requirement ? [requirement] : []))
  const scratch = await mkdtemp(join(tmpdir(), 'zipyard-pip-'))
  try {
    const constraints = declarations.constraints.filter(holds)
    await writeFile(join(scratch, 'constraints.txt'), linesOf(constraints, folder))
    const added = new Set<string>()
    for (let round = 0; round < mostRounds; round += 1) {
      await writeFile(
        join(scratch, 'requirements.txt'),
        optionLines(declarations) + linesOf(wanted, folder) + [...added].join('\n'),
      )
      const report = await askPip(tool, scratch, constraints.length > 0, options)
      const repair = repairReport(report, roots, target.environment)
      const news = repair.missing.filter((text) => !added.has(text))
      if (repair.missing.length === 0) {
        return {
          distributions: repair.kept.map((item) => item.distribution),
          resolver: `pip ${report.pipVersion}`,
          repaired: { added: [...added], dropped: repair.dropped.map((item) => item.distribution.name) },
        }
      }
      if (news.length === 0) throw pipDoesNotSettle({ missing: repair.missing })
      for (const text of news) added.add(text)
    }
    throw pipDoesNotSettle({ missing: [...added] })
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function askPip(
  tool: PipTool,
  scratch: string,
  hasConstraints: boolean,
  options: Parameters<typeof resolveWithPip>[2],
): Promise<PipReport> {
  const args = pipArguments({
    requirementFiles: [join(scratch, 'requirements.txt')],
    constraintFiles: hasConstraints ? [join(scratch, 'constraints.txt')] : [],
    target: options.target,
    folder: join(scratch, 'target'),
  })
  const result = await runTool(tool.python, ['-m', 'pip', '--disable-pip-version-check', ...args], {
    cwd: options.folder,
    // What it leaves there when it is ended goes with the folder.
    env: { ...resolverEnvironment(options.variables), TMPDIR: scratch },
    signal: options.signal,
  })
  if (result.exitCode !== 0)
    throw resolutionError({
      resolver: 'pip',
      input: options.input,
      target: `${options.target.runtime.id} on ${options.target.architecture}`,
      stderr: result.stderr,
    })
  return readPipReport(result.stdout)
}

function linesOf(declared: readonly Declared[], folder: string): string {
  return declared
    .map((one) => `${formatDeclared(one, folder)}${one.hashes.map((hash) => ` --hash=${hash}`).join('')}\n`)
    .join('')
}

/** Options of the requirements files that say where and what pip may look for. */
function optionLines({ options }: Declarations): string {
  if (!options) return ''
  const lines = [
    ...(options.indexUrl ? [`--index-url ${options.indexUrl}`] : []),
    ...options.extraIndexUrls.map((url) => `--extra-index-url ${url}`),
    ...options.findLinks.map((place) => `--find-links ${place}`),
    ...options.trustedHosts.map((host) => `--trusted-host ${host}`),
    ...(options.noIndex ? ['--no-index'] : []),
    ...(options.allowPrereleases ? ['--pre'] : []),
    ...(options.requireHashes ? ['--require-hashes'] : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}
