/** `node check-process.mjs ZIP [CACHE]`: a check in a process of its own, with a cache of builds when one is given. Prints what it found and what it took. */
import { checkPackage } from '../../dist/audit/check-package.js'

const [path, cacheFolder] = process.argv.slice(2)
const result = checkPackage({ path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main', cacheFolder })
const { user, system } = process.cpuUsage()
const peakBytes = process.resourceUsage().maxRSS * 1024
process.stdout.write(JSON.stringify({ result, cpuMs: (user + system) / 1000, peakBytes }))
