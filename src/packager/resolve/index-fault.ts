import { ZipyardError } from '../../base/errors.ts'
import { projectNotFound } from '../../index/errors.ts'
import type { FetchSurroundings } from '../fetch/fetch-file.ts'
import type { Declarations } from './declarations.ts'
import { indexNotReached, resolverFailed, unsatisfiable } from './resolution-error.ts'

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
    await index.files(name)
    return undefined
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
    /requirement ([A-Za-z0-9._-]+)[^\n]*\(from versions: none\)/,
    /\b([A-Za-z0-9._-]+) was not found in the (?:package registry|provided)/,
    /there are no versions of ([A-Za-z0-9._-]+)/,
    /https?:\/\/\S+\/([A-Za-z0-9._-]+)\/?(?:`|\s|$)/m,
  ]
  return patterns.map((pattern) => pattern.exec(explanation)?.[1]).find((name) => name !== undefined)
}
