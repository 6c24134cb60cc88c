import { defineError, ZipyardError } from '../../base/errors.ts'
import { projectNotFound } from '../../index/errors.ts'
import type { IndexFile } from '../../index/index-client.ts'
import { normalizeName } from '../../pypa/name.ts'
import { formatRequirement } from '../../pypa/requirement.ts'
import { tryParseSdistFilename } from '../../pypa/sdist-filename.ts'
import { matches } from '../../pypa/specifier.ts'
import { tryParseWheelFilename } from '../../pypa/wheel-filename.ts'
import type { FetchSurroundings } from '../fetch/fetch-file.ts'
import type { Declarations } from './declarations.ts'
import { indexNotReached, resolverFailed, unsatisfiable } from './resolution-error.ts'

export const onlyWithdrawn = defineError(
  'ZY0474',
  'refused',
  (p: {
    name: string
    requirement: string
    withdrawn: readonly { readonly version: string; readonly reason: string }[]
  }) => ({
    message: `Every version of \`${p.name}\` that \`${p.requirement}\` allows was withdrawn: ${p.withdrawn.map(({ version, reason }) => `\`${version}\`${reason === '' ? '' : ` (${reason})`}`).join(', ')}`,
    hint: `Allow another version, or name one exactly to take it nevertheless: \`${p.name}==${p.withdrawn.at(-1)!.version}\``,
  }),
)

/**
 * What is wrong with a package index, when a resolver failed because of one. Resolvers tell it badly: pip takes an index that refuses
 * or cannot be reached for one without versions, uv a login page for one. So the index is asked once more by our own client, whose
 * errors say it. `undefined` when the index is not at fault, or cannot be asked.
 */
export async function indexFault(
  error: unknown,
  declarations: Declarations,
  surroundings: FetchSurroundings,
): Promise<ZipyardError | undefined> {
  const explanation = explanationOf(error)
  if (explanation === undefined || surroundings.offline) return undefined
  const name = blamed(explanation) ?? declarations.declared.find((one) => one.requirement && !one.reference)?.requirement?.name // prettier-ignore
  if (name === undefined) return undefined
  const index = await surroundings.index()
  try {
    return withdrawn(name, await index.files(name), declarations)
  } catch (fault) {
    if (!(fault instanceof ZipyardError)) return undefined
    // A name that no index has is what the resolver said, if it said so.
    if (projectNotFound.is(fault) && !unsatisfiable.is(error)) return undefined
    fault.cause ??= new Error(explanation)
    return fault
  }
}

/** The resolver's words, when they leave open that an index is at fault. */
function explanationOf(error: unknown): string | undefined {
  if (indexNotReached.is(error) || resolverFailed.is(error)) return error.details.explanation
  return unsatisfiable.is(error) && blamed(error.details.explanation) !== undefined
    ? error.details.explanation
    : undefined
}

/** The distribution of which the resolver found nothing at all. */
function blamed(explanation: string): string | undefined {
  const patterns = [
    /requirement ([A-Za-z0-9._-]+)[^\n]*\(from versions: /,
    /\b([A-Za-z0-9._-]+) was not found in the (?:package registry|provided)/,
    /there are no versions of ([A-Za-z0-9._-]+)/,
    /https?:\/\/\S+\/([A-Za-z0-9._-]+)\/?(?:`|\s|$)/m,
  ]
  return patterns.map((pattern) => pattern.exec(explanation)?.[1]).find((name) => name !== undefined)
}

/** When all that a requirement allows was yanked (PEP 592); pip does not say so. */
function withdrawn(name: string, files: readonly IndexFile[], { declared }: Declarations): ZipyardError | undefined {
  const requirement = declared.find((one) => one.requirement?.normalizedName === normalizeName(name))?.requirement
  if (!requirement) return undefined
  const versions = files.flatMap((file) => {
    const { version } = tryParseWheelFilename(file.filename) ?? tryParseSdistFilename(file.filename, name) ?? {}
    return version && matches(requirement.specifiers, version) ? [{ version, yanked: file.yanked }] : []
  })
  if (versions.length === 0 || versions.some(({ yanked }) => yanked === false)) return undefined
  const reasons = new Map(
    versions.map(({ version, yanked }) => [version.text, typeof yanked === 'string' ? yanked : '']),
  )
  return onlyWithdrawn({
    name,
    requirement: formatRequirement({ ...requirement, marker: undefined }),
    withdrawn: [...reasons].map(([version, reason]) => ({ version, reason })),
  })
}
