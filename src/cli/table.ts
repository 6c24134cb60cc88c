/** Rows as aligned lines; the last column is not padded. `right` names columns that align to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, index) => {
        if (right.includes(index)) return cell.padStart(widths[index]!)
        return index === row.length - 1 ? cell : cell.padEnd(widths[index]!)
      })
      .join('  ')
      .trimEnd(),
  )
}
