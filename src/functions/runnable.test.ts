import { onTestFinished, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { Announcer } from '../base/announcer.ts'
import { ManualClock } from '../base/clock.ts'
import { openCatalog } from '../store/catalog.ts'
import { resourceNotFound } from './errors.ts'
import type { FunctionChanged } from './function-changed.ts'
import { RunnableVersions } from './runnable.ts'

const key = { accountId: '123456789012', region: 'us-east-1', name: 'watched' }

test('whoever asks for a version that is about to be replaced waits, whoever asks for a published one or another function does not', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock: new ManualClock() })
  onTestFinished(() => catalog.close())
  const runnable = new RunnableVersions(catalog, new Announcer<FunctionChanged>(() => undefined))
  const answered: string[] = []
  const ask = (name: string, qualifier?: string): Promise<void> =>
    runnable.resolve({ ...key, name }, qualifier).then(
      () => undefined,
      (error: unknown) => {
        expect(resourceNotFound.is(error)).toBe(true)
        answered.push([name, ...(qualifier === undefined ? [] : [qualifier])].join(':'))
      },
    )
  let release!: () => void
  runnable.hold(key, new Promise<void>((resolve) => (release = resolve)))
  const held = [ask('watched'), ask('watched', '$LATEST')]
  await Promise.all([ask('watched', '1'), ask('other')])
  expect(answered.sort()).toEqual(['other', 'watched:1'])
  release()
  await Promise.all(held)
  await ask('watched')
  expect(answered.slice(2).sort()).toEqual(['watched', 'watched', 'watched:$LATEST'])
})
