/** Archives of a wanted size or number of entries, with their indexes as the cache holds them: for curves. */
import { randomFillSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from '../../src/zip/crc32.ts'
import { pack, type PackedData } from '../../src/zip/deflate.ts'
import { openArchive } from '../../src/zip/reader.ts'
import { splice } from '../../src/zip/splicer.ts'
import { encodeWheelIndex } from '../../src/zip/wheel-index.ts'

const archives = 10

/** A module of some 2 KB, as the median of real packages is. */
const moduleOf = (seed: number): Buffer =>
  Buffer.from(
    Array.from({ length: 25 }, (_, line) => {
      const name = `${['answer', 'event', 'order', 'item'][(seed + line) % 4]}_${seed * 31 + line * 7}`
      return `def ${name}(event, context):\n    return {"statusCode": ${200 + line}, "body": "${name}"}\n`
    }).join('\n'),
  )

/** Ten archives of together so many bytes: nine tenths in files of 1 MB as native libraries are large, the rest in modules of 8 KB. */
export function wheelsOfBytes(folder: string, bytes: number): Promise<readonly string[]> {
  const large = Math.round((bytes * 0.9) / 1_000_000 / archives)
  const small = Math.round((bytes * 0.1) / 8_000 / archives)
  return make(folder, (add) => {
    for (let index = 0; index < large; index += 1) add(`lib_${index}.so`, incompressible(1_000_000))
    for (let index = 0; index < small; index += 1) add(`part_${index % 20}/module_${index}.py`, incompressible(8_000))
  })
}

/** Ten archives of together so many entries, each a small module, packed. */
export function wheelsOfEntries(folder: string, entries: number): Promise<readonly string[]> {
  const modules = Array.from({ length: 50 }, (_, seed) => pack(moduleOf(seed)))
  return make(folder, (add) => {
    for (let index = 0; index < entries / archives; index += 1)
      add(`part_${index % 40}/module_${index}.py`, modules[index % 50]!)
  })
}

function incompressible(bytes: number): PackedData {
  const data = randomFillSync(Buffer.alloc(bytes))
  return { method: 0, crc32: crc32(data), uncompressedBytes: bytes, data }
}

async function make(
  folder: string,
  fill: (add: (path: string, packed: PackedData) => void) => void,
): Promise<readonly string[]> {
  const paths: string[] = []
  for (let archive = 0; archive < archives; archive += 1) {
    const path = join(folder, `made${archive}-1.0-py3-none-any.whl`)
    const plan: Parameters<typeof splice>[0][number][] = []
    fill((name, packed) => plan.push({ path: `made${archive}/${name}`, mode: 0o644, source: { packed } }))
    await splice(plan, path)
    const { source, listing } = openArchive(path)
    source.close()
    writeFileSync(`${path}.idx`, encodeWheelIndex(listing))
    paths.push(path)
  }
  return paths
}
