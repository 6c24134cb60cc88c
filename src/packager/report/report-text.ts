import { relative } from 'node:path'
import { formatBytes, formatShare } from '../../base/byte-size.ts'
import { plural } from '../../base/plural.ts'
import type { BuildReport, Share } from './report.ts'

/** How a terminal marks words; plain text where it does not. */
export interface ReportStyle {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
}

export const plainStyle: ReportStyle = {
  bold: (text) => text,
  dim: (text) => text,
  red: (text) => text,
  yellow: (text) => text,
}

/** Shares shown before the rest is summed up in a line. */
const mostShares = 12

/** The report for a person: what weighs what, the totals against Lambda's limits, the hash, and the time. */
export function formatReport(report: BuildReport, folder: string, style: ReportStyle = plainStyle): readonly string[] {
  const lines: string[] = []
  const where = relative(folder, report.path) || report.path
  lines.push(
    style.dim(
      `${report.isLayer ? 'layer for ' : ''}${report.runtime} on ${report.architecture}, ${resolvedText(report, folder)}`,
    ),
  )
  lines.push(...shareLines(report.shares, style))
  lines.push(
    `${style.bold(where)}  ${sizeText(report.zippedBytes, report.zippedLimitBytes, 'zipped', style)}, ${sizeText(report.unzippedBytes, report.unzippedLimitBytes, 'unzipped', style)}, ${plural(report.entries, 'file')}`,
  )
  lines.push(`CodeSha256 ${report.codeSha256}`)
  lines.push(...bytecodeLines(report, style))
  for (const note of report.notes) {
    lines.push(`${style.yellow('note:')} ${note.message} (${note.code})`)
    if (note.hint) lines.push(`      ${note.hint}`)
  }
  for (const { severity, sentence, hint, code } of report.findings) {
    if (severity === 'info') continue
    lines.push(`${style.yellow(`${severity}:`)} ${sentence} (${code})`, `      ${hint}`)
  }
  lines.push(
    style.dim(
      `${seconds(report.milliseconds)} (${report.stages.map(({ stage, milliseconds }) => `${stage} ${seconds(milliseconds)}`).join(', ')})`,
    ),
  )
  return lines
}

/** Below this, compiling at the start is not worth a word. */
const worthMentioningBytes = 1024 * 1024

function bytecodeLines({ bytecode }: BuildReport, style: ReportStyle): string[] {
  if ('by' in bytecode) return [style.dim(`bytecode by Python ${bytecode.by}`)]
  const { files, bytes } = bytecode.missingFor
  if (bytes < worthMentioningBytes) return []
  return [
    style.dim(
      `no bytecode: what is imported of ${plural(files, 'module')} (${formatBytes(bytes)}) is compiled at every cold start; \`--bytecode on\` packs it`,
    ),
  ]
}

function resolvedText(report: BuildReport, folder: string): string {
  const distributions = report.shares.filter((share) => share.name !== undefined).length
  if (distributions === 0) return 'no dependencies'
  const lock = report.lockFile
  const written = lock?.written
    ? `, written to ${relative(folder, lock.path)}`
    : lock
      ? `, from ${relative(folder, lock.path)}`
      : ''
  const by =
    lock && !lock.written && relative(folder, lock.path) === report.resolvedBy ? '' : ` by ${report.resolvedBy}`
  return `${plural(distributions, 'distribution')} resolved${by}${written}`
}

function shareLines(shares: readonly Share[], style: ReportStyle): string[] {
  const shown = shares.slice(0, mostShares)
  const rest = shares.slice(mostShares)
  const rows = shown.map((share) => [share.name === undefined ? 'own code' : `${share.name} ${share.version}`, share])
  const all = rest.length === 0 ? rows : [...rows, [`${rest.length} more`, sum(rest)]]
  const width = Math.max(0, ...all.map(([label]) => (label as string).length))
  return all.map(([label, share]) => {
    const { zippedBytes, unzippedBytes, builtBy } = share as Share
    const text = `  ${(label as string).padEnd(width)}  ${formatBytes(zippedBytes).padStart(9)} zipped  ${formatBytes(unzippedBytes).padStart(9)} unzipped`
    return builtBy ? `${text}  ${style.dim(`built by ${builtBy}`)}` : text
  })
}

function sum(shares: readonly Share[]): Share {
  const add = (pick: (share: Share) => number): number => shares.reduce((total, share) => total + pick(share), 0)
  return {
    files: add((share) => share.files),
    zippedBytes: add((share) => share.zippedBytes),
    unzippedBytes: add((share) => share.unzippedBytes),
  }
}

function sizeText(bytes: number, limitBytes: number, what: string, style: ReportStyle): string {
  const text = `${formatBytes(bytes)} ${what} (${formatShare(bytes, limitBytes)} of ${formatBytes(limitBytes).replace('.0', '')})`
  return bytes > limitBytes ? style.red(text) : bytes >= 0.8 * limitBytes ? style.yellow(text) : text
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
