/** What a rule needs to know of an ELF file; plain values that survive JSON. */
export interface ElfFacts {
  readonly bits: 32 | 64
  readonly endian: 'little' | 'big'
  /** e_machine: 62 is x86_64, 183 is aarch64. */
  readonly machine: number
  /** e_type: 2 executable, 3 shared object or position-independent executable. */
  readonly type: number
  readonly soname?: string | undefined
  /** DT_NEEDED: the libraries it asks for. */
  readonly needed: readonly string[]
  readonly rpath: readonly string[]
  readonly runpath: readonly string[]
  /** PT_INTERP, which executables have. */
  readonly interpreter?: string | undefined
  /** It has a `PyInit_…` symbol: Python can import it. */
  readonly isExtensionModule?: boolean | undefined
  /** Symbol versions it needs, by library: `{ 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.28'] }`. */
  readonly versions: Readonly<Record<string, readonly string[]>>
  /** What could not be read, when the file is cut or contradicts itself. */
  readonly damage?: string | undefined
}
