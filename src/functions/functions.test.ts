import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { Announcer } from '../base/announcer.ts'
import { systemClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { silentLog } from '../base/log.ts'
import { codeStorageLimit } from '../lambda/quotas.ts'
import { openCatalog, type Catalog } from '../store/catalog.ts'
import { Activation } from './activation.ts'
import { newConfiguration } from './configuration.ts'
import { codeStorageExceeded, preconditionFailed, resourceConflict } from './errors.ts'
import type { FunctionChanged } from './function-changed.ts'
import { findVersion } from './function-store.ts'
import type { FunctionVersion } from './function-version.ts'
import { Functions, type Code } from './functions.ts'
import { publishLayerVersion } from './layers.ts'

const key = { accountId: '123456789012', region: 'us-east-1', name: 'hello' }
const thrown = (error: unknown): unknown => error

interface Yard {
  readonly catalog: Catalog
  readonly functions: Functions
  /** Makes a function and waits until it is active. */
  create(name: string, code: Code, publish?: boolean): Promise<FunctionVersion>
  /** `$LATEST` when nothing is under way. */
  latest(): Promise<FunctionVersion>
}

/** @param unpreparable digests of packages that cannot be unpacked */
async function open(unpreparable: readonly string[] = []): Promise<Yard> {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock: systemClock })
  onTestFinished(() => catalog.close())
  const changes = new Announcer<FunctionChanged>((error) => {
    throw error
  })
  const common = { catalog, clock: systemClock, changes }
  const prepareCode = async (digest: string): Promise<void> => {
    if (unpreparable.includes(digest)) throw new Error('cannot be unpacked')
  }
  const activation = new Activation({ ...common, log: silentLog, prepareCode, delayMs: 0 })
  onTestFinished(() => activation.stop())
  const functions = new Functions({ ...common, activation })
  return {
    catalog,
    functions,
    async create(name, code, publish = false) {
      const configuration = newConfiguration(
        name,
        { Runtime: 'python3.13', Role: 'role', Handler: 'app.handler' },
        undefined,
      )
      const made = await functions.create({ ...key, name }, { configuration, code, tags: {}, publish })
      await activation.idle()
      return made
    },
    async latest() {
      await activation.idle()
      return (await findVersion(catalog.db, key, 0))!
    },
  }
}

/** A package that only says how large it is: its bytes lie elsewhere. */
function codeOf(text: string, bytes = 1): Code {
  return { digest: sha256(text), bytes, unzippedBytes: bytes }
}

test('an update or a publication that names a revision which is no longer the latest changes nothing', async () => {
  const yard = await open()
  const stale = (await yard.create('hello', codeOf('one'))).revisionId
  const before = await yard.latest()
  expect(before.revisionId).not.toBe(stale)
  const attempts = [
    () => yard.functions.updateConfiguration(key, { revisionId: stale, change: async () => before.configuration }),
    () => yard.functions.updateCode(key, { revisionId: stale, code: codeOf('two'), publish: false }),
    () => yard.functions.publish(key, { revisionId: stale }),
    () => yard.functions.expectUpdatable(key, stale),
  ]
  for (const attempt of attempts) expect(await attempt().catch(thrown)).toSatisfy(preconditionFailed.is)
  expect(await yard.latest()).toEqual(before)
  await yard.functions.updateCode(key, { revisionId: before.revisionId, code: codeOf('two'), publish: false })
  expect((await yard.latest()).codeDigest).toBe(sha256('two'))
})

test('publishing what was published already gives the version that is there, and a new one after a change', async () => {
  const yard = await open()
  await yard.create('hello', codeOf('one'))
  const first = await yard.functions.publish(key, {})
  const again = await yard.functions.publish(key, { description: 'Again' })
  expect([first.version, again.version, again.revisionId]).toEqual(['1', '1', first.revisionId])
  await yard.functions.updateCode(key, { code: codeOf('two'), publish: false })
  await yard.latest()
  expect((await yard.functions.publish(key, {})).version).toBe('2')
})

test('the packages of an account and region stay within the code storage limit, and not a byte more', async () => {
  const yard = await open()
  await yard.create('large', codeOf('large', codeStorageLimit - 10))
  await yard.create('hello', codeOf('small', 10))
  const before = await yard.latest()
  const configuration = before.configuration
  const layer = { ...key, name: 'layer' }
  const over = [
    yard.create('one-more', codeOf('more', 1)),
    yard.functions.updateCode(key, { code: codeOf('larger', 11), publish: false }),
    yard.functions.publish(key, {}),
    publishLayerVersion(yard.catalog, systemClock, layer, { Description: '' }, codeOf('layer', 1)),
  ]
  const refused = await Promise.all(over.map((call): Promise<unknown> => call.catch(thrown)))
  expect(refused.map(codeStorageExceeded.is)).toEqual([true, true, true, true])
  expect(await yard.latest()).toEqual(before)
  const elsewhere = { ...key, region: 'eu-west-1' }
  await yard.functions.create(elsewhere, { configuration, code: codeOf('more', 1), tags: {}, publish: false })
})

test('what could not be made is not published, and what is published of a failed update is not Active before it is', async () => {
  const unpreparable = [codeOf('broken').digest]
  const yard = await open(unpreparable)
  const first = await yard.create('hello', codeOf('broken'), true)
  expect([first.version, (await yard.latest()).state]).toEqual(['1', 'Failed'])
  expect((await findVersion(yard.catalog.db, key, 1))!.state).toBe('Failed')
  const refused = await yard.functions.publish(key, {}).catch(thrown)
  expect(resourceConflict.is(refused) && refused.message).toBe(
    'The operation cannot be performed at this time. The function is currently in the following state: Failed',
  )
  await yard.functions.updateCode(key, { code: codeOf('whole'), publish: false })
  await yard.latest()
  expect((await yard.functions.publish(key, {})).state).toBe('Active')
  await yard.functions.updateCode(key, { code: codeOf('broken'), publish: false })
  expect(await yard.latest()).toMatchObject({ state: 'Active', updateStatus: 'Failed' })
  const third = await yard.functions.publish(key, {})
  expect([third.version, third.state]).toEqual(['3', 'Pending'])
  await yard.latest()
  expect((await findVersion(yard.catalog.db, key, 3))!.state).toBe('Failed')
  // Once it can be unpacked, publishing does not give the one that failed.
  unpreparable.length = 0
  expect((await yard.functions.publish(key, {})).version).toBe('4')
  await yard.latest()
  expect((await findVersion(yard.catalog.db, key, 4))!.state).toBe('Active')
})
