import type { ContentFacts } from '../audit/content-facts.ts'
import type { PackageDistribution, PackageFacts, PackageFile } from '../audit/facts.ts'
import { handlerCandidates } from '../audit/handler-file.ts'
import { interestIn, readContent, type Interest } from '../audit/read-content.ts'
import type { WheelFacts } from '../audit/wheel-facts.ts'
import type { Cache } from '../cache/cache.ts'
import { parseHandler } from '../lambda/handler.ts'
import { moduleNames, type ModuleNames } from '../python/module-names.ts'
import { treeHazards } from '../zip/directory.ts'
import type { Archive } from '../zip/splicer.ts'
import type { Artifact } from './artifact.ts'
import type { BuildPlan } from './build-plan.ts'
import { contentOf } from './layout/content.ts'
import type { Layout, LayoutFile } from './layout/layout.ts'
import { wheelFactsOf } from './wheel-facts.ts'

/**
 * What the audit wants to know of a package that was just written, from its layout and from what is kept of its wheels: nothing of the
 * archive is read back.
 */
export async function factsOfBuild(
  archive: Pick<Archive, 'bytes' | 'unzippedBytes'>,
  plan: Pick<BuildPlan, 'target' | 'out' | 'handler'>,
  artifacts: readonly Artifact[],
  layout: Layout,
  cache: Cache,
): Promise<PackageFacts> {
  const byWheel = new Map<string, WheelFacts>()
  for (const artifact of artifacts) byWheel.set(artifact.path, await wheelFactsOf(artifact, cache))
  const files = new Map<string, PackageFile>()
  for (const file of layout.files) files.set(file.path, new BuiltFile(file, byWheel))
  return {
    target: { runtime: plan.target.runtime, architecture: plan.target.architecture },
    package: {
      name: plan.out.slice(Math.max(plan.out.lastIndexOf('/'), plan.out.lastIndexOf('\\')) + 1),
      zippedBytes: archive.bytes,
      unzippedBytes: archive.unzippedBytes,
      files,
      folders: new Map(),
      hazards: treeHazards(layout.files.map(({ path }) => ({ name: path }))),
      distributions: distributionsOf(artifacts, layout, byWheel),
    },
    layers: [],
    handler: plan.handler,
    handlerModule: handlerModuleOf(plan.handler, layout),
    today: new Date(),
  }
}

/** A file of the layout, which tells what is in it only when a rule asks. */
class BuiltFile implements PackageFile {
  readonly path: string
  readonly bytes: number
  readonly packedBytes: number
  readonly permissions: number
  readonly kind: 'file' | 'link'
  readonly distribution: string | undefined
  readonly crc32: number | undefined
  readonly #file: LayoutFile
  readonly #wheel: WheelFacts | undefined
  #interest: { readonly is: Interest | undefined } | undefined
  #content: { readonly facts: ContentFacts | undefined } | undefined
  #names: ModuleNames | undefined

  constructor(file: LayoutFile, byWheel: ReadonlyMap<string, WheelFacts>) {
    this.path = file.path
    this.bytes = file.uncompressedBytes
    this.packedBytes = file.compressedBytes ?? 0
    this.permissions = file.mode
    this.kind = file.link ? 'link' : 'file'
    this.distribution = file.owner === 'own' ? undefined : file.owner.distribution
    this.crc32 = file.crc32
    this.#file = file
    this.#wheel = 'archive' in file.source ? byWheel.get(file.source.archive) : undefined
  }

  get interest(): Interest | undefined {
    this.#interest ??= {
      is: this.kind === 'link' ? undefined : interestIn(this, this.distribution === undefined),
    }
    return this.#interest.is
  }

  get content(): ContentFacts | undefined {
    this.#content ??= { facts: this.#read() }
    return this.#content.facts
  }

  get names(): ModuleNames | undefined {
    if (this.kind === 'link' || this.distribution !== undefined || !this.path.endsWith('.py')) return undefined
    return (this.#names ??= moduleNames(contentOf(this.#file)))
  }

  #read(): ContentFacts | undefined {
    const { interest } = this
    if (!interest) return undefined
    const { source } = this.#file
    const known =
      'archive' in source
        ? this.#wheel?.contentOf(source.entry.name, source.entry.crc32, source.entry.uncompressedBytes)
        : undefined
    if (known !== undefined) return known ?? undefined
    return readContent(interest, contentOf(this.#file), { path: this.path, isOwn: this.distribution === undefined })
  }
}

function distributionsOf(
  artifacts: readonly Artifact[],
  layout: Layout,
  byWheel: ReadonlyMap<string, WheelFacts>,
): readonly PackageDistribution[] {
  const sums = new Map<string, { files: number; bytes: number; packedBytes: number; folder: string }>()
  for (const { owner, path, uncompressedBytes, compressedBytes = 0 } of layout.files) {
    if (owner === 'own') continue
    const sum = sums.get(owner.distribution) ?? { files: 0, bytes: 0, packedBytes: 0, folder: '' }
    sum.files += 1
    sum.bytes += uncompressedBytes
    sum.packedBytes += compressedBytes
    if (path.endsWith('.dist-info/METADATA')) sum.folder = path.slice(0, -'/METADATA'.length)
    sums.set(owner.distribution, sum)
  }
  return artifacts.flatMap(({ name, version, path }) => {
    const sum = sums.get(name)
    const facts = byWheel.get(path)
    if (!sum || !facts) return []
    const { requires, requiresPython, tags } = facts
    return [{ name, version, ...sum, requires, requiresPython, tags }]
  })
}

function handlerModuleOf(handler: string | undefined, layout: Layout): PackageFacts['handlerModule'] {
  if (handler === undefined) return undefined
  const candidates = handlerCandidates(parseHandler(handler))
  const byPath = new Map(layout.files.filter(({ path }) => candidates.includes(path)).map((file) => [file.path, file]))
  const path = candidates.find((candidate) => byPath.has(candidate))
  if (path === undefined || !path.endsWith('.py')) return undefined
  return { path, names: moduleNames(contentOf(byPath.get(path)!)) }
}
