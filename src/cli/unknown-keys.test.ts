import { expect, test } from 'vitest'
import type { OptionSpec } from '../settings/option.ts'
import { commands } from './commands.ts'
import { configurationKeys, unknownKeys } from './unknown-keys.ts'

test('the list of keys has what the commands take from a file, and the two tables', async () => {
  const tables = await Promise.all(commands.map(async (entry) => (await entry.load()).command.options))
  const taken = tables.flatMap((table) =>
    Object.entries<OptionSpec>(table).flatMap(([name, spec]) => (spec.inFile ? [name] : [])),
  )
  expect([...configurationKeys].sort()).toEqual([...new Set([...taken, 'budget', 'functions'])].sort())
})

test('a mistyped key is told with the nearest one, a foreign key is said to be ignored', () => {
  const values = { handlr: 'app.main', runtime: 'python3.13', colour: 'blue' }
  expect(unknownKeys({ path: 'zipyard.toml', values })).toEqual([
    '`zipyard.toml` sets `handlr`, which is no setting of Zipyard; did you mean `handler`?',
    '`zipyard.toml` sets `colour`, which is no setting of Zipyard; it is ignored',
  ])
})
