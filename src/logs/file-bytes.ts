/** What a log event takes of `logs.db`, which for a short line is many times what CloudWatch counts. */

/** SQLite's pages, and what is left of one for rows. */
const pageBytes = 4096
const pageRoomBytes = 4088
/** Of a row beside its message: the group's id, times and lengths. */
const rowBytes = 62
/** Its places in the two indexes; pages of an index are not quite full. */
const indexBytes = 100
/** Longer rows go on in pages of their own, of which the last is not quite full. */
const longestRowBytes = 4061
const longRowBytes = 540

/**
 * What an event with such a message takes at most, about, when its neighbours are of the same size: rows do not cross pages, so one of 2.1 KB takes a
 * page for itself. Part of what is stored: `log_stream.function_bytes` is a sum of it.
 *
 * @example fileBytesOf(10) // 174
 */
export function fileBytesOf(messageBytes: number): number {
  const row = messageBytes + rowBytes
  const table = row > longestRowBytes ? row + longRowBytes : Math.ceil(pageBytes / Math.floor(pageRoomBytes / row))
  return table + indexBytes
}
