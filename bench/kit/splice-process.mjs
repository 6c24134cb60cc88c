/** `node splice-process.mjs OUT WHEEL…`: a package from cached wheels and their indexes, in a process of its own. Prints its peak memory. */
import { existsSync, readFileSync } from 'node:fs'
import { decodeWheelIndex, prepareSplice, splice } from '../../dist/public/zip.js'

prepareSplice() // as a build does that replaces a large package
const [out, ...wheels] = process.argv.slice(2)
const plan = wheels.map((archive) => {
  const { strip } = decodeWheelIndex(readFileSync(`${archive}.idx`))
  return { archive, strip, from: 0, to: strip.count }
})
const archive = await splice(plan, out)
// Linux counts the memory of whoever started a process into its `maxRSS`; `VmHWM` is the process's own.
const own = /VmHWM:\s+(\d+) kB/.exec(existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '')
const peakBytes = Number(own?.[1] ?? process.resourceUsage().maxRSS) * 1024
process.stdout.write(JSON.stringify({ ...archive, peakBytes }))
