/** `npm test`: installs what the tests need, then runs them. Arguments go to vitest: `npm test -- src/zip`. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildOnce, checkNode, installDebianPackages, installPackages, installPythonTools, root } from './setup.mjs'

checkNode()
installPackages()
installDebianPackages()
installPythonTools()
buildOnce()
const result = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
process.exit(result.status ?? 1)
