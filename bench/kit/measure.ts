/** Numbers of a bench: medians and ratios of one run, for people on stdout, or as one JSON object with `--json`. */
import { availableParallelism, cpus } from 'node:os'

export const wantsJson = process.argv.includes('--json')

export interface Distribution {
  readonly p50: number
  readonly p99: number
  readonly least: number
  readonly count: number
}

export function distribution(samples: readonly number[]): Distribution {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!
  return { p50: at(0.5), p99: at(0.99), least: sorted[0]!, count: sorted.length }
}

export const milliseconds = (value: number): string =>
  value < 10 ? `${value.toFixed(3)} ms` : `${value.toFixed(1)} ms`

export interface Ratio {
  readonly name: string
  readonly value: number
  /** What was promised: `at most` or `at least` so much. */
  readonly atMost?: number
  readonly atLeast?: number
}

/** Prints measurements and ratios. Never fails: a busy machine is not a defect. */
export function report(
  bench: string,
  measured: Readonly<Record<string, Distribution>>,
  ratios: readonly Ratio[],
  notes: readonly string[] = [],
): void {
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`
  if (wantsJson) {
    process.stdout.write(`${JSON.stringify({ bench, machine, measured, ratios, notes })}\n`)
    return
  }
  process.stdout.write(`${bench}  (${machine})\n`)
  for (const [name, { p50, p99, least, count }] of Object.entries(measured)) {
    process.stdout.write(
      `  ${name.padEnd(46)} p50 ${milliseconds(p50).padStart(10)}  p99 ${milliseconds(p99).padStart(10)}  least ${milliseconds(least).padStart(10)}  n=${count}\n`,
    )
  }
  for (const { name, value, atMost, atLeast } of ratios) {
    const promise =
      atMost !== undefined
        ? `to reach: at most ${atMost}`
        : atLeast !== undefined
          ? `to reach: at least ${atLeast}`
          : ''
    process.stdout.write(`  ${name.padEnd(46)} ${value.toFixed(2)}x  ${promise}\n`)
  }
  for (const note of notes) process.stdout.write(`  ${note}\n`)
}
