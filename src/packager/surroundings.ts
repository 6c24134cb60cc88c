import { isDeepStrictEqual } from 'node:util'
import { cacheFolder } from '../cache/cache-folder.ts'
import { openCache } from '../cache/cache.ts'
import type { IndexClient } from '../index/index-client.ts'
import type { IndexConfiguration } from '../index/index-configuration.ts'
import type { ProjectIndexes } from '../index/load-index-configuration.ts'
import type { BuildSurroundings } from './build.ts'
import type { Variables } from './resolve/scrubbed-environment.ts'

/**
 * Real surroundings: the user's cache, the configured package indexes, this machine's tools. What asks the network or runs tools is
 * loaded when it is needed, which for most builds is never. `close` ends the connections.
 */
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
  let project: ProjectIndexes = {}
  let configuration: Promise<IndexConfiguration> | undefined
  const configure = async (): Promise<IndexConfiguration> => {
    const { loadIndexConfiguration } = await import('../index/load-index-configuration.ts')
    return loadIndexConfiguration({ environment, project })
  }
  let client: Promise<IndexClient> | undefined
  const connect = async (): Promise<IndexClient> => {
    const { createIndexClient } = await import('../index/index-client.ts')
    const pages = {
      read: (url: string) => cache.readEntry('index-page', url),
      write: (url: string, page: string) => cache.writeEntry('index-page', url, page),
    }
    const common = { environment, offline, pages, signal: options.signal }
    return createIndexClient({ configuration: await (configuration ??= configure()), ...common })
  }
  const surroundings: BuildSurroundings = {
    cache,
    offline,
    signal: options.signal,
    onProgress: options.onProgress,
    onStage: options.onStage,
    variables: environment,
    index: () => (client ??= connect()),
    resolved: new Set(),
    learnIndexes(learned) {
      if (isDeepStrictEqual(learned, project)) return
      project = learned
      configuration = undefined
      const old = client
      client = undefined
      void old?.then((one) => one.close())
    },
    resolverVariables: async () => {
      // What the project's files say, uv and pip read themselves, with rules that variables cannot say (`explicit` indexes).
      const [{ uvVariables }, { loadIndexConfiguration }] = await Promise.all([
        import('./resolve/uv-variables.ts'),
        import('../index/load-index-configuration.ts'),
      ])
      return { ...environment, ...uvVariables(await loadIndexConfiguration({ environment }), environment, project) }
    },
    buildWheel: async (...request) => {
      const [{ buildWheelWith }, { uvVariables }] = await Promise.all([
        import('./wheel/build-wheel.ts'),
        import('./resolve/uv-variables.ts'),
      ])
      // What a build requires comes from where the project's requirements come from, as under pip; nothing of the project is read there.
      const own = await (configuration ??= configure())
      const ofPip = project.indexUrl === undefined ? {} : { PIP_INDEX_URL: project.indexUrl }
      return buildWheelWith(surroundings, { ...environment, ...uvVariables(own, environment), ...ofPip })(...request)
    },
  }
  return { ...surroundings, close: async () => (await client)?.close() }
}
