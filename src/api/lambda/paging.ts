/** Pages of lists: a marker says, in a form that is ours to change, after what the next page starts. */
import { invalidParameter } from '../../functions/errors.ts'

/** @example encodeMarker(['hello', 3]) */
export function encodeMarker(after: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(after)).toString('base64url')
}

/** @throws `invalidParameter` for a marker that this list never gave out */
export function decodeMarker(
  marker: string | undefined,
  types: readonly ('string' | 'number')[],
): readonly unknown[] | undefined {
  if (marker === undefined || marker === '') return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(marker, 'base64url').toString())
    if (
      Array.isArray(value) &&
      value.length === types.length &&
      types.every((type, index) => typeof value[index] === type)
    ) {
      return value
    }
  } catch {
    // Said below.
  }
  throw invalidParameter({ text: `Invalid Marker: ${marker.slice(0, 200)}` })
}

/** Cuts a list that was read with one row more than the page holds. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  markerOf: (last: Row) => string,
): { readonly page: readonly Row[]; readonly NextMarker?: string } {
  if (rows.length <= limit) return { page: rows }
  const page = rows.slice(0, limit)
  return { page, NextMarker: markerOf(page.at(-1)!) }
}
