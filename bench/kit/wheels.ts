/** Some 95 MB of real wheels with their indexes, as the cache holds them: what the zip and audit benches work on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openArchive } from '../../src/zip/reader.ts'
import { decodeWheelIndex, encodeWheelIndex } from '../../src/zip/wheel-index.ts'

/** Pinned, so that ratios of two days are about the same bytes. */
const pins = [
  'numpy==2.3.4', 'scipy==1.16.3', 'pandas==2.3.3', 'boto3==1.40.70', 'botocore==1.40.70', 's3transfer==0.14.0', 'jmespath==1.0.1',
  'requests==2.32.5', 'urllib3==2.5.0', 'certifi==2025.10.5', 'idna==3.11', 'charset-normalizer==3.4.4', 'pydantic==2.12.4',
  'pydantic-core==2.41.5', 'cryptography==46.0.3', 'cffi==2.0.0', 'python-dateutil==2.9.0.post0', 'six==1.17.0', 'sympy==1.14.0',
  'networkx==3.5', 'pytz==2025.2',
] // prettier-ignore

const platforms = ['manylinux_2_28_x86_64', 'manylinux2014_x86_64', 'manylinux_2_17_x86_64', 'any']

export const benchFolder = resolve(import.meta.dirname, '../../.cache/bench')

/** Wheels for python3.13 on x86_64, whatever this machine is; downloaded once. Returns their paths. */
export function benchWheels(): readonly string[] {
  const folder = join(benchFolder, 'wheels')
  mkdirSync(folder, { recursive: true })
  const present = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.whl'))
      .sort()
  if (present().length < pins.length) {
    process.stderr.write('fetching the wheels of the bench…\n')
    const target = [
      '--python-version',
      '3.13',
      '--implementation',
      'cp',
      '--abi',
      'cp313',
      '--abi',
      'abi3',
      '--abi',
      'none',
    ]
    const flags = [
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      ...target,
      ...platforms.flatMap((platform) => ['--platform', platform]),
    ]
    execFileSync('python3', ['-m', 'pip', 'download', ...flags, '--dest', folder, ...pins], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  const wheels = present().map((name) => join(folder, name))
  for (const wheel of wheels) {
    if (hasIndex(wheel)) continue
    const { source, listing } = openArchive(wheel)
    source.close()
    writeFileSync(`${wheel}.idx`, encodeWheelIndex(listing))
  }
  return wheels
}

/** Whether the wheel's index is there, and of this version. */
function hasIndex(wheel: string): boolean {
  try {
    return decodeWheelIndex(readFileSync(`${wheel}.idx`)).strip !== undefined
  } catch {
    return false
  }
}

/** Whether a program is on the path. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
