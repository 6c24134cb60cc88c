/** Real wheels for a target, downloaded once into `.cache/wheels/` by pip, which takes no sdist here. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Architecture } from '../../src/lambda/architecture.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { targetOf } from '../../src/packager/target.ts'
import { compatiblePlatforms } from '../../src/pypa/tag.ts'
import type { SpliceEntry } from '../../src/zip/plan.ts'
import { openArchive } from '../../src/zip/reader.ts'

const cache = resolve(import.meta.dirname, '../../.cache/wheels')

export interface WheelTarget {
  readonly runtime: string
  readonly architecture: Architecture
}

/** Platform tags as pip's `--platform` takes them: that of the runtime, unless others are named. */
function platformsOf(target: WheelTarget): readonly string[] {
  return compatiblePlatforms(targetOf(parsePythonRuntime(target.runtime), target.architecture).python)
}

/**
 * Paths of the wheels of `wanted`, and with `requires` of all they require, for the target or for `platforms` (`macosx_11_0_arm64`).
 * `folder` names the set: it is downloaded again only when its name changes.
 */
export function realWheels(
  folder: string,
  wanted: readonly string[],
  target: WheelTarget,
  options: { readonly requires?: boolean; readonly platforms?: readonly string[] } = {},
): readonly string[] {
  const into = join(cache, folder)
  if (!existsSync(into)) {
    const partial = `${into}.${process.pid}.partial`
    mkdirSync(partial, { recursive: true })
    const { python } = parsePythonRuntime(target.runtime)
    const abis = [`cp${python.replace('.', '')}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi])
    const platforms = [...(options.platforms ?? platformsOf(target)), 'any'].flatMap((one) => ['--platform', one])
    const shared = ['--only-binary', ':all:', '--python-version', python, '--implementation', 'cp', ...abis, ...platforms] // prettier-ignore
    const depth = options.requires ? [] : ['--no-deps']
    try {
      execFileSync('python3', ['-m', 'pip', '--disable-pip-version-check', 'download', '--quiet', ...depth, ...shared, '--dest', partial, ...wanted], { stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
      if (existsSync(into)) rmSync(partial, { recursive: true })
      else renameSync(partial, into)
    } catch (error) {
      rmSync(partial, { recursive: true, force: true })
      throw error
    }
  }
  return readdirSync(into)
    .filter((name) => name.endsWith('.whl'))
    .sort()
    .map((name) => join(into, name))
}

/** What wheels hold, as `pip install --target` would lay it out, without what it generates. Later wheels win. */
export function wheelFiles(wheels: readonly string[]): Map<string, SpliceEntry> {
  const files = new Map<string, SpliceEntry>()
  for (const archive of wheels) {
    const { source, listing } = openArchive(archive)
    source.close()
    for (const entry of listing.entries) {
      const path = entry.name.replace(/^[^/]+\.data\/(?:purelib|platlib)\//, '')
      if (!path.endsWith('/')) files.set(path, { path, mode: 0o644, source: { archive, entry } })
    }
  }
  return files
}
