/** What a byte of Python source means to the scanner; everything else is passed over. */
export const kinds = {
  plain: 0,
  quote: 1,
  open: 2,
  close: 3,
  newline: 4,
  comment: 5,
  backslash: 6,
  /** `;` and `:`, behind which another statement may start. */
  separator: 7,
} as const

export const kindOf = new Uint8Array(256)
for (const [characters, kind] of [
  ['"\'', kinds.quote],
  ['([{', kinds.open],
  [')]}', kinds.close],
  ['\n\r', kinds.newline],
  ['#', kinds.comment],
  ['\\', kinds.backslash],
  [';:', kinds.separator],
] as const)
  for (const character of characters) kindOf[character.charCodeAt(0)] = kind

/** Letters, digits, `_` and everything beyond ASCII: what a name is made of. */
export const isNameByte = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++)
  if (byte >= 0x80 || byte === 0x5f || /[0-9A-Za-z]/.test(String.fromCharCode(byte))) isNameByte[byte] = 1

export const space = 0x20
export const tab = 0x09
export const formFeed = 0x0c
export const newline = 0x0a
export const carriageReturn = 0x0d
export const hash = 0x23
export const backslash = 0x5c
export const dot = 0x2e
export const comma = 0x2c
export const star = 0x2a
export const colon = 0x3a
export const semicolon = 0x3b
export const openParenthesis = 0x28
export const closeParenthesis = 0x29
export const openBrace = 0x7b
export const closeBrace = 0x7d
