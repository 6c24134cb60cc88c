/**
 * The magic number in the first two bytes of a `.pyc` by Python version; it is fixed from a version's first release on.
 * Source: `importlib.util.MAGIC_NUMBER` of CPython 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0 and 3.14.10.
 */
export const magicNumbers: Readonly<Record<string, number>> = {
  '3.8': 3413,
  '3.9': 3425,
  '3.10': 3439,
  '3.11': 3495,
  '3.12': 3531,
  '3.13': 3571,
  '3.14': 3627,
}
