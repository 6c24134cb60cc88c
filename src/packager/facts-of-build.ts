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
import type { Layout, LayoutFile, LayoutStretch } from './layout/layout.ts'
import { fileAt } from './layout/make-layout.ts'
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
  for (const stretch of layout.stretches) addStretch(files, { ...stretch, wheel: byWheel.get(stretch.archive) })
  for (const file of layout.singles) files.set(file.path, new BuiltFile(file, byWheel))
  return {
    target: { runtime: plan.target.runtime, architecture: plan.target.architecture },
    package: {
      name: plan.out.slice(Math.max(plan.out.lastIndexOf('/'), plan.out.lastIndexOf('\\')) + 1),
      zippedBytes: archive.bytes,
      unzippedBytes: archive.unzippedBytes,
      files,
      folders: new Map(),
      // Of stretches the layout has made sure.
      hazards: treeHazards(layout.singles.map(({ path }) => ({ name: path }))),
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

/** A file of a stretch, which looks everything up when a rule asks. */
class StretchFile implements PackageFile {
  readonly path: string
  readonly #of: KnownStretch
  readonly #index: number
  /** `null` until somebody asked. */
  #interest: Interest | undefined | null = null
  #content: ContentFacts | undefined | null = null

  constructor(path: string, of: KnownStretch, index: number) {
    this.path = path
    this.#of = of
    this.#index = index
  }

  get kind(): 'file' {
    return 'file'
  }

  get bytes(): number {
    return this.#of.strip.columns.uncompressedBytes[this.#index]!
  }

  get packedBytes(): number {
    return this.#of.strip.columns.compressedBytes[this.#index]!
  }

  get permissions(): number {
    return this.#of.strip.mode(this.#index)
  }

  get distribution(): string {
    return this.#of.owner.distribution
  }

  get crc32(): number {
    return this.#of.strip.columns.crc32[this.#index]!
  }

  get interest(): Interest | undefined {
    if (this.#interest === null) this.#interest = interestIn(this, false)
    return this.#interest
  }

  get content(): ContentFacts | undefined {
    if (this.#content === null) this.#content = this.#read()
    return this.#content
  }

  #read(): ContentFacts | undefined {
    const { interest, path } = this
    if (!interest) return undefined
    const known = this.#of.wheel?.contentOf(path, this.crc32, this.bytes)
    if (known !== undefined) return known ?? undefined
    const source = { archive: this.#of.archive, entry: this.#of.strip.entry(this.#index) }
    return readContent(interest, contentOf({ path, source }), { path, isOwn: false })
  }
}

/** A stretch, and what is kept of its wheel. */
interface KnownStretch extends LayoutStretch {
  readonly wheel: WheelFacts | undefined
}

function addStretch(files: Map<string, PackageFile>, stretch: KnownStretch): void {
  const { paths } = stretch.strip
  for (let index = stretch.from; index < stretch.to; index++)
    files.set(paths[index]!, new StretchFile(paths[index]!, stretch, index))
}

function distributionsOf(
  artifacts: readonly Artifact[],
  layout: Layout,
  byWheel: ReadonlyMap<string, WheelFacts>,
): readonly PackageDistribution[] {
  const { sums } = layout
  return artifacts.flatMap(({ name, version, path }) => {
    const sum = sums.get(name)
    const facts = byWheel.get(path)
    if (!sum || !facts) return []
    const { requires, requiresPython, tags } = facts
    const { files, bytes, packedBytes, distInfo: folder } = sum
    return [{ name, version, files, bytes, packedBytes, folder, requires, requiresPython, tags }]
  })
}

function handlerModuleOf(handler: string | undefined, layout: Layout): PackageFacts['handlerModule'] {
  if (handler === undefined) return undefined
  const candidates = handlerCandidates(parseHandler(handler))
  for (const path of candidates) {
    const file = fileAt(layout, path)
    if (file) return path.endsWith('.py') ? { path, names: moduleNames(contentOf(file)) } : undefined
  }
  return undefined
}
