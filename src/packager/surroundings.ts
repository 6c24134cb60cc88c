import { cacheFolder } from '../cache/cache-folder.ts'
import { openCache } from '../cache/cache.ts'
import { createIndexClient, type IndexClient } from '../index/index-client.ts'
import { loadIndexConfiguration } from '../index/load-index-configuration.ts'
import type { BuildSurroundings } from './build.ts'
import { buildWheelWith } from './wheel/build-wheel.ts'
import type { Variables } from './resolve/scrubbed-environment.ts'
import { uvVariables } from './resolve/uv-variables.ts'

/** Real surroundings: the user's cache, the configured package indexes, this machine's tools. `close` ends the connections. */
export async function createBuildSurroundings(options: {
  readonly environment: Variables
  readonly offline?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: BuildSurroundings['onProgress']
  readonly onStage?: BuildSurroundings['onStage']
  /** Where the cache lies, if not where `cacheFolder` says. */
  readonly cacheFolder?: string | undefined
}): Promise<BuildSurroundings & { close(): Promise<void> }> {
  const { environment, offline = false } = options
  const cache = openCache(options.cacheFolder ?? cacheFolder(environment))
  const configuration = await loadIndexConfiguration({ environment })
  let client: Promise<IndexClient> | undefined
  const pages = {
    read: (url: string) => cache.readEntry('index-page', url),
    write: (url: string, page: string) => cache.writeEntry('index-page', url, page),
  }
  const fetchSurroundings = {
    cache,
    index: () => (client ??= createIndexClient({ configuration, environment, offline, pages })),
    offline,
    signal: options.signal,
    onProgress: options.onProgress,
  }
  const variables = { ...environment, ...uvVariables(configuration, environment) }
  return {
    ...fetchSurroundings,
    variables,
    onStage: options.onStage,
    buildWheel: buildWheelWith(fetchSurroundings, variables),
    close: async () => (await client)?.close(),
  }
}
