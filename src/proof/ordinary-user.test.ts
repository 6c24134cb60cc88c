/** Run as root, the import proof never sees what an ordinary user has: here its suite runs once more as one, in the strongest tier that user holds. */
import { expect, test } from 'vitest'
import { runAsOrdinaryUser, whyNoOrdinaryUser } from '../../test/kit/ordinary-user.ts'

test.skipIf(whyNoOrdinaryUser('the import proof') !== undefined)(
  'an ordinary user has the same proof: the errors of Lambda, what was done outside, time, memory and output bounded',
  { timeout: 300_000 },
  () => {
    const { status, said } = runAsOrdinaryUser('src/proof/prove-import.test.ts')
    expect(status, said).toBe(0)
    expect(said).toMatch(/Tests {2}\d\d passed/)
  },
)
