/** Real wheels for a target, downloaded once into `.cache/wheels/` by pip, which takes no sdist here. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Architecture } from '../../src/lambda/architecture.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { targetOf } from '../../src/packager/target.ts'
import { normalizeName } from '../../src/pypa/name.ts'
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

/** Paths of the wheels of `wanted` and of all they require. `folder` names the set: it is downloaded again only when its name changes. */
export function realWheels(folder: string, wanted: readonly string[], target: WheelTarget): readonly string[] {
  const into = join(cache, folder)
  if (!existsSync(into)) download(into, wanted, target, platformsOf(target), [])
  return wheelsIn(into)
}

/** Paths of exactly these wheels, `NAME==VERSION` each, in their order; `platforms` (`macosx_11_0_arm64`) where they are not for the target's own. */
export function pinnedWheels(
  pins: readonly string[],
  target: WheelTarget,
  platforms?: readonly string[],
): readonly string[] {
  const into = join(cache, 'pinned', `${target.runtime}-${platforms?.join('-') ?? target.architecture}`)
  const find = (pin: string): string | undefined => wheelsIn(into).find((path) => isOf(path, pin))
  const missing = pins.filter((pin) => find(pin) === undefined)
  if (missing.length > 0) download(into, missing, target, platforms ?? platformsOf(target), ['--no-deps'])
  return pins.map((pin) => find(pin)!)
}

function isOf(path: string, pin: string): boolean {
  const [name, version] = basename(path).split('-')
  return `${normalizeName(name!)}==${version}` === pin.replace(/^[^=]+/, normalizeName)
}

function wheelsIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.whl'))
  return names.sort().map((name) => join(folder, name))
}

/** Nothing half-done is seen under the final names; two test files may do this at a time. */
function download(
  into: string,
  wanted: readonly string[],
  target: WheelTarget,
  platforms: readonly string[],
  more: readonly string[],
): void {
  const partial = `${into}.${process.pid}.partial`
  mkdirSync(partial, { recursive: true })
  const { python } = parsePythonRuntime(target.runtime)
  const abis = [`cp${python.replace('.', '')}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi])
  const tags = [...platforms, 'any'].flatMap((one) => ['--platform', one])
  const options = ['--only-binary', ':all:', '--python-version', python, '--implementation', 'cp', ...abis, ...tags]
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'download', '--quiet']
  try {
    execFileSync('python3', [...pip, ...more, ...options, '--dest', partial, ...wanted], { stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
    if (more.length === 0 && !existsSync(into)) return renameSync(partial, into)
    mkdirSync(into, { recursive: true })
    for (const path of wheelsIn(partial)) renameSync(path, join(into, basename(path)))
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
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
