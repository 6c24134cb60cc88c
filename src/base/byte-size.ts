import { defineError } from './errors.ts'

/** Bytes in one MiB; AWS writes "MB" and means this. */
export const mebibyte = 1024 * 1024

export const invalidByteSize = defineError('ZY0001', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a size`,
  hint: 'Write a number of bytes, or a number with `KB`, `MB` or `GB` (1 MB = 1,048,576 bytes, as AWS counts)',
}))

/** @example formatBytes(1536) // '1.5 KB' */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KB', 'MB', 'GB', 'TB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value.toFixed(1)} ${units[unit]}`
}

/**
 * How much of a limit is taken, for a person: rounded up, so 100% is full and 101% is too much.
 * @example formatShare(300, 250 * mebibyte) // 'under 1%'
 */
export function formatShare(bytes: number, limitBytes: number): string {
  const percent = (bytes / limitBytes) * 100
  return percent > 0 && percent < 1 ? 'under 1%' : `${Math.ceil(percent)}%`
}

/** @example parseByteSize('50MB') // 52428800 */
export function parseByteSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(B|KB|KiB|MB|MiB|GB|GiB)?\s*$/i.exec(text)
  if (!match) throw invalidByteSize({ text })
  const factor = { b: 1, k: 1024, m: mebibyte, g: 1024 * mebibyte }[(match[2] ?? 'b')[0]!.toLowerCase()]!
  return Math.round(Number(match[1]) * factor)
}
