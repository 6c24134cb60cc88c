import { existsSync, statSync } from 'node:fs'
import { relative, sep } from 'node:path'
import type { Artifact } from '../artifact.ts'
import type { BuildPlan } from '../build-plan.ts'
import type { DependencyInput } from '../dependency-input.ts'
import { projectNotFound } from '../errors.ts'
import type { Note } from '../layout/layout.ts'
import { fromInstalled, substitutions, type FromInstalled } from './from-installed.ts'
import { IgnoreRules } from './ignore-rules.ts'
import { readInstalled, sitePackagesOf, type Installed } from './installed.ts'
import { ownSources, type IgnoredFile, type OwnFile } from './own-sources.ts'

/** What a project gives to the package itself, and what it depends on. */
export interface GatheredSources {
  readonly files: readonly OwnFile[]
  readonly ignored: readonly IgnoredFile[]
  /** The plan's input; for installed trees, the exact requirements that were read from them. */
  readonly input: DependencyInput
  readonly notes: readonly Note[]
  /** Of a virtual environment or package folder: what it holds. */
  readonly installed?: readonly Installed[] | undefined
  /** Which installed binaries the package replaces. */
  readonly substitutions: (artifacts: readonly Artifact[]) => readonly Note[]
}

/** Reads the project's own files, and the distributions of a virtual environment or package folder. */
export function gatherSources(plan: BuildPlan): GatheredSources {
  if (!existsSync(plan.project) || !statSync(plan.project).isDirectory())
    throw projectNotFound({ folder: plan.project })
  const own =
    plan.source === undefined
      ? { files: [], ignored: [] }
      : ownSources({
          project: plan.project,
          source: plan.source,
          rules: new IgnoreRules(plan.project, {
            ...plan,
            root: relative(plan.project, plan.source).split(sep).join('/'),
          }),
          symlinks: plan.symlinks,
          never: [plan.out, ...inputFiles(plan.input)],
        })
  const installed = installedOf(plan)
  if (!installed) return { ...own, input: plan.input, notes: [], substitutions: () => [] }
  const taken = new Set(own.files.map((file) => file.path))
  return {
    files: [...own.files, ...installed.own.filter((file) => !taken.has(file.path))],
    ignored: own.ignored,
    input: installed.input,
    notes: installed.notes,
    installed: installed.installed,
    substitutions: (artifacts) => substitutions(installed.installed, artifacts, plan.target),
  }
}

/** Files that declare dependencies describe the package and are no part of it; a script is both. */
function inputFiles(input: DependencyInput): readonly string[] {
  if (input.kind === 'requirements') return input.files
  return input.kind === 'lock' || input.kind === 'pyproject' ? [input.file] : []
}

function installedOf({ input, target }: BuildPlan): FromInstalled | undefined {
  if (input.kind === 'venv') return fromInstalled(readInstalled(sitePackagesOf(input.folder)), target, 'venv')
  if (input.kind === 'package') return fromInstalled(readInstalled([input.folder]), target, 'package')
  return undefined
}
