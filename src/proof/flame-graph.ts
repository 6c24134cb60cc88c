import { formatBytes } from '../base/byte-size.ts'
import { plural } from '../base/plural.ts'
import type { ImportedModule, RunProof } from './import-proof.ts'

const width = 1200
const rowHeight = 18
const headHeight = 44
/** Narrower than this is not drawn, in pixels. */
const thinnest = 0.3
/** Width of a character of the labels, in pixels, roughly. */
const characterWidth = 6.2

/**
 * The imports as a flame graph (the outermost at the top): one SVG that needs nothing else. Width is time; whoever points at a module is told
 * time, memory and file.
 */
export function importFlameGraph(proof: RunProof, name: string): string {
  const total = Math.max(1, ...proof.modules.map((module) => module.beganMicros + module.tookMicros))
  const shown = proof.modules.filter((module) => (module.tookMicros / total) * width >= thinnest)
  const rows = 1 + shown.reduce((deepest, module) => Math.max(deepest, module.depth), 0)
  const height = headHeight + rows * rowHeight + 8
  const title = `${name}: ${plural(proof.modules.length, 'module')} imported in ${milliseconds(proof.tookMicros)} by Python ${proof.python}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="11">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="8" y="20" font-size="14" fill="#1a1a1a">${escape(title)}</text>`,
    `<text x="8" y="36" fill="#666666">Width is time, ${milliseconds(total)} in all; each module lies under the one that imported it first</text>`,
    ...shown.map((module) => box(module, total)),
    '</svg>\n',
  ].join('\n')
}

function box(module: ImportedModule, total: number): string {
  const { name, depth, beganMicros, tookMicros, ownMicros, grownBytes, file } = module
  const x = (beganMicros / total) * width
  const w = Math.max(thinnest, (tookMicros / total) * width)
  const y = headHeight + depth * rowHeight
  const told = `${name}${module.isLoaded ? '' : ' (failed)'}\n${milliseconds(tookMicros)}, ${milliseconds(ownMicros)} of its own, +${formatBytes(grownBytes)}${file === undefined ? '' : `\n${file}`}`
  const room = Math.floor((w - 6) / characterWidth)
  const label = room < 3 ? '' : name.length <= room ? name : `${name.slice(0, room - 1)}…`
  const text =
    label === '' ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 13}" fill="#1a1a1a">${escape(label)}</text>`
  const fill = module.isLoaded ? colourOf(name) : '#e5484d'
  return `<g><title>${escape(told)}</title><rect x="${x.toFixed(2)}" y="${y}" width="${w.toFixed(2)}" height="${rowHeight - 1}" rx="2" fill="${fill}"/>${text}</g>`
}

/** Modules of one package have one colour, light enough for dark text. */
function colourOf(name: string): string {
  let hash = 0
  for (const character of name.split('.')[0]!) hash = (hash * 31 + character.codePointAt(0)!) % 360
  return `hsl(${hash} 65% 78%)`
}

export function milliseconds(micros: number): string {
  return `${(micros / 1000).toFixed(micros < 10_000 ? 1 : 0)} ms`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML knows no control characters, and names of modules are whatever the package says. */
function escape(text: string): string {
  const printable = [...text].filter((character) => character === '\n' || character.codePointAt(0)! >= 0x20)
  return printable.join('').replace(/[&<>"]/g, (character) => entities[character]!)
}
