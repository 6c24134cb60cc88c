import { tierUnavailable } from './errors.ts'
import { openTier, type TierOptions } from './open-tier.ts'
import { probeTiers, tiers, type TierReport } from './probe.ts'
import { untrustedPromises } from './promises.ts'
import type { NetworkMode, Sandbox, SandboxSpec, Tier } from './sandbox.ts'

export interface OpenedSandbox {
  readonly sandbox: Sandbox
  /** What was tried, strongest first, up to the tier that was taken. */
  readonly reports: readonly TierReport[]
}

/**
 * Opens the strongest tier that works here, or the one that was asked for.
 *
 * @throws ZY0510 when the tier that was asked for does not work, or when none is strong enough for code of strangers
 */
export async function openSandbox(
  options: TierOptions & {
    readonly isolation: 'auto' | Tier
    readonly network: NetworkMode
    /** Code of strangers: a tier that breaks one of the promises is not taken. */
    readonly untrusted: boolean
    readonly interpreter: SandboxSpec['interpreter']
  },
): Promise<OpenedSandbox> {
  const { isolation, network, untrusted, interpreter } = options
  const reports: TierReport[] = []
  for (const tier of isolation === 'auto' ? tiers : [isolation]) {
    const [report] = await probeTiers({ interpreter, network, tiers: [tier] })
    reports.push(report!)
    if (!report!.isAvailable) continue
    if (untrusted && report!.lacks.some((lack) => untrustedPromises.includes(lack.promise))) continue
    return { sandbox: openTier(tier, options), reports }
  }
  const because = reports.map(reasonOf).join('; ')
  const remedy =
    untrusted && network === 'host'
      ? 'Leave `--network host` away: code of strangers has a network of its own, with `--network bridge` (as root) one with a way out'
      : (reports.find((report) => report.remedy)?.remedy ?? 'Leave `--untrusted` away for code of your own')
  throw tierUnavailable({ tier: isolation === 'auto' && untrusted ? 'auto --untrusted' : isolation, because, remedy })
}

function reasonOf(report: TierReport): string {
  if (!report.isAvailable) return `${report.tier}: ${report.because}`
  const [lack] = report.lacks.filter(({ promise }) => untrustedPromises.includes(promise))
  return `${report.tier} is not enough for code of strangers: ${lack?.because}`
}
