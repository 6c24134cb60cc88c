import { chooseTarget, noRegion, type Target } from '../client/target.ts'
import { dataFolder } from '../settings/data-folder.ts'
import { noRunningService, readServiceFile, type ServiceFile } from '../settings/service-file.ts'
import type { Context } from './command.ts'

interface TargetFlags {
  readonly data?: string | undefined
  readonly 'endpoint-url'?: string | undefined
  readonly profile?: string | undefined
  readonly region?: string | undefined
}

/** Where a command's calls go. */
export async function targetOf(context: Context, flags: TargetFlags): Promise<Target> {
  try {
    return await chooseTarget(
      { endpointUrl: flags['endpoint-url'], profile: flags.profile, region: flags.region },
      context.environment,
      () => findRunningService(context, flags.data),
    )
  } catch (error) {
    if (!noRegion.is(error) || error.details.profile !== undefined) throw error
    throw noRunningService({ folder: dataFolder(flags.data, context.environment), orAws: true })
  }
}

export function findRunningService(context: Context, data: string | undefined): ServiceFile | undefined {
  try {
    return readServiceFile(dataFolder(data, context.environment))
  } catch (error) {
    if (noRunningService.is(error)) return undefined
    throw error
  }
}
