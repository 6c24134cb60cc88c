import { isElf } from '../elf/reader.ts'
import { scanImports } from '../python/import-scanner.ts'
import type { ContentFacts } from './content-facts.ts'
import { metadataLookups } from './metadata-lookups.ts'
import { readBinary } from './read-binary.ts'
import { findSecret } from './secrets.ts'
import { serviceClients } from './service-clients.ts'

/** What a file is looked into for, told by its name alone, before any of it is unpacked. */
export type Interest = 'python' | 'binary' | 'bytecode' | 'path configuration' | 'own text'

/** Own files above this are not searched for secrets, in bytes. */
const largestSearchedBytes = 256 * 1024

/** Whether a file's bytes are worth reading, and for what. */
export function interestIn(
  file: { readonly path: string; readonly bytes: number; readonly permissions: number },
  isOwn: boolean,
): Interest | undefined {
  const { path, bytes } = file
  if (bytes === 0) return undefined
  if (path.endsWith('.py')) return 'python'
  if (path.endsWith('.pyc')) return 'bytecode'
  if (isLibraryName(path)) return 'binary'
  if (path.endsWith('.pth') && !path.includes('/')) return 'path configuration'
  const isExecutable = (file.permissions & 0o111) !== 0
  if (isExecutable && !path.includes('.', path.lastIndexOf('/') + 1)) return 'binary'
  if (isOwn && bytes <= largestSearchedBytes) return 'own text'
  return undefined
}

/** Told by its last letter, most names need no closer look. */
function isLibraryName(path: string): boolean {
  const last = path.charCodeAt(path.length - 1)
  const isDigitOrDot = last >= 0x2e && last <= 0x39
  const isLetter = last === 0x6f || last === 0x64 || last === 0x62 || last === 0x6c
  return (isDigitOrDot || isLetter) && /\.(?:so|pyd|dylib|dll)$|\.so\.[\d.]+$/.test(path)
}

/** Reads out of a file's bytes what rules want to know; undefined when that is nothing. */
export function readContent(
  interest: Interest,
  bytes: Uint8Array,
  file: { readonly path: string; readonly isOwn: boolean },
): ContentFacts | undefined {
  if (interest === 'binary') return readBinary(bytes)
  if (interest === 'bytecode') return readBytecode(bytes)
  if (interest === 'path configuration') {
    const lines = Buffer.from(bytes).toString('utf8').split(/\r?\n/)
    return { kind: 'path configuration', lines: lines.filter((line) => line.trim() !== '' && !line.startsWith('#')) }
  }
  const secret = file.isOwn ? findSecret(file.path, bytes) : undefined
  if (interest === 'python') {
    // Dependencies that do so mean their own plug-ins; own code that does so means a folder of the package.
    const changesImports =
      file.isOwn &&
      changesImportSystem.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
    const services = file.isOwn ? serviceClients(bytes) : []
    const metadata = file.isOwn ? metadataLookups(bytes, moduleAt(file.path)) : []
    return {
      kind: 'python',
      imports: scanImports(bytes),
      ...(changesImports ? { changesImports } : {}),
      ...(services.length > 0 ? { services } : {}),
      ...(metadata.length > 0 ? { metadata } : {}),
      ...(secret ? { secret } : {}),
    }
  }
  if (secret) return { kind: 'secret', ...secret }
  return isElf(bytes) ? readBinary(bytes) : undefined
}

/** What `__name__` is in a file. */
function moduleAt(path: string): string {
  return path.replace(/(?:\/__init__)?\.py$/, '').replaceAll('/', '.')
}

const changesImportSystem = /\bsys\s*\.\s*(?:path\s*(?:\.|\[|\+|=[^=])|meta_path|path_hooks)|\baddsitedir\b/

/** The 16-byte head of a .pyc (PEP 552): magic number, flags. */
function readBytecode(bytes: Uint8Array): ContentFacts | undefined {
  if (bytes.length < 16 || bytes[2] !== 0x0d || bytes[3] !== 0x0a) return undefined
  const flags = bytes[4]! | (bytes[5]! << 8)
  const check = (flags & 1) === 0 ? 'timestamp' : (flags & 2) === 0 ? 'unchecked hash' : 'checked hash'
  return { kind: 'bytecode', magic: bytes[0]! | (bytes[1]! << 8), check }
}
