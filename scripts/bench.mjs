/** `npm run bench [-- NAME…] [--json]`: runs the files of `bench/`, each in a process of its own, one after the other. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce, checkNode, installPackages, installPythonTools, root } from './setup.mjs'

checkNode()
installPackages()
buildOnce()
installPythonTools()
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const all = readdirSync(join(root, 'bench')).filter((name) => /^[a-z0-9-]+\.ts$/.test(name))
const chosen = names.length === 0 ? all : names.map((name) => `${name}.ts`)
const unknown = chosen.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  process.stderr.write(
    `error: no bench ${unknown.join(', ')}; there are ${all.map((name) => name.slice(0, -3)).join(', ')}\n`,
  )
  process.exit(2)
}
let failed = 0
for (const name of chosen) {
  process.stderr.write(`\n── ${name.slice(0, -3)}\n`)
  const result = spawnSync(process.execPath, ['--import', 'tsx', join('bench', name), ...flags], {
    cwd: root,
    stdio: 'inherit',
  })
  if (result.status !== 0) failed += 1
}
process.exit(failed === 0 ? 0 : 1)
