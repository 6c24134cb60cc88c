/**
 * The seed of fast-check's cases: the same in every run, so that a test passes or fails for everybody alike. `ZIPYARD_SEED` chooses another (a number,
 * or `random`; a failure names its seed).
 */
export const seed: { readonly seed?: number } =
  process.env['ZIPYARD_SEED'] === 'random' ? {} : { seed: Number(process.env['ZIPYARD_SEED'] ?? 1) }

/**
 * What fast-check's `assert` is told: so many cases, and where they begin. `ZIPYARD_FUZZ_CASES` asks for another number of them.
 *
 * @example fc.assert(fc.property(fc.string(), holds), cases(100))
 */
export function cases(count: number): { readonly numRuns: number; readonly seed?: number } {
  return { numRuns: Number(process.env['ZIPYARD_FUZZ_CASES'] ?? count), ...seed }
}
