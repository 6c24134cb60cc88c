import { readFileSync, rmSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import { wheel } from '../../../test/kit/wheel.ts'
import { parseRecord, verifyRecord } from '../../pypa/record.ts'
import { sha256 } from '../../base/digest.ts'
import { encodeWheelIndex, decodeWheelIndex } from '../../zip/wheel-index.ts'
import { requireAcceptable } from '../../zip/policy.ts'
import { listArchiveSync, openArchive } from '../../zip/reader.ts'
import { bytesSource } from '../../zip/source.ts'
import { archiveBytes } from '../../zip/writer.ts'
import type { Artifact } from '../artifact.ts'
import { contentOf } from './content.ts'
import { layOutWheel } from './lay-out-wheel.ts'
import { mergeFiles } from './merge.ts'

/** Cases of each property; `npm run long` asks for half a million. `ZIPYARD_SEED` chooses others. */
const runs = Number(process.env['ZIPYARD_FUZZ_CASES'] ?? 60)
const seed = Number(process.env['ZIPYARD_SEED'] ?? 1)

const part = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'pkg',
    'Mod',
    'größe',
    '日本',
    'with space',
    'x,y',
    'q"uote',
    '__init__.py',
    'data.json',
    'run',
    'tests',
    '.hidden',
    'é',
    '__pycache__',
    'm.cpython-311.pyc',
  ),
  fc
    .stringMatching(/^[a-zA-Z0-9_.+-]{1,8}$/)
    .filter((text) => !/^\.+$/.test(text) && !/\.(dist-info|data)$/.test(text)),
)
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const place = fc.constantFrom(
  '',
  '.data/purelib/',
  '.data/platlib/',
  '.data/data/',
  '.data/scripts/',
  '.data/headers/',
  '.dist-info/licenses/',
)
const files = fc.dictionary(
  fc.tuple(place, path).map(([folder, name]) => folder + name),
  fc.uint8Array({ maxLength: 60 }),
  { maxKeys: 12 },
)

/** Wheels in which two files would lie in one place, or a file where a folder must be, are refused elsewhere. */
function isConsistent(names: readonly string[]): boolean {
  const places = names.map((name) =>
    name
      .replace(/^\.data\/(purelib|platlib|data)\//, '')
      .replace(/^\.data\/scripts\//, 'bin/')
      .normalize('NFC')
      .toLowerCase(),
  )
  return places.every((one, index) =>
    places.every((other, at) => at === index || (one !== other && !other.startsWith(`${one}/`))),
  )
}

function artifactOf(folder: string, content: Readonly<Record<string, Uint8Array>>): Artifact {
  const made = wheel(folder, { name: 'Some.Thing', version: '1.0', files: content })
  const { source, listing } = openArchive(made.path)
  source.close()
  const index = decodeWheelIndex(encodeWheelIndex(listing))
  return {
    name: 'some-thing',
    version: '1.0',
    filename: made.filename,
    path: made.path,
    digest: made.sha256,
    index,
    isRequested: true,
    requestedBy: [],
  }
}

/**
 * Holds the property to `runs` wheels. Each is gone before the next: a million of them must not lie there at the end,
 * and a file that is written over is flushed to the disk, which costs more than the case. Some hundred at a time with a
 * pause between: the test runner must be able to speak.
 */
async function whateverItHolds(holds: (artifact: Artifact) => void): Promise<void> {
  const folder = temporaryFolder()
  const property = fc.property(files, (content) => {
    fc.pre(isConsistent(Object.keys(content)))
    const artifact = artifactOf(folder, content)
    holds(artifact)
    rmSync(artifact.path)
  })
  for (let done = 0; done < runs; done += 500) {
    fc.assert(property, { numRuns: Math.min(500, runs - done), seed: seed + done })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('whatever a wheel holds, every file lands once and whole, and RECORD tells what is there', async () => {
  await whateverItHolds((artifact) => {
    const layout = layOutWheel(artifact, { mode: 'lambda', interpreter: '/python', python: '3.13' })
    const merged = mergeFiles([layout.files], [], 'error').files
    const byPath = new Map(merged.map((file) => [file.path, contentOf(file)]))
    expect(byPath.size).toBe(layout.files.length)
    // Nothing is lost: what is not there is told.
    expect(layout.files.length + layout.leftOut.length).toBe(artifact.index.entries.length)
    const record = [...byPath.keys()].find((name) => name.endsWith('.dist-info/RECORD'))!
    const present = [...byPath].map(([name, bytes]) => ({
      path: name,
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
    }))
    expect(verifyRecord(parseRecord(byPath.get(record)!.toString('utf8')), present)).toEqual([])
    // The package is an archive that the strictest policy takes.
    const archive = archiveBytes([...byPath].map(([name, bytes]) => ({ path: name, bytes })))
    requireAcceptable(listArchiveSync(bytesSource(archive)), 'upload')
  })
})

test('under --compat pip nothing is left out, and RECORD has a row for every file', async () => {
  await whateverItHolds((artifact) => {
    const { files: laidOut, leftOut } = layOutWheel(artifact, { mode: 'pip', interpreter: '/python', python: '3.13' })
    expect(leftOut).toEqual([])
    const record = laidOut.find((file) => file.path.endsWith('.dist-info/RECORD'))!
    const rows = parseRecord(contentOf(record).toString('utf8')).map((row) => row.path.replace(/^\.\.\/\.\.\//, ''))
    expect([...new Set(rows)].sort()).toEqual(laidOut.map((file) => file.path).sort())
  })
})

test('the wheels of this test are real ones', () => {
  const made = wheel(temporaryFolder(), { name: 'x', files: { 'x.py': 'y' } })
  expect(readFileSync(made.path).subarray(0, 2).toString()).toBe('PK')
})
