import type { ElfFacts } from '../elf/facts.ts'
import type { ScannedImport } from '../python/import-scanner.ts'
import type { MetadataLookup } from './metadata-lookups.ts'
import type { FoundSecret } from './secrets.ts'
import type { ServiceClient } from './service-clients.ts'

/** What a Python file imports. */
export interface PythonContent {
  readonly kind: 'python'
  readonly imports: readonly ScannedImport[]
  /** It changes where modules are looked for (`sys.path`, `sys.meta_path`, `sys.modules`, `site.addsitedir`). */
  readonly changesImports?: boolean | undefined
  /** Of own files: the AWS services whose clients it makes. */
  readonly services?: readonly ServiceClient[] | undefined
  /** Of files without a distribution: whose metadata it asks for when it is imported. */
  readonly metadata?: readonly MetadataLookup[] | undefined
  /** Of own files: it holds something that should not be published. */
  readonly secret?: FoundSecret | undefined
}

/** What one file's bytes say, kept per wheel: plain values that survive JSON. */
export type ContentFacts =
  | PythonContent
  | { readonly kind: 'elf'; readonly elf: ElfFacts }
  | { readonly kind: 'foreign binary'; readonly format: 'Mach-O' | 'PE' }
  | {
      readonly kind: 'bytecode'
      readonly magic: number
      readonly check: 'timestamp' | 'checked hash' | 'unchecked hash'
    }
  | { readonly kind: 'path configuration'; readonly lines: readonly string[] }
  /** Starts like a secret or holds one; the value is not kept. */
  | ({ readonly kind: 'secret' } & FoundSecret)
