import { statSync } from 'node:fs'
import { resolve as resolvePath, sep } from 'node:path'
import { endSplice, prepareSplice, writeSplice } from '../zip/splicer.ts'
import { auditBuilt, auditReadBack, rememberBuilt } from './audit-package.ts'
import type { BuildPlan } from './build-plan.ts'
import { emptyPackage } from './errors.ts'
import { fetchArtifacts, type WheelBuilder } from './fetch/fetch-artifacts.ts'
import type { FetchSurroundings } from './fetch/fetch-file.ts'
import { inItsPlace } from './in-its-place.ts'
import { layOutReady } from './layout/lay-out.ts'
import { makeLayout, spliceParts } from './layout/make-layout.ts'
import type { LayoutFile } from './layout/layout.ts'
import { packOnce } from './layout/pack-once.ts'
import { safeSlimming } from './layout/slimming.ts'
import { makeReport, type BuildReport, type StageTime } from './report/report.ts'
import { resolve } from './resolve/resolve.ts'
import type { Resolution } from './resolve/resolution.ts'
import type { Variables } from './resolve/scrubbed-environment.ts'
import type { OwnFile } from './source/own-sources.ts'
import { gatherSources } from './source/gather-sources.ts'

/** What a build touches beside its project and its output. */
export interface BuildSurroundings extends FetchSurroundings {
  readonly variables: Variables
  readonly onStage?: ((stage: StageTime['stage']) => void) | undefined
  /** Whether nothing is built after this, and what was started for it may end. */
  readonly isLast?: boolean | undefined
  /** Builds wheels from source where there is no wheel. */
  readonly buildWheel: WheelBuilder
}

/**
 * Builds one deployment package: `plan → resolve → fetch → lay out → splice → audit → report`. The package takes its place only
 * when everything succeeded; what lay there before stays otherwise.
 */
export async function build(plan: BuildPlan, surroundings: BuildSurroundings): Promise<BuildReport> {
  const { target } = plan
  const stages: StageTime[] = []
  const timed = stopwatch(stages, surroundings)
  if (wasLarge(plan.out)) prepareSplice()
  const sources = await timed('sources', () => gatherSources(plan))
  const { cache, variables, signal } = surroundings
  const bytecode = plan.bytecode === 'on' ? await import('./bytecode/compile-bytecode.ts') : undefined
  const compiler = await bytecode?.compilerFor(target, cache, variables)
  const fallback =
    sources.installed &&
    (await import('./source/installed-fallback.ts')).installedFallback(sources.installed, target, surroundings)
  const resolveOptions = {
    ...plan,
    folder: plan.project,
    input: sources.input,
    variables,
    bytecodeBy: compiler?.version,
  }
  const resolution = await timed('resolve', () =>
    fallback ? fallback.resolve(resolveOptions) : resolve(resolveOptions, surroundings),
  )
  const fetched = await timed('fetch', () =>
    fetchArtifacts(
      resolution.distributions,
      { target, ...resolution, buildWheel: surroundings.buildWheel, fallback: fallback?.wheelOf },
      surroundings,
    ),
  )
  const { artifacts, notes: sdkNotes } =
    plan.sdk === 'runtime'
      ? (await import('./leave-sdk.ts')).leaveSdk(fetched, target)
      : { artifacts: fetched, notes: [] }
  const laidOut = await timed('lay out', () =>
    layOutReady(
      artifacts,
      withoutLocalProjects(sources.files, resolution, plan.project),
      {
        ...plan,
        slim: plan.slim === 'safe' ? safeSlimming : undefined,
        mode: plan.compat ?? 'lambda',
        python: target.runtime.python,
        prefix: plan.layer,
      },
      cache,
    ),
  )
  const layout =
    bytecode && compiler
      ? await timed('compile', async () => {
          const root = plan.layer === undefined ? '/var/task' : '/opt'
          const compiled = await bytecode.compileBytecode(laidOut.files, {
            root,
            interpreter: compiler,
            target,
            cache,
            variables,
            signal,
          })
          return makeLayout({ ...laidOut, stretches: [], singles: [...laidOut.files, ...compiled] })
        })
      : laidOut
  if (layout.stretches.length + layout.singles.length === 0) throw emptyPackage({ folder: plan.project })
  const { archive, findings } = await inItsPlace(plan.out, signal, async (path, settle) => {
    // What layers hold, and whose files those are that pip put among own ones, the audit reads from the archive.
    const isReadBack = plan.layers.length > 0 || layout.singles.some(isOwnRecord)
    const mayLag = plan.checks && !isReadBack
    const written = await timed('splice', async () =>
      writeSplice(spliceParts(layout, await packOnce(layout.singles, cache, plan.out)), path, { signal, mayLag }),
    )
    if (!isReadBack) settle()
    if (!mayLag) {
      const whole = written.archive()
      const found = plan.checks ? await timed('audit', () => auditReadBack(whole, plan, artifacts, layout, cache)) : []
      return { archive: whole, findings: found }
    }
    // While it is judged, the rest of it is hashed.
    try {
      const found = await timed('audit', () => auditBuilt(written, plan, artifacts, layout, cache))
      const whole = written.archive()
      if (surroundings.isLast) endSplice()
      return { archive: whole, findings: found }
    } catch (error) {
      written.forget()
      throw error
    }
  })
  if (plan.checks) await rememberBuilt({ path: plan.out, digest: archive.digest }, plan, artifacts, cache)
  const notes = [
    ...sources.notes,
    ...sources.substitutions(artifacts),
    ...(fallback?.notes ?? []),
    ...resolution.notes,
    ...sdkNotes,
    ...layout.notes,
  ]
  return makeReport({
    plan,
    resolution,
    artifacts,
    layout,
    archive,
    ignored: sources.ignored,
    notes,
    findings,
    stages,
    compiler,
  })
}

/** Sources of local distributions are packed as the wheels that are built from them, not a second time as files of the project. */
export function withoutLocalProjects(
  files: readonly OwnFile[],
  { distributions, folder }: Resolution,
  project: string,
): readonly OwnFile[] {
  const roots = distributions.flatMap(({ directory }) => {
    const root =
      directory && !directory.virtual ? resolvePath(folder, directory.path, directory.subdirectory ?? '') : project
    return root === project ? [] : [root + sep]
  })
  return roots.length === 0 ? files : files.filter(({ file }) => !roots.some((root) => file.startsWith(root)))
}

/** Whether the package that this build replaces was a large one; then the new one will be too. */
function wasLarge(path: string): boolean {
  const largeBytes = 20 * 1024 * 1024
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= largeBytes
}

/** Times the stages; none begins after an interruption. */
function stopwatch(stages: StageTime[], { onStage, signal }: Pick<BuildSurroundings, 'onStage' | 'signal'>) {
  return async <Value>(stage: StageTime['stage'], work: () => Value | Promise<Value>): Promise<Value> => {
    onStage?.(stage)
    signal?.throwIfAborted()
    const start = performance.now()
    const value = await work()
    stages.push({ stage, milliseconds: performance.now() - start })
    return value
  }
}

/** A distribution that is installed in a folder of own files, as `pip install --target` does. */
const isOwnRecord = ({ owner, path }: LayoutFile): boolean => owner === 'own' && path.endsWith('.dist-info/RECORD')
