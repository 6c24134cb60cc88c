/** Takes deployment packages and layers into the blob store: sent with the request, or named in a bucket. */
import type { Digest } from '../base/digest.ts'
import { silentLog, type Log } from '../base/log.ts'
import { unzippedSizeLimit, zippedSizeLimit } from '../lambda/quotas.ts'
import type { Blobs } from '../store/blobs.ts'
import { codeTooLarge, invalidParameter } from './errors.ts'
import type { Code } from './functions.ts'
import type { Scope } from './function-name.ts'
import { SentPackage, type PutBlob } from './sent-package.ts'

/** What the zip reader says of an upload. */
export type UploadVerdict = { readonly unzippedBytes: number } | { readonly defect: string }

/** Where a package stands in S3. */
export interface ObjectReference {
  readonly bucket: string
  readonly key: string
  readonly versionId?: string | undefined
}

/** The object's bytes as a blob of the same store, or S3's error, such as `NoSuchKey`. */
export type FetchedObject =
  | { readonly digest: Digest; readonly bytes: number }
  | { readonly errorCode: string; readonly errorMessage: string }

export interface DeploymentPackagesOptions {
  readonly blobs: Blobs
  /** Lists the archive with what Lambda accepts in mind, off the event loop. */
  readonly validateUpload: (path: string) => Promise<UploadVerdict>
  readonly fetchObject: (scope: Scope, object: ObjectReference) => Promise<FetchedObject>
  /** Is told why a package was refused: AWS's sentence, which the client gets, does not say it. */
  readonly log?: Log | undefined
}

export class DeploymentPackages {
  readonly #options: DeploymentPackagesOptions
  readonly #put: PutBlob

  constructor(options: DeploymentPackagesOptions) {
    this.#options = options
    this.#put = (body, put) => options.blobs.put(body, put)
  }

  /** For a package that begins to arrive. */
  receive(): SentPackage {
    return new SentPackage(this.#put)
  }

  /**
   * A package that came with the request. Durable when this resolves.
   *
   * @param name of the function or layer, for the log
   */
  async upload(sent: SentPackage, name: string): Promise<Code> {
    const { bytes } = sent
    if (bytes === 0) throw invalidParameter({ text: 'Uploaded file must be a non-empty zip' })
    if (bytes > zippedSizeLimit) {
      throw codeTooLarge({ text: `Zipped size must be smaller than ${zippedSizeLimit} bytes` })
    }
    return this.#check(await sent.accept(this.#put), name)
  }

  /** A package in a bucket; its bytes are shared with the object, not copied. */
  async fetch(scope: Scope & { readonly name: string }, object: ObjectReference): Promise<Code> {
    const found = await this.#options.fetchObject(scope, object)
    if ('errorCode' in found) {
      throw invalidParameter({
        text: `Error occurred while GetObject. S3 Error Code: ${found.errorCode}. S3 Error Message: ${found.errorMessage}`,
      })
    }
    return this.#check(found, scope.name)
  }

  async #check(blob: { readonly digest: Digest; readonly bytes: number }, name: string): Promise<Code> {
    const verdict = await this.#options.validateUpload(this.#options.blobs.localPath(blob.digest))
    if ('defect' in verdict) {
      const { log = silentLog } = this.#options
      log.warn('a package was refused', { name, because: verdict.defect, bytes: blob.bytes, sha256: blob.digest })
      throw invalidParameter({
        text: 'Could not unzip uploaded file. Please check your file, then try to upload again.',
      })
    }
    expectUnzippedSize(verdict.unzippedBytes)
    return { digest: blob.digest, bytes: blob.bytes, unzippedBytes: verdict.unzippedBytes }
  }
}

/** Of a package, or of a package with its layers. */
export function expectUnzippedSize(bytes: number): void {
  if (bytes >= unzippedSizeLimit) {
    throw invalidParameter({ text: `Unzipped size must be smaller than ${unzippedSizeLimit} bytes` })
  }
}
