/**
 * `npm run long [-- NAME…]`: the suites whose size is a matter of patience, at their full size: fuzzers, kill loops, soaks, every Python.
 *
 * Prints one dated line per suite, which SPECIFICATION.md cites. `--short` runs all of them at a hundredth, to see that they run.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildOnce,
  checkNode,
  installDebianPackages,
  installPackages,
  installPythonTools,
  root,
  say,
} from './setup.mjs'

const short = process.argv.includes('--short')
const size = (full) => String(short ? Math.ceil(full / 100) : full)

/** name → the variables that set its size, and its files. */
const suites = {
  'pypa-fuzz': [{ ZIPYARD_FUZZ_CASES: size(1_000_000) }, ['src/pypa/fuzz.test.ts']],
  'zip-fuzz': [{ ZIPYARD_FUZZ_CASES: size(1_000_000) }, ['src/zip/reader.test.ts']],
  // Two properties with half a million each. Every case is a wheel on the disk: in memory where that can be had.
  'wheel-mapping-fuzz': [
    { ZIPYARD_FUZZ_CASES: size(500_000), ...(existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {}) },
    ['src/packager/layout/wheel-mapping.test.ts'],
  ],
  'api-fuzz': [{ ZIPYARD_FUZZ_REQUESTS: size(200_000) }, ['test/api/fuzz.test.ts']],
  's3-fuzz': [{ ZIPYARD_FUZZ_RUNS: size(100_000) }, ['test/api/s3-fuzz.test.ts']],
  'side-services-fuzz': [{ ZIPYARD_FUZZ_RUNS: size(100_000) }, ['test/api/side-services-fuzz.test.ts']],
  sam: [{ ZIPYARD_TEST_SAM: '1' }, ['test/scenarios/sam.test.ts']],
  'kill-9': [
    { ZIPYARD_KILL_ROUNDS: size(200) },
    ['kill-9', 'kill-9-invocations'].map((name) => `test/scenarios/${name}.test.ts`),
  ],
  's3-faults': [{ ZIPYARD_KILL_ROUNDS: size(200) }, ['test/scenarios/s3-faults.test.ts']],
  'sandbox-soak': [{ ZIPYARD_SOAK: size(400) }, ['src/sandbox/soak.test.ts']],
  'invoker-soak': [{ ZIPYARD_SOAK_SECONDS: size(3600) }, ['src/invoker/soak.test.ts']],
  // Each Node is some 60 MB from the npm registry, kept in `.cache/nodes`.
  'node-versions': [{ ZIPYARD_TEST_NODES: '22,24,26' }, ['test/packager/determinism.test.ts']],
  'audit-corpus': [{ ZIPYARD_LONG: '1' }, ['test/audit']],
  'every-python': [{ ZIPYARD_LONG: '1' }, ['test/runtime/every-python.test.ts']],
  differential: [{ ZIPYARD_LONG: '1' }, ['test/runtime/differential.test.ts']],
}

checkNode()
installPackages()
installDebianPackages()
installPythonTools()
buildOnce()
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const unknown = names.filter((name) => !suites[name])
if (unknown.length > 0) {
  say(`error: no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`)
  process.exit(2)
}
const results = []
for (const [name, [variables, files]] of Object.entries(suites)) {
  if (names.length > 0 && !names.includes(name)) continue
  const started = Date.now()
  const result = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--testTimeout=0', '--hookTimeout=0', ...files],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...variables } },
  )
  const seconds = Math.round((Date.now() - started) / 1000)
  const settings = Object.entries(variables)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
  results.push({
    ok: result.status === 0,
    line: `${new Date().toISOString().slice(0, 10)} ${result.status === 0 ? 'passed' : 'FAILED'} ${name} (${settings}, ${seconds} s)`,
  })
}
for (const { line } of results) console.log(line)
process.exit(results.every(({ ok }) => ok) ? 0 : 1)
