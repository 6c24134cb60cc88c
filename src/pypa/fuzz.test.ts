import { expect, test } from 'vitest'
import { fuzz } from '../../test/kit/fuzz.ts'
import { pypaFuzzTargets } from '../../test/kit/fuzz-pypa.ts'

/** Short here; `npm run long` runs a million cases. `ZIPYARD_FUZZ_CASES` and `ZIPYARD_SEED` choose. */
const cases = Number(process.env['ZIPYARD_FUZZ_CASES'] ?? 300)
const seed = Number(process.env['ZIPYARD_SEED'] ?? 1)

test.each(pypaFuzzTargets.map((target) => [target.name, target] as const))(
  'the reader of %s answers damaged input with a value or a sentence',
  async (_name, target) => {
    const { accepted } = await fuzz(target, cases, seed)
    // A fuzzer whose every input is refused looks at the first line of the reader only.
    if (cases >= 300) expect(accepted).toBeGreaterThan(0)
  },
)
