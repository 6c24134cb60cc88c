import type { Lock, LockedDistribution } from './locked-distribution.ts'
import type { RequirementLine, RequirementsFile } from './requirements-txt.ts'

/** Why a requirements file is not a lock. */
export type NotLocked =
  | { readonly line: RequirementLine; readonly because: 'not-pinned' }
  | { readonly line: RequirementLine; readonly because: 'no-hash' }
  | { readonly line: RequirementLine; readonly because: 'editable' | 'directory' | 'vcs' }

/**
 * A requirements file in which every line names one exact version (or one archive) with its digests is a lock: pip would take nothing
 * else (`--require-hashes`), so no resolver is needed. Returns the lines that are in the way when it is none.
 */
export function lockFromRequirements(file: RequirementsFile): Lock | { readonly notLocked: readonly NotLocked[] } {
  const notLocked = file.requirements.flatMap((line): NotLocked[] => {
    const because = reasonAgainst(line)
    return because === undefined ? [] : [{ line, because }]
  })
  if (notLocked.length > 0 || file.requirements.length === 0) return { notLocked }
  return {
    kind: 'requirements',
    file: file.file,
    distributions: file.requirements.map(readLine),
    extras: [],
    groups: [],
    defaultGroups: [],
  }
}

function reasonAgainst(line: RequirementLine): NotLocked['because'] | undefined {
  if (line.isEditable) return 'editable'
  if (line.reference?.kind === 'directory' || line.reference?.kind === 'vcs') return line.reference.kind
  if (line.reference?.kind === 'archive') {
    if (line.name === undefined) return 'not-pinned'
    // With several digests and none in the URL it cannot be said which is this file's.
    return Object.keys(archiveHashes(line)).length > 0 ? undefined : 'no-hash'
  }
  const [clause, ...rest] = line.requirement!.specifiers
  const isPinned =
    rest.length === 0 &&
    clause !== undefined &&
    (clause.operator === '==' || clause.operator === '===') &&
    !clause.isPrefix
  if (!isPinned) return 'not-pinned'
  return line.hashes.length > 0 ? undefined : 'no-hash'
}

function readLine(line: RequirementLine): LockedDistribution {
  const common = { name: line.name!, marker: line.marker, wheels: [], dependencies: [] }
  if (line.reference?.kind === 'archive') {
    const { filename, url, path, subdirectory } = line.reference
    return { ...common, archive: { filename, url, path, subdirectory, hashes: archiveHashes(line) } }
  }
  const clause = line.requirement!.specifiers[0]!
  return { ...common, version: clause.version?.text ?? clause.versionText, acceptedHashes: line.hashes }
}

function archiveHashes(line: RequirementLine): Readonly<Record<string, string>> {
  const ofUrl = line.reference?.kind === 'archive' ? line.reference.hashes : {}
  const only = line.hashes.length === 1 ? Object.fromEntries([line.hashes[0]!.split(':') as [string, string]]) : {}
  return { ...ofUrl, ...only }
}
