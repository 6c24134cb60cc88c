import { formatBytes } from '../base/byte-size.ts'
import { milliseconds } from '../proof/flame-graph.ts'
import type { RunProof } from '../proof/import-proof.ts'
import { table } from './table.ts'

/** How many modules the text shows; `--json` and `--profile` have them all. */
const shownModules = 12

/** Lines of the import profile, the slowest modules first. */
export function importProfile(proof: RunProof): readonly string[] {
  const slowest = [...proof.modules].sort((a, b) => b.tookMicros - a.tookMicros).slice(0, shownModules)
  const rows = slowest.map((module) => [
    milliseconds(module.tookMicros),
    milliseconds(module.ownMicros),
    `+${formatBytes(module.grownBytes)}`,
    module.isLoaded ? module.name : `${module.name} (failed)`,
  ])
  const more = proof.modules.length - slowest.length
  const { opened, connected, started } = proof.outside
  return [
    ...(rows.length > 0 ? table([['TIME', 'OWN', 'MEMORY', 'MODULE'], ...rows], [0, 1, 2]) : []),
    ...(more > 0 ? [`and ${more} more modules; \`--profile FILE.svg\` draws all of them`] : []),
    ...outside('opened', opened),
    ...outside('connected to', connected),
    ...outside('started', started),
  ]
}

function outside(verb: string, what: readonly string[]): readonly string[] {
  if (what.length === 0) return []
  const more = what.length > 5 ? ` and ${what.length - 5} more` : ''
  return [`${verb} ${what.slice(0, 5).join(', ')}${more}`]
}
