/** The three ways in which a request names its package. */
import { invalidParameter, notSupported } from '../../functions/errors.ts'
import type { Scope } from '../../functions/function-name.ts'
import type { Code } from '../../functions/functions.ts'
import type { SentPackage } from '../../functions/sent-package.ts'
import type { LambdaServices } from './services.ts'

export interface CodeInput {
  readonly ZipFile?: SentPackage
  readonly S3Bucket?: string
  readonly S3Key?: string
  readonly S3ObjectVersion?: string
  readonly ImageUri?: string
  readonly S3ObjectStorageMode?: string
}

/**
 * Takes the package into the store; durable and checked when this resolves.
 *
 * @param target the function or layer that it is for
 */
export async function takeCode(
  input: CodeInput,
  target: Scope & { readonly name: string },
  services: LambdaServices,
): Promise<Code> {
  const { ZipFile, S3Bucket, S3Key, S3ObjectVersion, ImageUri } = input
  if (ImageUri !== undefined) {
    throw invalidParameter({ text: "Please don't provide ImageUri when updating a function with packageType Zip." })
  }
  if (input.S3ObjectStorageMode === 'REFERENCE') throw notSupported({ what: '`S3ObjectStorageMode` `REFERENCE`' })
  if (ZipFile !== undefined && (S3Bucket !== undefined || S3Key !== undefined)) {
    throw invalidParameter({ text: 'Please do not provide other FunctionCode parameters when providing a ZipFile.' })
  }
  if (ZipFile !== undefined) return services.packages.upload(ZipFile, target.name)
  if (S3Bucket === undefined && S3Key === undefined) {
    throw invalidParameter({ text: 'Please provide a source for function code.' })
  }
  if (S3Bucket === undefined) throw invalidParameter({ text: 'S3Bucket is required when S3Key is given.' })
  if (S3Key === undefined) throw invalidParameter({ text: 'S3Key is required when S3Bucket is given.' })
  return services.packages.fetch(target, { bucket: S3Bucket, key: S3Key, versionId: S3ObjectVersion })
}
