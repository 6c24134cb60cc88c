/** Run as root, the isolated suite never sees what an ordinary user has: here it runs once more as one, and so do the permission rows of every tier. */
import { expect, test } from 'vitest'
import { runAsOrdinaryUser, whyNoOrdinaryUser } from '../../test/kit/ordinary-user.ts'

test.skipIf(whyNoOrdinaryUser('what functions see') !== undefined)(
  'functions see the same when the service is an ordinary user: paths, permission bits, forked or executed',
  { timeout: 180_000 },
  () => {
    const suites = ['isolated', 'permissions'].map((name) => `src/invoker/${name}.test.ts`)
    const { status, said } = runAsOrdinaryUser(...suites)
    expect(status, said).toBe(0)
    expect(said).toMatch(/Tests {2}[1-9]\d* passed/)
  },
)
