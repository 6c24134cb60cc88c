import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import { wheel } from '../../../test/kit/wheel.ts'
import { openCache } from '../../cache/cache.ts'
import { sha256 } from '../../base/digest.ts'
import { openArchive } from '../../zip/reader.ts'
import { splice } from '../../zip/splicer.ts'
import { decodeWheelIndex, encodeWheelIndex } from '../../zip/wheel-index.ts'
import type { Artifact } from '../artifact.ts'
import type { OwnFile } from '../source/own-sources.ts'
import { contentOf } from './content.ts'
import { layOut, layOutReady, type LayoutOptions } from './lay-out.ts'
import type { Layout } from './layout.ts'
import { spliceParts } from './make-layout.ts'
import { packOnce } from './pack-once.ts'

/** Cases of the property; `npm run long` asks for many. `ZIPYARD_SEED` chooses others. */
const runs = Math.min(Number(process.env['ZIPYARD_FUZZ_CASES'] ?? 40), 20_000)
const seed = Number(process.env['ZIPYARD_SEED'] ?? 1)

const options: LayoutOptions = {
  mode: 'lambda',
  interpreter: '/python',
  python: '3.13',
  onConflict: 'error',
  executable: [],
}

type Files = Readonly<Record<string, string>>

function artifactOf(folder: string, name: string, files: Files): Artifact {
  const made = wheel(folder, { name, version: '1.0', files })
  const { source, listing } = openArchive(made.path)
  source.close()
  const index = decodeWheelIndex(encodeWheelIndex(listing))
  return { name, version: '1.0', filename: made.filename, path: made.path, digest: made.sha256, index, isRequested: true, requestedBy: [] } // prettier-ignore
}

function ownFiles(folder: string, files: Files): readonly OwnFile[] {
  return Object.entries(files).map(([path, text], index) => {
    const file = join(folder, `${index}.own`)
    writeFileSync(file, text)
    return { path, file, sizeBytes: Buffer.byteLength(text) }
  })
}

/** Everything that a layout says, in an order of its own. */
function told({ files, leftOut, notes }: Layout) {
  const lines = files.map((file) => [
    file.path,
    file.mode,
    file.owner === 'own' ? 'own' : file.owner.distribution,
    sha256(contentOf(file)),
    file.uncompressedBytes,
  ])
  return {
    files: lines.map((line) => line.join(' ')).sort(),
    leftOut: leftOut.map((one) => JSON.stringify(one)).sort(),
    notes: notes.map(({ message }) => message).sort(),
  }
}

async function attempt<Value>(work: () => Value | Promise<Value>): Promise<Value | string> {
  try {
    return await work()
  } catch (error) {
    return (error as Error).message
  }
}

const part = fc.constantFrom('a', 'b', 'pkg', 'größe', '__init__.py', 'm.py', 'data.json', 'x.pyc', '__pycache__')
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const place = fc.constantFrom('', '', '', '', '.data/purelib/', '.data/data/', '.data/scripts/', '.data/headers/')
const inWheel = fc.dictionary(
  fc.tuple(place, path).map(([folder, name]) => folder + name),
  fc.constantFrom('', 'one', 'two'),
  { maxKeys: 5 },
)

test('wheels in whole stretches give the layout that their files give one by one, and the same package', async () => {
  const folder = temporaryFolder()
  const cache = openCache(join(folder, 'cache'))
  const out = join(folder, 'out.zip')
  let stretches = 0
  await fc.assert(
    fc.asyncProperty(
      inWheel,
      inWheel,
      fc.dictionary(path, fc.constantFrom('', 'one'), { maxKeys: 4 }),
      async (...files) => {
        const artifacts = [0, 1].flatMap((each) => {
          try {
            return [artifactOf(folder, ['first', 'second'][each]!, files[each]!)]
          } catch {
            return [] // two of its paths exclude each other
          }
        })
        const own = ownFiles(folder, files[2])
        const singly = await attempt(() => told(layOut(artifacts, own, options)))
        const ready = await attempt(() => layOutReady(artifacts, own, options, cache))
        if (typeof ready === 'string') {
          expect(ready).toBe(singly)
          return
        }
        expect(told(ready)).toEqual(singly)
        stretches += ready.stretches.length
        const one = await attempt(() => splice(layOut(artifacts, own, options).files, out))
        const again = await layOutReady(artifacts, own, options, cache) // from the cache
        const other = await attempt(async () =>
          splice(spliceParts(again, await packOnce(again.singles, cache, 'x')), out),
        )
        expect(other).toEqual(one)
      },
    ),
    { numRuns: runs, seed },
  )
  expect(stretches).toBeGreaterThan(runs / 2)
})

test('only the distributions that share a first part of their paths are looked at file by file', async () => {
  const folder = temporaryFolder()
  const artifacts = [
    artifactOf(folder, 'one', { 'google/one.py': '1', 'one.py': '' }),
    artifactOf(folder, 'two', { 'google/two.py': '2' }),
    artifactOf(folder, 'three', { 'three/__init__.py': '3', '.data/data/share/three.txt': '3' }),
    artifactOf(folder, 'four', { 'four/__init__.py': '4' }),
  ]
  const own = ownFiles(folder, { 'four.py': '', 'app.py': '' })
  const { stretches, notes } = await layOutReady(artifacts, own, options, openCache(join(folder, 'cache')))
  expect([...new Set(stretches.map(({ owner }) => owner.distribution))]).toEqual(['three'])
  expect(notes.map(({ code }) => code)).toEqual(['ZY0425'])
})
