/** Builds a small ELF file with a dynamic segment: enough for the loader's view of it. */
export interface ElfShape {
  /** 62 is x86_64, 183 is aarch64. */
  readonly machine?: number
  readonly bits?: 32 | 64
  readonly needed?: readonly string[]
  readonly soname?: string
  readonly rpath?: string
  readonly runpath?: string
  /** By library: `{ 'libc.so.6': ['GLIBC_2.17'] }`. */
  readonly versions?: Readonly<Record<string, readonly string[]>>
  /** Those of the versions that are marked weak: the loader only remarks on their absence. */
  readonly weakVersions?: readonly string[]
  /** Puts a `PyInit_` name into its string table. */
  readonly extension?: boolean
  readonly interpreter?: string
}

export function elf(shape: ElfShape = {}): Buffer {
  const is64 = (shape.bits ?? 64) === 64
  const strings: string[] = ['']
  const offsets = new Map<string, number>()
  let length = 1
  const text = (value: string): number => {
    const known = offsets.get(value)
    if (known !== undefined) return known
    offsets.set(value, length)
    strings.push(value)
    length += Buffer.byteLength(value) + 1
    return length - Buffer.byteLength(value) - 1
  }
  const dynamic: [number, number][] = (shape.needed ?? []).map((name) => [1, text(name)])
  if (shape.soname) dynamic.push([14, text(shape.soname)])
  if (shape.rpath) dynamic.push([15, text(shape.rpath)])
  if (shape.runpath) dynamic.push([29, text(shape.runpath)])
  if (shape.extension) text('PyInit_module')
  const versions = Object.entries(shape.versions ?? {})
  const need = Buffer.concat(
    versions.map(([file, names], index) => {
      const head = Buffer.alloc(16)
      head.writeUInt16LE(1, 0)
      head.writeUInt16LE(names.length, 2)
      head.writeUInt32LE(text(file), 4)
      head.writeUInt32LE(16, 8)
      head.writeUInt32LE(index === versions.length - 1 ? 0 : 16 + 16 * names.length, 12)
      const auxiliary = names.map((name, at) => {
        const record = Buffer.alloc(16)
        record.writeUInt16LE(shape.weakVersions?.includes(name) ? 2 : 0, 4)
        record.writeUInt32LE(text(name), 8)
        record.writeUInt32LE(at === names.length - 1 ? 0 : 16, 12)
        return record
      })
      return Buffer.concat([head, ...auxiliary])
    }),
  )
  const table = Buffer.from(`${strings.slice(1).reduce((all, value) => `${all}${value}\0`, '\0')}`)
  const headerBytes = is64 ? 64 : 52
  const segmentBytes = is64 ? 56 : 32
  const segments = shape.interpreter ? 3 : 2
  const tableAt = headerBytes + segments * segmentBytes
  const needAt = tableAt + table.length
  const dynamicAt = needAt + need.length
  dynamic.push([5, tableAt], [10, table.length])
  if (versions.length > 0) dynamic.push([0x6ffffffe, needAt], [0x6fffffff, versions.length])
  dynamic.push([0, 0])
  const word = is64 ? 8 : 4
  const dynamicSegment = Buffer.alloc(dynamic.length * 2 * word)
  const put = (into: Buffer, value: number, at: number): void => {
    if (is64) into.writeBigUInt64LE(BigInt(value), at)
    else into.writeUInt32LE(value, at)
  }
  dynamic.forEach(([tag, value], index) => {
    put(dynamicSegment, tag, index * 2 * word)
    put(dynamicSegment, value, index * 2 * word + word)
  })
  const interpreter = Buffer.from(shape.interpreter ? `${shape.interpreter}\0` : '')
  const interpreterAt = dynamicAt + dynamicSegment.length
  const end = interpreterAt + interpreter.length

  const header = Buffer.alloc(headerBytes)
  header.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, 1, 1])
  header.writeUInt16LE(3, 16)
  header.writeUInt16LE(shape.machine ?? 62, 18)
  header.writeUInt32LE(1, 20)
  put(header, headerBytes, is64 ? 32 : 28)
  header.writeUInt16LE(headerBytes, is64 ? 52 : 40)
  header.writeUInt16LE(segmentBytes, is64 ? 54 : 42)
  header.writeUInt16LE(segments, is64 ? 56 : 44)
  const segment = (type: number, offset: number, bytes: number): Buffer => {
    const record = Buffer.alloc(segmentBytes)
    record.writeUInt32LE(type, 0)
    put(record, offset, is64 ? 8 : 4)
    put(record, offset, is64 ? 16 : 8)
    put(record, bytes, is64 ? 32 : 16)
    return record
  }
  const programHeaders = [segment(1, 0, end), segment(2, dynamicAt, dynamicSegment.length)]
  if (shape.interpreter) programHeaders.push(segment(3, interpreterAt, interpreter.length))
  return Buffer.concat([header, ...programHeaders, table, need, dynamicSegment, interpreter])
}
