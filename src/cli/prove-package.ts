/** The import proof as `zipyard check --import` has it: this machine's Pythons, and the runtime's copy of the AWS SDK when the handler asks for it. */
import type { CheckRequest } from '../audit/check-package.ts'
import type { DeniedLibraries } from '../audit/denied-libraries.ts'
import { silentLog } from '../base/log.ts'
import { findInterpreters } from '../interpreters/find-interpreters.ts'
import { parseArchitecture } from '../lambda/architecture.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import type { ImportProof } from '../proof/import-proof.ts'
import { proveImport, type ProofRequest } from '../proof/prove-import.ts'
import type { Context } from './command.ts'

/** What the runtime's own copy brings, as an import error names it. */
const missingSdk = /No module named '(?:boto3|botocore|s3transfer|jmespath|dateutil|urllib3|six)\b/

export async function provePackage(
  context: Context,
  request: CheckRequest & { readonly deniedLibraries: DeniedLibraries | undefined; readonly dataFolder: string },
): Promise<ImportProof> {
  const { path, layers, handler, deniedLibraries, dataFolder } = request
  const runtime = parsePythonRuntime(request.runtime)
  const proof: ProofRequest = {
    path,
    layers,
    handler,
    runtime,
    architecture: parseArchitecture(request.architecture),
    deniedLibraries,
    interpreters: await findInterpreters({ dataFolder, environment: { ...context.environment } }),
    signal: context.signal,
  }
  const plain = await proveImport(proof)
  if (plain.proof === 'inspection' || !missingSdk.test(plain.error?.errorMessage ?? '')) return plain
  // Only now: the copy is built from the package index the first time.
  const { SdkCopies } = await import('../service/sdk-copies.ts')
  const sdkFolder = await new SdkCopies(dataFolder, context.environment, silentLog).folderFor(runtime.id)
  if (sdkFolder !== undefined) return proveImport({ ...proof, sdkFolder })
  return {
    proof: 'inspection',
    because: "the handler imports the runtime's copy of the AWS SDK, which could not be had from the package index",
    hint: 'Try again when the package index can be reached',
  }
}
