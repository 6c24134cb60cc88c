/** Run as root, the suites beside this never see what an ordinary user has: here they run once more as one. */
import { expect, test } from 'vitest'
import { runAsOrdinaryUser, whyNoOrdinaryUser } from '../../test/kit/ordinary-user.ts'

test.skipIf(whyNoOrdinaryUser('the tier userns') !== undefined)(
  'the contract and the promises hold for an ordinary user',
  { timeout: 900_000 },
  () => {
    const suites = ['contract', 'hostile', 'zygote'].map((name) => `src/sandbox/${name}.test.ts`)
    const { status, said } = runAsOrdinaryUser('-t', 'tier userns', ...suites)
    expect(status, said).toBe(0)
    expect(said).toMatch(/Tests {2}\d\d passed/)
  },
)
