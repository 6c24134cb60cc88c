import type { Digest } from '../base/digest.ts'
import { parseArchitecture } from '../lambda/architecture.ts'
import { unzippedSizeLimit, zippedSizeLimit } from '../lambda/quotas.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import type { Budget } from '../settings/budget.ts'
import { auditPackage } from './audit.ts'
import { budgetFacts } from './baseline.ts'
import { openFacts } from './collect.ts'
import { deniedLibrariesOf, type DeniedLibraries } from './denied-libraries.ts'
import type { AuditTarget, PackageFacts } from './facts.ts'
import type { Finding } from './finding.ts'
import { knownAnswer, type KnownAnswer } from './known-answer.ts'
import { knownContent } from './known-package.ts'
import { weightsOf } from './tree-files.ts'
import { treemapHtml } from './treemap.ts'

export interface CheckRequest {
  /** A zip or a folder. */
  readonly path: string
  /** Runtime id, `python3.13`. */
  readonly runtime: string
  /** `x86_64` or `arm64`. */
  readonly architecture: string
  readonly handler?: string | undefined
  /** Zips or folders of the layers, in the function's order. */
  readonly layers?: readonly string[] | undefined
  /** What the project allows the package to weigh. */
  readonly budget?: Budget | undefined
  /** The cache of builds: files of packages that were built with it are known and need not be unpacked. */
  readonly cacheFolder?: string | undefined
  /** SHA-256 of the package, where the caller knows it. */
  readonly digest?: Digest | undefined
}

/** What was looked at, for the head of a report. */
export interface CheckSummary {
  readonly name: string
  readonly runtime: string
  readonly architecture: string
  readonly handler?: string | undefined
  readonly files: number
  readonly zippedBytes?: number | undefined
  readonly zippedLimitBytes: number
  /** With layers, as Lambda counts. */
  readonly unzippedBytes: number
  readonly unzippedLimitBytes: number
  readonly errors: number
  readonly warnings: number
  readonly infos: number
  /** Largest first; own files come under no name. */
  readonly distributions: readonly DistributionShare[]
}

export interface DistributionShare {
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly files: number
  readonly unzippedBytes: number
  readonly zippedBytes: number
}

export interface CheckResult {
  /** The treemap as one HTML page, when it was asked for. */
  readonly html?: string | undefined
  /** Native libraries that would not load on the runtime, when they were asked for. */
  readonly deniedLibraries?: DeniedLibraries | undefined
  readonly findings: readonly Finding[]
  readonly summary: CheckSummary
}

/**
 * Checks a package without executing any of it. Throws `notAZip` and `notACheckablePackage` when there is nothing to check;
 * everything else is a finding.
 * @example checkPackage({ path: 'dist/app.zip', runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }).findings
 */
export function checkPackage(
  request: CheckRequest,
  options: {
    readonly today?: Date
    readonly html?: boolean
    readonly deniedLibraries?: boolean
  } = {},
): CheckResult {
  const target = { runtime: parsePythonRuntime(request.runtime), architecture: parseArchitecture(request.architecture) }
  const { path: own, handler, layers, cacheFolder, digest } = request
  const { today = new Date() } = options
  const known = isPlain(request, options) ? answerTo(request, target, today) : undefined
  if (known?.answer) return known.answer
  const { facts: found, close } = openFacts(own, {
    target,
    handler,
    layers,
    knownIn:
      cacheFolder === undefined
        ? undefined
        : (path) => knownContent(path, cacheFolder, path === own ? digest : undefined),
    today,
    readsLibraries: true,
  })
  try {
    const facts = { ...found, budget: budgetFacts(request.budget, target) }
    const result = auditFacts(facts)
    known?.keep(result)
    return {
      ...result,
      ...(options.html ? { html: treemapHtml(facts) } : {}),
      ...(options.deniedLibraries ? { deniedLibraries: deniedLibrariesOf(facts) } : {}),
    }
  } finally {
    close()
  }
}

/** Nothing beyond findings is asked for, and they depend on nothing beyond the package, its layers and the question. */
function isPlain(
  { budget }: CheckRequest,
  options: { readonly html?: boolean; readonly deniedLibraries?: boolean },
): boolean {
  return !options.html && !options.deniedLibraries && budget?.growth === undefined
}

function answerTo(
  { path, handler, layers = [], budget, cacheFolder }: CheckRequest,
  { runtime, architecture }: AuditTarget,
  today: Date,
): KnownAnswer<CheckResult> | undefined {
  if (cacheFolder === undefined) return undefined
  return knownAnswer(
    { paths: [path, ...layers], asked: { runtime: runtime.id, architecture, handler, budget }, today },
    cacheFolder,
  )
}

/** The same in a thread of its own, as the service does on upload. */
export async function auditInWorker(request: CheckRequest): Promise<CheckResult> {
  const { runInWorker } = await import('../base/worker-task.ts')
  return runInWorker(import.meta.url, './audit-worker', request)
}

/** Audits facts that are known already, as a build has them. */
export function auditFacts(facts: PackageFacts): CheckResult {
  const findings = auditPackage(facts)
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length
  return {
    findings,
    summary: {
      name: facts.package.name,
      runtime: facts.target.runtime.id,
      architecture: facts.target.architecture,
      handler: facts.handler,
      files: facts.package.files.size,
      zippedBytes: facts.package.zippedBytes,
      zippedLimitBytes: zippedSizeLimit,
      unzippedBytes: [facts.package, ...facts.layers].reduce((sum, tree) => sum + tree.unzippedBytes, 0),
      unzippedLimitBytes: unzippedSizeLimit,
      errors: count('error'),
      warnings: count('warning'),
      infos: count('info'),
      distributions: sharesOf(facts),
    },
  }
}

export function sharesOf(facts: PackageFacts): readonly DistributionShare[] {
  const shares = new Map<
    string,
    { files: number; unzippedBytes: number; zippedBytes: number; name?: string; version?: string }
  >()
  for (const [name, { files, bytes, packedBytes }] of weightsOf(facts.package)) {
    const share = { files, unzippedBytes: bytes, zippedBytes: packedBytes }
    shares.set(name ?? '', name === undefined ? share : { ...share, name })
  }
  for (const { name, version } of facts.package.distributions) {
    const share = shares.get(name)
    if (share) share.version = version
  }
  return [...shares.values()].sort((a, b) => b.unzippedBytes - a.unzippedBytes)
}
