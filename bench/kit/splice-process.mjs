/** `node splice-process.mjs OUT WHEEL…`: a package from cached wheels and their indexes, in a process of its own. Prints its peak memory. */
import { readFileSync } from 'node:fs'
import { splice } from '../../dist/zip/splicer.js'
import { decodeWheelIndex } from '../../dist/zip/wheel-index.js'

const [out, ...wheels] = process.argv.slice(2)
const plan = []
for (const archive of wheels)
  for (const entry of decodeWheelIndex(readFileSync(`${archive}.idx`)).entries)
    plan.push({ path: entry.name, mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755, source: { archive, entry } })
const archive = await splice(plan, out)
process.stdout.write(JSON.stringify({ ...archive, peakBytes: process.resourceUsage().maxRSS * 1024 }))
