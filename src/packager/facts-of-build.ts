import type { ContentFacts } from '../audit/content-facts.ts'
import type { PackageDistribution, PackageFacts, PackageFile } from '../audit/facts.ts'
import { handlerCandidates } from '../audit/handler-file.ts'
import { interestIn, readContent, type Interest } from '../audit/read-content.ts'
import { weigh, type Weights } from '../audit/tree-files.ts'
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
  const stretches = layout.stretches.map((stretch) => ({ ...stretch, wheel: byWheel.get(stretch.archive) }))
  for (const stretch of stretches) addStretch(files, stretch)
  const singles = layout.singles.map((file) => new BuiltFile(file, byWheel))
  for (const file of singles) files.set(file.path, file)
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
      weights: weightsOfBuild(stretches, singles, files),
      noteworthy: [...stretches.flatMap((stretch) => noteworthyOf(stretch, files)), ...singles],
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

/** What `weightsOf` would add up, where a wheel is there to its last file from its summary. */
function weightsOfBuild(
  stretches: readonly KnownStretch[],
  singles: readonly PackageFile[],
  files: ReadonlyMap<string, PackageFile>,
): ReadonlyMap<string | undefined, Weights> {
  const counts = new Map<string, number>()
  for (const { archive, from, to } of stretches) counts.set(archive, (counts.get(archive) ?? 0) + to - from)
  const summed = new Map<string | undefined, Weights>()
  const others: PackageFile[] = []
  const names = new Set<string | undefined>()
  for (const { strip, from, to, archive, owner, wheel } of stretches) {
    names.add(owner.distribution)
    const whole = wheel?.whole
    if (!whole || whole.crc32.length !== counts.get(archive)) {
      for (let index = from; index < to; index++) others.push(files.get(strip.paths[index]!)!)
      continue
    }
    let { packedBytes } = summed.get(owner.distribution) ?? { packedBytes: 0 }
    for (let index = from; index < to; index++) packedBytes += strip.columns.compressedBytes[index]!
    summed.set(owner.distribution, { ...whole.summary.weights, packedBytes })
  }
  for (const { distribution } of singles) names.add(distribution)
  const added = weigh([...others, ...singles])
  return new Map([...names].map((name) => [name, both(summed.get(name), added.get(name))]))
}

function both(one: Weights | undefined, other: Weights | undefined): Weights {
  if (!one || !other) return (one ?? other)!
  return {
    files: one.files + other.files,
    bytes: one.bytes + other.bytes,
    packedBytes: one.packedBytes + other.packedBytes,
    slimBytes: one.slimBytes + other.slimBytes,
    waste: one.waste.map(({ files, bytes }, group) => ({
      files: files + other.waste[group]!.files,
      bytes: bytes + other.waste[group]!.bytes,
    })),
  }
}

/** The files of a stretch that a rule may have something to say about: all, unless the wheel's summary names them. */
function noteworthyOf(
  { strip, from, to, wheel }: KnownStretch,
  files: ReadonlyMap<string, PackageFile>,
): PackageFile[] {
  const { paths } = strip
  const found = new Set<number>()
  if (wheel?.whole) {
    const { summary } = wheel.whole
    for (const file of summary.noteworthy) {
      const index = strip.indexOf(wheel.whole.pathOf(file))
      if (index !== undefined && index >= from && index < to) found.add(index)
    }
    // What the wheel's summary could not know: which files the package calls executable.
    for (let index = from; index < to; index++)
      if ((strip.mode(index) & 0o111) !== 0 && files.get(paths[index]!)!.interest === 'binary') found.add(index)
  } else for (let index = from; index < to; index++) found.add(index)
  return [...found].sort((a, b) => a - b).map((index) => files.get(paths[index]!)!)
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
