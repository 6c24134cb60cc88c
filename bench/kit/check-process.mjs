/** `node check-process.mjs ZIP [FACTS…]`: an audit in a process of its own, with the facts of cached wheels when they are given. */
import { readFileSync } from 'node:fs'
import { checkPackage } from '../../dist/audit/check-package.js'
import { decodeWheelFacts, knownFrom } from '../../dist/audit/wheel-facts.js'

const [path, ...facts] = process.argv.slice(2)
const known =
  facts.length > 0 ? knownFrom(facts.map((file) => decodeWheelFacts(readFileSync(file, 'utf8')))) : undefined
const start = process.cpuUsage()
const { findings } = checkPackage(
  { path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' },
  { known },
)
const { user, system } = process.cpuUsage(start)
process.stdout.write(JSON.stringify({ findings: findings.length, cpuMs: (user + system) / 1000 }))
