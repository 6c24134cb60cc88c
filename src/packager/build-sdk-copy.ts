import type { Architecture } from '../lambda/architecture.ts'
import { build } from './build.ts'
import { planBuilds } from './plan-builds.ts'
import type { BuildReport } from './report/report.ts'
import type { Variables } from './resolve/scrubbed-environment.ts'
import { sdkCopyRequest } from './sdk-copy.ts'
import { createBuildSurroundings } from './surroundings.ts'

/**
 * Builds the copy of the AWS SDK that stands in for a runtime's own, as an archive whose root is a site-packages folder. Needs the
 * package index once; the digests are checked in, so that every machine gets the same bytes. `undefined` for a runtime without one.
 */
export async function buildSdkCopy(options: {
  readonly runtimeId: string
  readonly architecture: Architecture
  /** The archive to write. */
  readonly out: string
  /** For the cache's place, indexes, proxies and certificates. */
  readonly environment: Variables
  readonly offline?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<BuildReport | undefined> {
  const request = sdkCopyRequest(options.runtimeId, options.architecture, options.out)
  if (!request) return undefined
  const surroundings = await createBuildSurroundings(options)
  try {
    const [plan] = planBuilds({ ...request, offline: options.offline })
    return await build(plan!, surroundings)
  } finally {
    await surroundings.close()
  }
}
