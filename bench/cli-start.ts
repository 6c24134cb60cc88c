/** The start of the command line: `zipyard --help`, whole process, against `node -e 0`. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { distribution, report } from './kit/measure.ts'

const program = join(import.meta.dirname, '../dist/cli/main.js')
const runs = 25

function time(args: readonly string[]): number {
  const start = performance.now()
  const result = spawnSync(process.execPath, args, { stdio: 'ignore' })
  if (result.status !== 0) throw new Error(`node ${args.join(' ')} ended with ${result.status}`)
  return performance.now() - start
}

const samples: Record<string, number[]> = { 'node -e 0': [], 'zipyard --help': [], 'zipyard --version': [] }
// One after the other, so that all meet the same machine.
for (let run = 0; run < runs + 3; run++) {
  const taken = {
    'node -e 0': time(['-e', '0']),
    'zipyard --help': time([program, '--help']),
    'zipyard --version': time([program, '--version']),
  }
  if (run >= 3) for (const [name, value] of Object.entries(taken)) samples[name]!.push(value)
}
const measured = Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, distribution(values)]))
const base = measured['node -e 0']!.p50
report('cli-start', measured, [
  { name: 'zipyard --help / node -e 0 (p50)', value: measured['zipyard --help']!.p50 / base, atMost: 1.3 },
  { name: 'zipyard --version / node -e 0 (p50)', value: measured['zipyard --version']!.p50 / base, atMost: 1.3 },
])
