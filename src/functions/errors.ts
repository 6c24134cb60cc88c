/**
 * What the domain refuses, one definition per exception of the Lambda API. The sentences are AWS's own, so that a client sees the same
 * text here and there; how each is put on the wire is decided in `api/lambda/fault.ts`.
 */
import { defineError } from '../base/errors.ts'

interface Refusal {
  /** AWS's sentence. */
  readonly text: string
  /** This one is answered without the member `Type`. */
  readonly untyped?: boolean
}

function refusal(hint: string): (p: Refusal) => { message: string; hint: string } {
  return (p) => ({ message: p.text, hint })
}

export const resourceNotFound = defineError(
  'ZY0640',
  'refused',
  refusal('List what is there, for example with `aws lambda list-functions`'),
)

export const resourceConflict = defineError(
  'ZY0641',
  'refused',
  refusal('Wait until the change under way has ended, or choose another name'),
)

export const invalidParameter = defineError('ZY0642', 'refused', refusal('Change the value that is named'))

export const preconditionFailed = defineError(
  'ZY0643',
  'refused',
  refusal('Read the resource again and repeat the change with its `RevisionId`'),
)

export const accessDenied = defineError('ZY0644', 'refused', refusal('Use a key of the account that owns the resource'))

export const codeTooLarge = defineError(
  'ZY0645',
  'refused',
  refusal('Upload it to S3 and pass `--s3-bucket` and `--s3-key`'),
)

export const codeStorageExceeded = defineError(
  'ZY0646',
  'refused',
  refusal('Delete versions and layers that are not used'),
)

export const provisionedConcurrencyNotFound = defineError(
  'ZY0647',
  'refused',
  refusal('Set it with `aws lambda put-provisioned-concurrency-config`'),
)

export const codeSigningConfigNotFound = defineError(
  'ZY0648',
  'refused',
  refusal('List them with `aws lambda list-code-signing-configs`'),
)

/** Named, and not served here. */
export const notSupported = defineError('ZY0649', 'refused', (p: { readonly what: string }) => ({
  message: `${p.what} is not supported by Zipyard`,
  hint: 'See the list of operations in docs/reference/api.md',
}))

/** Function not found, as GetFunction, Invoke and most others say it. `arn` with its qualifier where the operation names one. */
export function functionNotFound(arn: string): Error {
  return resourceNotFound({ text: `Function not found: ${arn}` })
}

export function aliasNotFound(arn: string): Error {
  return resourceNotFound({ text: `Cannot find alias arn: ${arn}` })
}

/** What several kinds of resources say when they are not there. */
export function nothingThere(): Error {
  return resourceNotFound({ text: 'The resource you requested does not exist.' })
}

/** @param call the operation that tells the current revision: `GetFunction/GetAlias`, `GetPolicy`, `GetLayerPolicy` */
export function revisionMismatch(call = 'GetFunction/GetAlias'): Error {
  return preconditionFailed({
    text: `The Revision Id provided does not match the latest Revision Id. Call the ${call} API to retrieve the latest Revision Id`,
  })
}
