/** Run as root, the isolated suite never sees what an ordinary user has: here it runs once more as one, and so do the permission rows of every tier and the late copy of the SDK. */
import { expect, test } from 'vitest'
import { runAsOrdinaryUser, whyNoOrdinaryUser } from '../../test/kit/ordinary-user.ts'

test.skipIf(whyNoOrdinaryUser('what functions see') !== undefined)(
  'functions see the same when the service is an ordinary user: paths, permission bits, forked or executed, a copy of the SDK that comes late',
  { timeout: 900_000 },
  () => {
    const suites = ['isolated', 'permissions', 'late-sdk'].map((name) => `src/invoker/${name}.test.ts`)
    const { status, said } = runAsOrdinaryUser(...suites)
    expect(status, said).toBe(0)
    expect(said).toMatch(/Tests {2}[1-9]\d* passed/)
  },
)
