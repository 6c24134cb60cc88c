import type { Architecture } from '../lambda/architecture.ts'
import type { BuildRequest } from './plan-builds.ts'

const forPython38 = [
  'boto3==1.37.38 --hash=sha256:b6d42803607148804dff82389757827a24ce9271f0583748853934c86310999f',
  'botocore==1.37.38 --hash=sha256:23b4097780e156a4dcaadfc1ed156ce25cb95b6087d010c4bb7f7f5d9bc9d219',
  'jmespath==1.0.1 --hash=sha256:02e2e4cc71b5bcab88332eebf907519190dd9e6e82107fa7f83b1003a6252980',
  'python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427',
  's3transfer==0.11.5 --hash=sha256:757af0f2ac150d3c75bc4177a32355c3862a98d20447b69a0161812992fe0bd4',
  'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274',
  'urllib3==1.26.20 --hash=sha256:0ed14ccfbf1c30a9072c7ca157e4319b70d65f623e91e7b32fadb2853431016e',
]

const forPython39 = [
  'boto3==1.42.97 --hash=sha256:966e49f0510af9a64057a902b7df53d4348c447de0d3df4cc855dfd85e058fcd',
  'botocore==1.42.97 --hash=sha256:77d2c8ce1bc592d3fbd7c01c35836f4a5b0cac2ca03ccdf6ffc60faa16b5fadc',
  'jmespath==1.1.0 --hash=sha256:a5663118de4908c91729bea0acadca56526eb2698e83de10cd116ae0f4e97c64',
  'python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427',
  's3transfer==0.16.1 --hash=sha256:61bcd00ccb83b21a0fe7e91a553fff9729d46c83b4e0106e7c314a733891f7c2',
  'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274',
  'urllib3==1.26.20 --hash=sha256:0ed14ccfbf1c30a9072c7ca157e4319b70d65f623e91e7b32fadb2853431016e',
]

const current = [
  'boto3==1.44.5 --hash=sha256:70c3e0409794b29ec1900bcaff0695b73234a2d32ffaed35045b94caa26212a5',
  'botocore==1.44.5 --hash=sha256:8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921',
  'jmespath==1.1.0 --hash=sha256:a5663118de4908c91729bea0acadca56526eb2698e83de10cd116ae0f4e97c64',
  'python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427',
  's3transfer==0.19.3 --hash=sha256:24eb7535804306355e31c952a90022bf5b2f9d760f9a11062c7493a217c08553',
  'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274',
  'urllib3==2.8.0 --hash=sha256:0cf3cae568d36aa9576b28dfb35f11328f1cb974ca7647d9475ebb86c75ac6e3',
]

/**
 * The AWS SDK that stands in for a runtime's own copy, by runtime id.
 *
 * AWS no longer prints which versions a runtime has, and moves them; the newest release that supports the Python is nearest to it.
 * The last release of boto3 for Python 3.8 is 1.37.38, for 3.9 it is 1.42.97. Read from the package index on 2026-11-22.
 */
export const sdkPins: Readonly<Record<string, readonly string[]>> = {
  'python3.8': forPython38,
  'python3.9': forPython39,
  'python3.10': current,
  'python3.11': current,
  'python3.12': current,
  'python3.13': current,
  'python3.14': current,
}

/** Distributions that a runtime's copy of the SDK consists of. */
export const sdkDistributions = [
  'boto3',
  'botocore',
  's3transfer',
  'jmespath',
  'python-dateutil',
  'six',
  'urllib3',
] as const

/** What to build for a runtime's copy of the SDK; `undefined` for runtimes that no longer have one here. The archive's root is a site-packages folder. */
export function sdkCopyRequest(runtimeId: string, architecture: Architecture, out: string): BuildRequest | undefined {
  const lines = sdkPins[runtimeId]
  if (!lines) return undefined
  return {
    workingDirectory: '/',
    name: `sdk-${runtimeId}`,
    runtime: runtimeId,
    architectures: [architecture],
    pins: lines,
    out,
    writesLock: false,
    noCheck: true,
  }
}
