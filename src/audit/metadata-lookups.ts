import { logicalLines } from '../python/logical-lines.ts'

/** A module that asks, when it is imported, for the metadata of a distribution by a name that is written out. */
export interface MetadataLookup {
  readonly distribution: string
  readonly line: number
}

/**
 * Lookups of `importlib.metadata` and `pkg_resources` at a file's margin, where nothing guards them: `__version__ = version('dep')`. Without the
 * distribution's `.dist-info` they raise `PackageNotFoundError`. `__name__` and `__package__` stand for `module`.
 * @example metadataLookups(Buffer.from("from importlib.metadata import version\n__version__ = version('dep')"), 'dep') // [{ distribution: 'dep', line: 2 }]
 */
export function metadataLookups(source: Uint8Array, module: string): readonly MetadataLookup[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  if (!bytes.includes('importlib') && !bytes.includes('pkg_resources')) return []
  if (!bytes.includes('metadata') && !bytes.includes('get_distribution')) return []
  const modules = new Set<string>(['importlib.metadata', 'importlib_metadata', 'pkg_resources'])
  const functions = new Set<string>()
  const found: MetadataLookup[] = []
  for (const { indent, text, line } of logicalLines(source, isName)) {
    const imported = /^from\s+(importlib|importlib\.metadata|importlib_metadata|pkg_resources)\s+import\s+(.*)$/.exec(
      text,
    )
    if (imported) {
      for (const [, name, alias] of imported[2]!.matchAll(/\b(\w+)(?:\s+as\s+(\w+))?/g)) {
        if (imported[1] !== 'importlib' && lookups.has(name!)) functions.add(alias ?? name!)
        else if (imported[1] === 'importlib' && name === 'metadata') modules.add(alias ?? name)
      }
      continue
    }
    for (const [, alias] of text.matchAll(/\bimport\s+(?:importlib\.metadata|importlib_metadata)\s+as\s+(\w+)/g))
      modules.add(alias!)
    if (indent > 0 || /^(?:def|class|async|if|try|with|for|while|@|lambda)\b/.test(text) || /\blambda\b/.test(text))
      continue
    for (const [, holder, name, literal, special] of text.matchAll(call)) {
      const isLookup = holder === undefined ? functions.has(name!) : modules.has(holder) && lookups.has(name!)
      // A submodule's `__name__` is nobody's distribution, and fails in its own way.
      const distribution = special === undefined ? literal : module.includes('.') ? undefined : module
      if (isLookup && distribution !== undefined) found.push({ distribution, line })
    }
  }
  return found
}

const lookups = new Set(['version', 'metadata', 'distribution', 'requires', 'files', 'get_distribution'])
const call =
  /(?<![\w.])(?:([A-Za-z_][\w.]*)\s*\.\s*)?([A-Za-z_]\w*)\s*\(\s*(?:(?:distribution_name\s*=\s*)?['"]([\w.-]+)['"]|(__name__|__package__))\s*\)/g

/** What may be the name of a distribution. */
function isName(literal: string): boolean {
  return /^(['"])[A-Za-z0-9][\w.-]*\1$/.test(literal)
}
