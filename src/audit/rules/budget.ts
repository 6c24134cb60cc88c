import { formatBytes } from '../../base/byte-size.ts'
import type { GrowthLimit } from '../../settings/budget.ts'
import { partsOf } from '../baseline.ts'
import type { Baseline } from '../facts.ts'
import { defineFinding, type Finding } from '../finding.ts'
import type { Rule } from '../rule.ts'

const overTotal = defineFinding('ZY1010', {
  severity: 'error',
  title: 'The package exceeds its budget',
  why: "The project's own limit (`total` or `zipped` of `budget` in its configuration), set well below Lambda's so that growth is noticed while it is cheap to undo.",
  text: (p: { bytes: number; allowedBytes: number; isZipped: boolean; largest: readonly string[] }) => ({
    sentence: `the package ${p.isZipped ? 'has' : 'unzips to'} ${formatBytes(p.bytes)}${p.isZipped ? ' zipped' : ''}, its budget allows ${formatBytes(p.allowedBytes)}`,
    hint: `The largest parts are ${p.largest.join(', ')}; \`zipyard why NAME\` tells what brings one. Or raise \`budget.${p.isZipped ? 'zipped' : 'total'}\``,
  }),
  sample: {
    bytes: 131_000_000,
    allowedBytes: 125_829_120,
    isZipped: false,
    largest: ['`numpy` (62.0 MB)', '`pandas` (48.1 MB)'],
  },
})

const overShare = defineFinding('ZY1011', {
  severity: 'error',
  title: 'A distribution exceeds its budget',
  why: "The project's own limit for this distribution (`budget.distributions` in its configuration); a limit of 0 keeps it out altogether.",
  text: (p: { name: string; bytes: number; allowedBytes: number }) => ({
    sentence: `\`${p.name}\` unzips to ${formatBytes(p.bytes)}, its budget allows ${formatBytes(p.allowedBytes)}`,
    hint: `\`zipyard why ${p.name}\` tells what brings it; keep to an earlier version, or raise \`budget.distributions.${p.name}\``,
  }),
  sample: { name: 'pandas', bytes: 69_000_000, allowedBytes: 62_914_560 },
})

const grown = defineFinding('ZY1012', {
  severity: 'error',
  title: 'The package has grown more than its budget allows',
  why: 'Compared with the baseline that `budget.baseline` names, unzipped. The distributions that grew most are named.',
  text: (p: { bytes: number; baselineBytes: number; allowed: string; baseline: string; grew: readonly string[] }) => ({
    sentence: `the package unzips to ${formatBytes(p.bytes)}, ${formatBytes(p.bytes - p.baselineBytes)} more than \`${p.baseline}\`; its budget allows ${p.allowed} more`,
    hint: `${p.grew.length > 0 ? `What grew: ${p.grew.join(', ')}. ` : ''}If this is as it should be, make the baseline anew: \`zipyard check dist/app.zip --json > ${p.baseline}\``,
  }),
  sample: {
    bytes: 64_000_000,
    baselineBytes: 41_000_000,
    allowed: '2.0 MB',
    baseline: 'budget.json',
    grew: ['`pandas` (+21.0 MB)', '`numpy` (+0.9 MB)'],
  },
})

const noBaseline = defineFinding('ZY1013', {
  severity: 'warning',
  title: 'There is no baseline to compare the size with',
  why: 'The configuration limits the growth of the package, and the file that it names as the baseline is not there: nothing was compared.',
  text: (p: { baseline: string }) => ({
    sentence: `\`${p.baseline}\`, the baseline of the budget, is not there: growth was not judged`,
    hint: `Make it: \`zipyard check dist/app.zip --json > ${p.baseline}\``,
  }),
  sample: { baseline: 'budget.json' },
})

/** An error of the budget refuses a package that would run. */
export function isOverBudget({ code }: Pick<Finding, 'code'>): boolean {
  return budget.findings.some((one) => one.code === code)
}

export const budget: Rule = {
  name: 'budget',
  summary: 'Does the package keep to the sizes that the project allows itself?',
  findings: [overTotal, overShare, grown, noBaseline],
  *check(facts) {
    if (!facts.budget) return
    const { limits, baseline } = facts.budget
    const parts = partsOf(facts)
    const bytes = [...parts.values()].reduce((sum, one) => sum + one, 0)
    const { zippedBytes } = facts.package
    if (limits.totalBytes !== undefined && bytes > limits.totalBytes)
      yield overTotal({ bytes, allowedBytes: limits.totalBytes, isZipped: false, largest: largest(parts) })
    if (limits.zippedBytes !== undefined && zippedBytes !== undefined && zippedBytes > limits.zippedBytes)
      yield overTotal({ bytes: zippedBytes, allowedBytes: limits.zippedBytes, isZipped: true, largest: largest(parts) })
    for (const [name, allowedBytes] of limits.distributions) {
      const share = parts.get(name)
      if (share !== undefined && share > allowedBytes)
        yield overShare({ name, bytes: share, allowedBytes }, { distribution: name })
    }
    if (limits.growth) yield* growth(limits.growth, baseline, parts, bytes)
  },
}

function* growth(
  { allowed, baseline: path }: GrowthLimit,
  baseline: Baseline | undefined,
  parts: ReadonlyMap<string, number>,
  bytes: number,
): Generator<Finding> {
  if (!baseline) return yield noBaseline({ baseline: path })
  const limit = 'bytes' in allowed ? allowed.bytes : (baseline.unzippedBytes * allowed.percent) / 100
  if (bytes - baseline.unzippedBytes <= limit) return
  const more = new Map([...parts].map(([name, size]) => [name, size - (baseline.parts.get(name) ?? 0)]))
  yield grown({
    bytes,
    baselineBytes: baseline.unzippedBytes,
    allowed: 'bytes' in allowed ? formatBytes(allowed.bytes) : `${allowed.percent}%`,
    baseline: path,
    grew: largest(more, '+'),
  })
}

function largest(parts: ReadonlyMap<string, number>, sign = ''): readonly string[] {
  return [...parts]
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([name, bytes]) => `${name === '' ? 'own files' : `\`${name}\``} (${sign}${formatBytes(bytes)})`)
}
