/**
 * What an environment promises, what a hostile function cannot do, and what an invocation is, on every Python of this machine and every tier:
 * the suites of those rooms, which by themselves take one Python.
 */
import { expect, test } from 'vitest'
import { pythonsOfRuntimes, runOnPython } from '../kit/every-python.ts'

const isLong = process.env['ZIPYARD_LONG'] !== undefined
const all = await pythonsOfRuntimes()
// The oldest and the newest show most; `npm run long` takes all of them, and the invoker's suites too.
const pythons = isLong ? all : all.filter((_, place) => place === 0 || place === all.length - 1)
const suites = ['contract', 'hostile', 'zygote'].map((name) => `src/sandbox/${name}.test.ts`)
const invokerSuites = ['isolated', 'invoker', 'permissions', 'runtime-api', 'concurrency', 'foreign-runtime'].map(
  (name) => `src/invoker/${name}.test.ts`,
)
// Root never sees what an ordinary user has; run by one, the suites above have seen it.
const ordinary =
  process.getuid?.() === 0 ? ['sandbox', 'invoker'].map((room) => `src/${room}/ordinary-user.test.ts`) : []
const strongest = process.getuid?.() === 0 ? 'tier root' : 'tier userns'

test.skipIf(process.platform !== 'linux').each(pythons.map((python) => [python.version, python] as const))(
  'the contract and the promises hold on Python %s',
  async (_version, python) => {
    const { status, said } = isLong
      ? await runOnPython(python, ...suites, ...invokerSuites, ...ordinary)
      : await runOnPython(python, '-t', strongest, ...suites)
    expect(status, said).toBe(0)
    expect(Number(/Tests {2}(\d+) passed/.exec(said)?.[1]), said).toBeGreaterThan(isLong ? 200 : 30)
    // In the long form no tier may be passed over because of where this Python lies.
    if (isLong && process.getuid?.() === 0)
      expect(said).not.toMatch(/not tested here: (tier (root|userns|process)|.*as an ordinary user)/)
  },
)
