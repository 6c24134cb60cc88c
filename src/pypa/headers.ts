export interface Header {
  /** In lower case. */
  readonly name: string
  /** Continuation lines joined by `\n`, their indentation kept as written. */
  readonly value: string
}

/** Reads e-mail style headers, as METADATA and WHEEL files have them: `Name: value`, continuation lines indented, then a body. */
export function readHeaders(text: string): { readonly headers: readonly Header[]; readonly body: string } {
  const headers: { name: string; value: string }[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  let index = 0
  for (; index < lines.length; index += 1) {
    const line = lines[index]!
    if (line === '') break
    const header = /^([^\s:]+)[ \t]*:[ \t]?(.*)$/s.exec(line)
    if (/^[ \t]/.test(line) && headers.length > 0) headers.at(-1)!.value += `\n${line}`
    else if (header) headers.push({ name: header[1]!.toLowerCase(), value: header[2]! })
    else break
  }
  return { headers, body: lines.slice(index + 1).join('\n') }
}
