import type { ElfFacts } from '../elf/facts.ts'
import type { ScannedImport } from '../python/import-scanner.ts'

/** What one file's bytes say, kept per wheel: plain values that survive JSON. */
export type ContentFacts =
  | { readonly kind: 'python'; readonly imports: readonly ScannedImport[] }
  | { readonly kind: 'elf'; readonly elf: ElfFacts }
  | { readonly kind: 'foreign binary'; readonly format: 'Mach-O' | 'PE' }
  | {
      readonly kind: 'bytecode'
      readonly magic: number
      readonly check: 'timestamp' | 'checked hash' | 'unchecked hash'
    }
  | { readonly kind: 'path configuration'; readonly lines: readonly string[] }
  /** Starts like a secret or holds one; the value is not kept. */
  | { readonly kind: 'secret'; readonly what: string; readonly line: number }
