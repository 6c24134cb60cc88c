import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { samples } from '../../test/kit/arbitrary-pypa.ts'
import { sha256 } from '../base/digest.ts'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { formatRecord, parseRecord, recordDigest, verifyRecord } from './record.ts'

const digest = recordDigest(sha256('x'))
const file = { path: 'a.py', sizeBytes: 1, sha256: sha256('x') }
const row = { path: 'a.py', algorithm: 'sha256', digest, sizeBytes: 1 }

test('RECORD is read and written without loss, quotes and commas in paths included', () => {
  const rows = [row, { ...row, path: 'b,"c".py' }, { path: 'a-1.dist-info/RECORD' }]
  expect(formatRecord(rows)).toBe(`a.py,sha256=${digest},1\n"b,""c"".py",sha256=${digest},1\na-1.dist-info/RECORD,,\n`)
  expect(parseRecord(formatRecord(rows))).toEqual(
    rows.map((each) => ({ algorithm: undefined, digest: undefined, sizeBytes: undefined, ...each })),
  )
})

test('lines may end as on Windows, and empty ones say nothing', () => {
  expect(parseRecord(`a.py,sha256=${digest},1\r\n\r\nb.py,,\r\n`).map(({ path }) => path)).toEqual(['a.py', 'b.py'])
})

test('a broken line is told by number', () => {
  expect(() => parseRecord('a.py,,\nb.py,nonsense,\n', 'x/RECORD')).toThrow(
    '`x/RECORD`, line 2: `nonsense` is not a digest',
  )
  expect(() => parseRecord('a.py,,1.5\n')).toThrow('`1.5` is not a size in bytes')
  expect(() => parseRecord('"a.py"x,,\n')).toThrow('followed by neither comma nor line end')
})

test('a file that differs from RECORD is found, and says how', () => {
  expect(verifyRecord([row], [file])).toEqual([])
  expect(verifyRecord([row], [{ ...file, sha256: sha256('y') }])).toMatchObject([{ because: 'digest' }])
  expect(verifyRecord([row], [{ ...file, sizeBytes: 2 }])).toMatchObject([{ because: 'size', recorded: 1, found: 2 }])
  expect(verifyRecord([row, row], [file])).toMatchObject([{ because: 'recorded-twice' }])
  expect(verifyRecord([], [file])).toMatchObject([{ because: 'unrecorded' }])
  expect(verifyRecord([row], [])).toMatchObject([{ because: 'missing' }])
  expect(verifyRecord([{ path: 'a.py' }], [file])).toMatchObject([{ because: 'no-digest' }])
  expect(verifyRecord([{ ...row, algorithm: 'md5' }], [file])).toMatchObject([{ because: 'weak-digest' }])
})

test('RECORD itself and its signatures have no digest', () => {
  const paths = ['a-1.dist-info/RECORD', 'a-1.dist-info/RECORD.jws']
  expect(
    verifyRecord(
      [{ path: paths[0]! }],
      paths.map((path) => ({ path, sizeBytes: 3 })),
    ),
  ).toEqual([])
})

test.runIf(hasPackaging)("paths of every kind are quoted as Python's csv quotes them", () => {
  const paths = samples(
    fc.string({ minLength: 1, unit: fc.constantFrom('a', '/', ',', '"', ' ', 'é', '\n', "'", ';') }),
    500,
  )
  const written = askPackaging<string>(
    'import csv, io',
    '    f = io.StringIO()\n    csv.writer(f, lineterminator="\\n").writerow([q, "", ""])\n    return f.getvalue()',
    paths,
  )
  for (const [index, path] of paths.entries()) {
    expect(formatRecord([{ path }])).toBe(written[index])
    expect(parseRecord(written[index]!)[0]!.path).toBe(path)
  }
})
