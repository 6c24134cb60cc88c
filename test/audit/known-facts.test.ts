/** What is kept of real wheels says what the wheels say: a check that uses it finds, to the letter, what one finds that unpacks everything. */
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkPackage } from '../../src/audit/check-package.ts'
import { openFacts } from '../../src/audit/collect.ts'
import { gatherWheelFacts, wheelFactsKey } from '../../src/audit/gather-wheel-facts.ts'
import { knownContent, rememberPackage } from '../../src/audit/known-package.ts'
import { importGraph, type ImportSite } from '../../src/audit/import-graph.ts'
import { sha256File } from '../../src/base/digest.ts'
import { openCache, type Cache } from '../../src/cache/cache.ts'
import { parseArchitecture } from '../../src/lambda/architecture.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { normalizeName } from '../../src/pypa/name.ts'
import { openArchive } from '../../src/zip/reader.ts'
import { splice } from '../../src/zip/splicer.ts'
import { decodeWheelIndex, encodeWheelIndex } from '../../src/zip/wheel-index.ts'
import { corpora } from '../kit/corpora.ts'
import { realWheels, wheelFiles } from '../kit/real-wheels.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

async function gathered(wheels: readonly string[], cache: Cache): Promise<[string, string][]> {
  const parts: [string, string][] = []
  for (const wheel of wheels) {
    const { source, listing } = openArchive(wheel)
    source.close()
    const digest = await sha256File(wheel)
    const { entries } = decodeWheelIndex(encodeWheelIndex(listing))
    await cache.writeEntry('wheel-facts', wheelFactsKey(digest), gatherWheelFacts(wheel, entries))
    parts.push([normalizeName(/([^/\\]+?)-[^/\\]*$/.exec(wheel)![1]!), digest])
  }
  return parts
}

/** Everything that imports lead to and where they lead nowhere; with a cache through the numbers that are kept of most wheels. */
function graphOf(
  {
    path,
    runtime,
    architecture,
    handler,
  }: { readonly path: string; readonly runtime: string; readonly architecture: string; readonly handler: string },
  cacheFolder?: string,
) {
  const { facts, close } = openFacts(path, {
    target: { runtime: parsePythonRuntime(runtime), architecture: parseArchitecture(architecture) },
    handler,
    knownIn: cacheFolder === undefined ? undefined : (of) => knownContent(of, cacheFolder),
  })
  if (cacheFolder === undefined) expect(facts.package.wheels).toBeUndefined()
  else expect(facts.package.wheels!.wheels.length).toBeGreaterThan(facts.package.distributions.length / 2)
  const { reached, missing, fromRuntime } = importGraph(facts)
  const place = ({ file, found, ...site }: ImportSite & { readonly module: string }) => [
    file.path,
    found.line,
    found.context,
    site.module,
    site.isCertain,
    site.guard,
  ]
  const graph = {
    reached: [...reached.values()]
      .map(({ file, module, isCertain, guard }) => [file.path, file.distribution, module, isCertain, guard].join(' '))
      .sort(),
    missing: missing.map((one) => [...place(one), one.isTopLevel, one.otherBuild].join(' ')),
    fromRuntime: fromRuntime.map((one) => place(one).join(' ')),
  }
  close()
  return { ...graph, missing: [...new Set(graph.missing)].sort() }
}

test.each(['small on x86_64', 'small on arm64'] as const)(
  'a check that uses what is kept of wheels finds what one without finds: %s',
  async (name) => {
    const { folder, wanted, ...target } = corpora[name]
    const wheels = realWheels(folder, wanted, target)
    const files = wheelFiles(wheels)
    const modules = [...files.keys()].flatMap((path) => /^([A-Za-z]\w*)(?:\/__init__)?\.py$/.exec(path)?.[1] ?? [])
    const app = `${modules.map((module) => `import ${module}\n`).join('')}import absent\ndef main(event, context): ...\n`
    const path = join(temporaryFolder(), 'package.zip')
    const own = { path: 'app.py', mode: 0o644, source: { bytes: Buffer.from(app) } }
    const { digest } = await splice([...files.values(), own], path)
    utimesSync(path, 1e9, 1e9)
    const cache = openCache(join(temporaryFolder(), 'cache'))
    const parts = await gathered(wheels, cache)
    await rememberPackage(cache, { path, digest, wheels: parts })

    // Every file of every wheel is known, and none of another content.
    const known = knownContent(path, cache.folder)!.contentOf
    const { source, listing } = openArchive(path)
    source.close()
    const [distribution] = parts.find(([part]) => part === 'requests') ?? parts[0]!
    const python = listing.entries.find(
      ({ name: each }) => each.startsWith(`${distribution}/`) && each.endsWith('.py'),
    )!
    const file = { path: python.name, crc32: python.crc32, bytes: python.uncompressedBytes, distribution }
    expect(known(file)).toMatchObject({ kind: 'python' })
    expect(known({ ...file, crc32: file.crc32 + 1 })).toBeUndefined()

    // For their own target, for the other architecture, and for a Python that knows none of their extensions.
    const targets = [target, { ...target, architecture: 'x86_64' }, { ...target, architecture: 'arm64' }, { ...target, runtime: 'python3.14' }] // prettier-ignore
    for (const each of targets) {
      const request = { path, ...each, handler: 'app.main' }
      const cold = checkPackage(request)
      expect(cold.findings.length).toBeGreaterThan(0)
      expect(checkPackage({ ...request, cacheFolder: cache.folder })).toEqual(cold)
      expect(graphOf(request, cache.folder)).toEqual(graphOf(request))
    }
  },
)
