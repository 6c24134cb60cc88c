/** The candidate closest to what was written, when it is close enough to be what was meant. */
export function didYouMean(written: string, candidates: Iterable<string>): string | undefined {
  let best: { readonly candidate: string; readonly distance: number } | undefined
  const tolerated = Math.max(1, Math.floor(written.length / 3))
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - written.length) > tolerated) continue
    // Case and the choice of `-`, `_` are what people get wrong most.
    const distance = fold(candidate) === fold(written) ? 0.5 : editDistance(fold(written), fold(candidate))
    if (distance <= tolerated && (!best || distance < best.distance)) best = { candidate, distance }
  }
  return best?.candidate
}

function fold(text: string): string {
  return text.toLowerCase().replaceAll('-', '_')
}

/** Levenshtein distance, two neighbours swapped counting as one. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1
      let distance = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + cost)
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        distance = Math.min(distance, beforeLast[column - 2]! + 1)
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}
