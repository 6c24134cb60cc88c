import { sha256 } from '../base/digest.ts'

/**
 * The ARN under which a runtime's build is known: in a function's configuration, and in the INIT_START of its log.
 *
 * AWS names its builds by hashes; here it is the same for the same runtime, and another for another.
 * @example runtimeVersionArn('us-east-1', 'python3.13') // arn:aws:lambda:us-east-1::runtime:2036b83f…
 */
export function runtimeVersionArn(region: string, runtime: string): string {
  let version = versions.get(runtime)
  if (version === undefined) {
    version = sha256(`zipyard ${runtime}`)
    versions.set(runtime, version)
  }
  return `arn:aws:lambda:${region}::runtime:${version}`
}

/** There are as many as the API takes names of runtimes. */
const versions = new Map<string, string>()
