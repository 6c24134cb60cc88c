import { defineError } from '../base/errors.ts'
import { readToml, type DocumentNode } from './document.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { parseSpecifierSet, type SpecifierSet } from './specifier.ts'

/** Inline metadata of a single-file script (PEP 723). */
export interface ScriptMetadata {
  readonly dependencies: readonly Requirement[]
  readonly requiresPython?: SpecifierSet | undefined
  /** `[tool]`, unread. */
  readonly tool: DocumentNode
}

export const invalidScriptMetadata = defineError('ZY0216', 'refused', (p: { file: string; problem: string }) => ({
  message: `\`${p.file}\`: ${p.problem}`,
  hint: 'A script has one block of comments from `# /// script` to `# ///` (PEP 723)',
}))

/** Reads the `# /// script` block, or returns `undefined` when the script has none. */
export function parseScriptMetadata(text: string, file: string): ScriptMetadata | undefined {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const blocks: { start: number; content: string[] }[] = []
  for (let index = 0; index < lines.length; index += 1) {
    if (lines[index]!.trimEnd() !== '# /// script') continue
    const end = endOfBlock(lines, index)
    if (end === undefined)
      throw invalidScriptMetadata({ file, problem: `the block that begins in line ${index + 1} has no end` })
    blocks.push({ start: index, content: lines.slice(index + 1, end) })
    index = end
  }
  if (blocks.length === 0) return undefined
  if (blocks.length > 1)
    throw invalidScriptMetadata({
      file,
      problem: `it has ${blocks.length} \`script\` blocks, in lines ${blocks.map((block) => block.start + 1).join(' and ')}`,
    })
  const [block] = blocks as [{ start: number; content: string[] }]
  // Empty lines before the block keep the line numbers of mistakes true.
  const toml =
    '\n'.repeat(block.start + 1) + block.content.map((line) => line.slice(line.startsWith('# ') ? 2 : 1)).join('\n')
  const document = readToml(toml, file)
  return {
    dependencies: document
      .at('dependencies')
      .items()
      .map((item) => item.parsed(parseRequirement)),
    requiresPython: document.at('requires-python').optionalParsed(parseSpecifierSet),
    tool: document.at('tool'),
  }
}

/** The last `# ///` of the run of comment lines, as the specification's greedy pattern takes it. */
function endOfBlock(lines: readonly string[], start: number): number | undefined {
  let end: number | undefined
  for (let index = start + 1; index < lines.length; index += 1) {
    const line = lines[index]!
    if (line !== '#' && !line.startsWith('# ')) break
    if (line.trimEnd() === '# ///') end = index
  }
  return end
}
