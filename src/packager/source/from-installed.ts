import { basename, join } from 'node:path'
import { evaluateMarker } from '../../pypa/marker.ts'
import type { LockedFile } from '../../pypa/locked-distribution.ts'
import { tryParseWheelFilename, tagsOf } from '../../pypa/wheel-filename.ts'
import type { Artifact } from '../artifact.ts'
import type { DependencyInput } from '../dependency-input.ts'
import type { Note } from '../layout/layout.ts'
import type { Target } from '../target.ts'
import type { Installed, InstalledTree } from './installed.ts'
import type { OwnFile } from './own-sources.ts'
import { statSync } from 'node:fs'

/** What an installed tree means for a package: exact requirements, own files, and what a person should know. */
export interface FromInstalled {
  readonly input: DependencyInput
  readonly own: readonly OwnFile[]
  readonly installed: readonly Installed[]
  readonly notes: readonly Note[]
}

/** Tools that every virtual environment has and no function needs, unless something in it requires them. */
const installers = new Set(['pip', 'setuptools', 'wheel', 'uv', 'distribute', 'pkg-resources'])

/**
 * Turns what is installed into exact requirements, so that the target's own wheels are packed and not the binaries of the machine that
 * installed them. A virtual environment of the wrong Python or architecture gives the same bytes as its lock would.
 */
export function fromInstalled(tree: InstalledTree, target: Target, kind: 'venv' | 'package'): FromInstalled {
  const notes: Note[] = []
  const needed = new Set(
    tree.distributions.flatMap(({ metadata }) =>
      installers.has(metadata.normalizedName)
        ? []
        : metadata.requiresDist
            .filter((requirement) => evaluateMarker(requirement.marker, target.environment))
            .map((requirement) => requirement.normalizedName as string),
    ),
  )
  const packed = tree.distributions.filter(
    ({ metadata }) =>
      kind === 'package' || !installers.has(metadata.normalizedName) || needed.has(metadata.normalizedName),
  )
  const lines = packed.map(requirementOf).sort()
  for (const { metadata, directUrl } of packed) {
    if (directUrl?.isEditable)
      notes.push({
        code: 'ZY0443',
        message: `\`${metadata.name}\` is installed as editable from \`${directUrl.url}\`; a wheel of it is built and packed`,
      })
  }
  const own: OwnFile[] = []
  const leftOver: string[] = []
  for (const { folder, path } of tree.unclaimed) {
    if (kind === 'package')
      own.push({ path: path.normalize('NFC'), file: join(folder, path), sizeBytes: statSync(join(folder, path)).size })
    else if (!isLeaving(path, tree)) leftOver.push(path)
  }
  if (leftOver.length > 0)
    notes.push({
      code: 'ZY0444',
      message: `${leftOver.length === 1 ? 'A file' : `${leftOver.length} files`} in the virtual environment ${leftOver.length === 1 ? 'belongs' : 'belong'} to no distribution and ${leftOver.length === 1 ? 'is' : 'are'} not packed: ${leftOver
        .slice(0, 5)
        .map((path) => `\`${path}\``)
        .join(', ')}${leftOver.length > 5 ? ' …' : ''}`,
      hint: 'Move what the function needs into the project',
    })
  return { input: lines.length === 0 ? { kind: 'none' } : { kind: 'lines', lines }, own, installed: packed, notes }
}

function requirementOf({ metadata, directUrl }: Installed): string {
  return directUrl ? directUrl.requirement : `${metadata.name}==${metadata.version.text}`
}

/** What installers and tools leave beside distributions. */
function isLeaving(path: string, tree: InstalledTree): boolean {
  if (path === 'distutils-precedence.pth' || path === '_virtualenv.py' || path === '_virtualenv.pth') return true
  if (path.startsWith('__editable__') || /\.(egg-link|lock)$/.test(path) || path === 'easy-install.pth') return true
  if (/^(pip|setuptools|pkg_resources|wheel|_distutils_hack)\//.test(path)) return true
  const top = path.split('/')[0]!
  return tree.distributions.some(
    ({ metadata, folder }) =>
      basename(folder) === top ||
      (installers.has(metadata.normalizedName) && path.startsWith(`${metadata.normalizedName}/`)),
  )
}

/** Which installed binaries were replaced by the target's, each with the reason. */
export function substitutions(
  installed: readonly Installed[],
  artifacts: readonly Artifact[],
  target: Target,
): readonly Note[] {
  const accepted = new Set(target.tags)
  return artifacts.flatMap((artifact) => {
    const was = installed.find(({ metadata }) => metadata.normalizedName === artifact.name)
    if (!was || was.tags.length === 0 || was.tags.some((tag) => accepted.has(tag))) return []
    const wheel = tryParseWheelFilename((artifact as { filename: LockedFile['filename'] }).filename)
    return [
      {
        code: 'ZY0445',
        message: `\`${artifact.name} ${artifact.version}\` is installed for \`${was.tags[0]}\`; \`${wheel ? tagsOf(wheel)[0]! : artifact.filename}\` is packed for ${target.runtime.id} on ${target.architecture}`,
      },
    ]
  })
}
