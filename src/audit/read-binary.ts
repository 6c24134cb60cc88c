import { readElf } from '../elf/reader.ts'
import type { ContentFacts } from './content-facts.ts'

/** What a binary file is; undefined when it is none that is known. */
export function readBinary(bytes: Uint8Array): ContentFacts | undefined {
  const elf = readElf(bytes)
  if (elf) return { kind: 'elf', elf }
  const format = foreignFormat(bytes)
  return format && { kind: 'foreign binary', format }
}

/** Mach-O in its four byte orders and as a universal binary; PE by its DOS stub. */
function foreignFormat(bytes: Uint8Array): 'Mach-O' | 'PE' | undefined {
  if (bytes.length < 4) return undefined
  const magic = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
  if ([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe].includes(magic)) return 'Mach-O'
  return bytes[0] === 0x4d && bytes[1] === 0x5a ? 'PE' : undefined
}
