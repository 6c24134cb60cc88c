/** What other domains need of the buckets: packages to deploy, places for dead letters. */
import { ZipyardError } from '../base/errors.ts'
import type { DeploymentPackagesOptions } from '../functions/deployment-packages.ts'
import type { PutObject } from '../invoker/async-queue.ts'
import { requireBucket } from '../objects/bucket.ts'
import { bucketNotFound, objectNotFound, versionNotFound } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { requireObject } from '../objects/object-version.ts'

/** The package that CreateFunction names in a bucket, or S3's words for why there is none. */
export function fetchObject(store: ObjectStore): DeploymentPackagesOptions['fetchObject'] {
  return async (scope, { bucket, key, versionId }) => {
    try {
      const { region, accountId } = await requireBucket(store.catalog.db, bucket)
      if (accountId !== scope.accountId) return { errorCode: 'AccessDenied', errorMessage: 'Access Denied' }
      if (region !== scope.region) {
        return {
          errorCode: 'PermanentRedirect',
          errorMessage: `The bucket is in this region: ${region}. Please use this region to retry the request`,
        }
      }
      const object = await requireObject(store.catalog.db, { bucket, key }, versionId)
      // Another row is about to name the blob: it must not be collected in between.
      await store.blobs.touch(object.digest)
      return { digest: object.digest, bytes: object.bytes }
    } catch (error) {
      if (bucketNotFound.is(error))
        return { errorCode: 'NoSuchBucket', errorMessage: 'The specified bucket does not exist' }
      if (objectNotFound.is(error)) return { errorCode: 'NoSuchKey', errorMessage: 'The specified key does not exist.' }
      if (versionNotFound.is(error))
        return { errorCode: 'NoSuchVersion', errorMessage: 'The specified version does not exist.' }
      if (error instanceof ZipyardError) return { errorCode: 'InvalidRequest', errorMessage: error.message }
      throw error
    }
  }
}

/** Puts a dead letter into a bucket of the function's account. */
export function putObject(store: ObjectStore): PutObject {
  return async (scope, { bucket, key, body, metadata }) => {
    const found = await requireBucket(store.catalog.db, bucket)
    if (found.accountId !== scope.accountId) throw bucketNotFound({ bucket })
    const headers = { 'content-type': 'application/json' }
    await store.put({ bucket, key }, body, { headers, metadata: asHeaders(metadata), tags: {} })
  }
}

/** As S3 keeps what an object is described by: names in lower case, and whatever is not printable ASCII as RFC 2047 writes it in headers. */
function asHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name.toLowerCase(),
      /^[ -~]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`,
    ]),
  )
}
