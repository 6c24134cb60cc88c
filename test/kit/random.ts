/** A small generator of reproducible pseudo-random numbers (mulberry32): a failing fuzz case is named by its seed. */
export function randomFrom(seed: number): {
  readonly next: () => number
  readonly below: (limit: number) => number
  readonly pick: <Value>(values: readonly Value[]) => Value
} {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { next, below, pick: (values) => values[below(values.length)]! }
}
