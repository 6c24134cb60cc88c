import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { rawZip } from '../../test/kit/raw-zip.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { orderParts, type SplicePart } from './order-parts.ts'
import { openArchive } from './reader.ts'
import { splice } from './splicer.ts'
import { decodeWheelIndex, encodeWheelIndex, type WheelIndex } from './wheel-index.ts'

/** Cases of the property; `npm run long` asks for many. `ZIPYARD_SEED` chooses others. */
const runs = Math.min(Number(process.env['ZIPYARD_FUZZ_CASES'] ?? 40), 20_000)
const seed = Number(process.env['ZIPYARD_SEED'] ?? 1)

interface File {
  readonly name: string
  readonly bytes: Uint8Array
  readonly isExecutable: boolean
  readonly hasDescriptor: boolean
  readonly extra: Uint8Array | undefined
}

function indexOf(archive: string, files: readonly File[]): WheelIndex {
  const entries = files.map(({ name, bytes, isExecutable, hasDescriptor, extra }) => ({
    name,
    bytes,
    mode: isExecutable ? 0o100755 : 0o100644,
    dataDescriptor: hasDescriptor,
    ...(extra && { extra }),
  }))
  writeFileSync(archive, rawZip(entries))
  const { source, listing } = openArchive(archive)
  source.close()
  return decodeWheelIndex(encodeWheelIndex(listing))
}

const singly = (archive: string, { entries }: WheelIndex): SplicePart[] =>
  entries.map((entry) => ({
    path: entry.name,
    mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755,
    source: { archive, entry },
  }))

const whole = (archive: string, { strip }: WheelIndex): SplicePart[] =>
  strip ? [{ archive, strip, from: 0, to: strip.count }] : []

const part = fc.constantFrom(
  'a',
  'b',
  'B',
  'a-b',
  'a.b',
  'ab',
  'größe',
  '日本',
  '\u{1f600}',
  '\uff00',
  '_',
  'x'.repeat(80),
)
const file = fc.record({
  path: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  size: fc.constantFrom(0, 1, 30, 400, 5000, 70_000, 600_000),
  isExecutable: fc.boolean(),
  hasDescriptor: fc.boolean(),
  extra: fc.constantFrom(undefined, undefined, undefined, Uint8Array.of(0x99, 0x99, 1, 0, 7)),
})

test('whatever wheels hold, stretches of their indexes give the bytes that their entries give one by one', async () => {
  const folder = temporaryFolder()
  const noise = randomBytes(600_000)
  const wheels = fc.uniqueArray(fc.tuple(fc.nat(2), file), { maxLength: 30, selector: ([, { path }]) => `${path}.py` })
  await fc.assert(
    fc.asyncProperty(wheels, async (files) => {
      const own: SplicePart[] = []
      const plans: { one: SplicePart[]; stretches: SplicePart[] } = { one: [], stretches: [] }
      for (const wheel of [0, 1, 2]) {
        const chosen = files
          .filter(([of]) => of === wheel)
          .map(([, { path, size, ...rest }]) => ({ name: `${path}.py`, bytes: noise.subarray(0, size), ...rest }))
        if (wheel === 2) {
          own.push(...chosen.map(({ name, bytes }) => ({ path: name, mode: 0o644, source: { bytes } })))
          continue
        }
        if (chosen.length === 0) continue
        const archive = join(folder, `${wheel}.whl`)
        const index = indexOf(archive, chosen)
        expect(index.strip?.count).toBe(chosen.length)
        plans.one.push(...singly(archive, index))
        plans.stretches.push(...whole(archive, index))
      }
      const one = await splice([...plans.one, ...own], join(folder, 'one.zip'))
      const cut = await splice([...plans.stretches, ...own], join(folder, 'cut.zip'))
      expect({ ...cut, path: '' }).toEqual({ ...one, path: '' })
      expect(readFileSync(cut.path).equals(readFileSync(one.path))).toBe(true)
    }),
    { numRuns: runs, seed },
  )
})

const plain = (name: string): File => ({
  name,
  bytes: Buffer.from(name.repeat(99)),
  isExecutable: false,
  hasDescriptor: false,
  extra: undefined,
})

test('a stretch is cut only where something of another part comes between', () => {
  const folder = temporaryFolder()
  const names = ['a/1.py', 'a/2.py', 'c/1.py', 'c/2.py', 'e.py']
  const index = indexOf(join(folder, 'a.whl'), names.map(plain))
  const other = indexOf(join(folder, 'b.whl'), ['b/1.py', 'b/2.py'].map(plain))
  const own: SplicePart = { path: 'c/1a.py', mode: 0o644, source: { bytes: Buffer.alloc(0) } }
  const parts = orderParts([own, ...whole('b.whl', other), ...whole('a.whl', index)])
  expect(parts.map((part) => ('strip' in part ? [part.archive, part.from, part.to] : part.path))).toEqual([
    ['a.whl', 0, 2],
    ['b.whl', 0, 2],
    ['a.whl', 2, 3],
    'c/1a.py',
    ['a.whl', 3, 5],
  ])
})

test('a path that two parts have is refused', () => {
  const folder = temporaryFolder()
  const [one, two] = ['1.whl', '2.whl'].map((name) => indexOf(join(folder, name), ['a.py', 'b.py'].map(plain)))
  const own: SplicePart = { path: 'b.py', mode: 0o644, source: { bytes: Buffer.alloc(0) } }
  expect(() => orderParts([...whole('1', one!), ...whole('2', two!)])).toThrow(
    '`a.py` would stand in the package twice',
  )
  expect(() => orderParts([...whole('1', one!), own])).toThrow('`b.py` would stand in the package twice')
  const before: SplicePart = { path: 'a', mode: 0o644, source: { bytes: Buffer.alloc(0) } }
  expect(() => orderParts([before, ...whole('1', one!), own])).toThrow('`b.py` would stand in the package twice')
})

test('a wheel that changed its length after it was indexed is noticed', async () => {
  const folder = temporaryFolder()
  const archive = join(folder, 'a.whl')
  const index = indexOf(archive, [plain('a.py')])
  writeFileSync(archive, Buffer.concat([readFileSync(archive), Buffer.from('x')]))
  await expect(splice(whole(archive, index), join(folder, 'out.zip'))).rejects.toMatchObject({ code: 'ZY0106' })
})

test.each([
  ['a path that is nowhere safe', [plain('../a.py')]],
  ['a path that is there twice', [plain('a.py'), plain('a.py')]],
])('a wheel with %s has no strip', (_, files) => {
  expect(indexOf(join(temporaryFolder(), 'a.whl'), files).strip).toBeUndefined()
})
