import { defaultIndexUrl, type IndexConfiguration } from '../../index/index-configuration.ts'
import type { ProjectIndexes } from '../../index/load-index-configuration.ts'
import type { Variables } from './scrubbed-environment.ts'

/**
 * What uv is told about indexes when pip is configured and uv is not: uv reads neither `PIP_*` nor pip's files. In variables, never in
 * arguments, which every user of the machine can list.
 *
 * @param project names its own indexes, in files that uv reads itself. uv would believe a variable rather than them: a project's private
 *   index would be passed over for a public one. Absent where uv reads nothing of the project: then the variables say all.
 */
export function uvVariables(
  configuration: IndexConfiguration,
  variables: Variables,
  project?: ProjectIndexes,
): Record<string, string> {
  const isConfigured = Object.keys(variables).some((name) =>
    /^UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX)$/.test(name),
  )
  const [main, ...others] = configuration.indexes.toReversed()
  const result: Record<string, string> = {}
  if (!isConfigured) {
    const hasOwn = project?.indexUrl !== undefined || project?.named?.some(({ isDefault }) => isDefault) === true
    if (main && !(project && (hasOwn || main.url === defaultIndexUrl))) result['UV_DEFAULT_INDEX'] = main.url
    if (others.length > 0)
      result['UV_INDEX'] = others
        .reverse()
        .map(({ url }) => url)
        .join(' ')
    if (others.length > 0 && configuration.strategy === 'all') result['UV_INDEX_STRATEGY'] = 'unsafe-best-match'
    if (configuration.findLinks.length > 0) result['UV_FIND_LINKS'] = configuration.findLinks.join(',')
    if (configuration.noIndex) result['UV_NO_INDEX'] = '1'
    if (configuration.trustedHosts.length > 0) result['UV_INSECURE_HOST'] = configuration.trustedHosts.join(' ')
  }
  const [certificates] = configuration.certificateFiles
  if (certificates && !variables['SSL_CERT_FILE']) result['SSL_CERT_FILE'] = certificates
  if (configuration.proxy && !variables['HTTPS_PROXY'] && !variables['https_proxy'])
    result['HTTPS_PROXY'] = configuration.proxy
  return result
}
