/** How versions of functions are shown: the exact members of each answer, as recorded from AWS. */
import { digestToBase64 } from '../../base/digest.ts'
import { functionArn, latest } from '../../functions/function-name.ts'
import type { FunctionVersion } from '../../functions/function-version.ts'
import { runtimeVersionArn } from '../../lambda/runtime-version.ts'

/** `2026-11-22T12:00:00.000+0000` */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '+0000')
}

/** The members that lists show. @param arn as the caller is to see it */
export function plainConfiguration(version: FunctionVersion, arn: string): Record<string, unknown> {
  const { SnapStart, ...configuration } = version.configuration
  const isPublishedSnapshot = SnapStart.ApplyOn === 'PublishedVersions' && version.number > 0
  return {
    FunctionName: version.name,
    FunctionArn: arn,
    ...configuration,
    CodeSize: version.codeBytes,
    CodeSha256: digestToBase64(version.codeDigest),
    LastModified: formatTime(version.modifiedAt),
    Version: version.version,
    RevisionId: version.revisionId,
    PackageType: 'Zip',
    SnapStart: { ApplyOn: SnapStart.ApplyOn, OptimizationStatus: isPublishedSnapshot ? 'On' : 'Off' },
  }
}

/** The whole configuration, with states. */
export function fullConfiguration(version: FunctionVersion, arn: string): Record<string, unknown> {
  return {
    ...plainConfiguration(version, arn),
    ...stateMembers(version),
    RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(version.region, version.configuration.Runtime) },
  }
}

const creating = 'The function is being created.'

function stateMembers(version: FunctionVersion): Record<string, unknown> {
  const failed = version.failure ?? 'The code could not be prepared'
  if (version.state === 'Pending') return { State: 'Pending', StateReason: creating, StateReasonCode: 'Creating' }
  const state =
    version.state === 'Failed'
      ? { State: 'Failed', StateReason: failed, StateReasonCode: 'InternalError' }
      : { State: version.state }
  switch (version.updateStatus) {
    case 'InProgress':
      return {
        ...state,
        LastUpdateStatus: 'InProgress',
        LastUpdateStatusReason: creating,
        LastUpdateStatusReasonCode: 'Creating',
      }
    case 'Failed':
      return {
        ...state,
        LastUpdateStatus: 'Failed',
        LastUpdateStatusReason: failed,
        LastUpdateStatusReasonCode: 'InternalError',
      }
    case 'Successful':
      return { ...state, LastUpdateStatus: 'Successful' }
    case null:
      return state
  }
}

/** ARN with the version: `FN:$LATEST`, `FN:1`. */
export function qualifiedArn(version: FunctionVersion): string {
  return functionArn(version, version.number === 0 ? latest : version.version)
}
