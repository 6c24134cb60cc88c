import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { knownAnswer, type Question, type Surroundings } from './known-answer.ts'

const today = new Date('2026-11-22T12:00:00Z')
const later: Surroundings = { code: 'one', now: () => Date.now() + 60_000 }

function packageFile(text = 'package'): { readonly path: string; readonly cache: string } {
  const folder = temporaryFolder()
  const path = join(folder, 'package.zip')
  writeFileSync(path, text)
  return { path, cache: join(folder, 'cache') }
}

/** Keeps an answer of an untouched file, and says what is then known. */
function keptAnswer(
  then?: (path: string) => void,
  again: { readonly question?: Partial<Question>; readonly surroundings?: Surroundings } = {},
): unknown {
  const { path, cache } = packageFile()
  const question: Question = { paths: [path], asked: { handler: 'app.main' }, today }
  const first = knownAnswer<string>(question, cache, later)
  expect(first?.answer).toBeUndefined()
  first!.keep('nothing found')
  // The clock of a file system ticks: a change counts from the first one that it can tell.
  const before = statSync(path, { bigint: true }).ctimeNs
  if (then)
    do then(path)
    while (statSync(path, { bigint: true }).ctimeNs === before)
  return knownAnswer<string>({ ...question, ...again.question }, cache, { ...later, ...again.surroundings })?.answer
}

test('what was answered of a file is known as long as it is untouched', () => {
  expect(keptAnswer()).toBe('nothing found')
})

test.each<readonly [string, (path: string) => void]>([
  ['was written again, to the same length', (path) => writeFileSync(path, 'PACKAGE')],
  [
    'was changed and given its old times again',
    (path) => {
      writeFileSync(path, 'PACKAGE')
      utimesSync(path, 1, 1)
    },
  ],
  ['gave way to another', (path) => renameSync(packageFile().path, path)],
])('nothing is known of a file that %s', (_, change) => {
  expect(keptAnswer(change)).toBeUndefined()
})

test.each<readonly [string, Parameters<typeof keptAnswer>[1]]>([
  ['another question', { question: { asked: { handler: 'app.other' } } }],
  ['a question with a map', { question: { asked: { handler: 'app.main', limits: new Map([['numpy', 1]]) } } }],
  ['another day', { question: { today: new Date('2026-11-23T00:00:00Z') } }],
  ['the same question of other code', { surroundings: { code: 'two' } }],
])('%s has no answer yet', (_, again) => {
  expect(keptAnswer(undefined, again)).toBeUndefined()
})

test('questions that differ in a map alone are two', () => {
  const { path, cache } = packageFile()
  const asked = (bytes: number): Question => ({ paths: [path], asked: { limits: new Map([['numpy', bytes]]) }, today })
  knownAnswer<string>(asked(1), cache, later)!.keep('too large')
  expect(knownAnswer(asked(1), cache, later)?.answer).toBe('too large')
  expect(knownAnswer(asked(2), cache, later)?.answer).toBeUndefined()
})

test('a file that is too young, that changes while it is looked at, and a folder have no answer to keep', () => {
  const { path, cache } = packageFile()
  const question: Question = { paths: [path], asked: 1, today }
  const young: Surroundings = { code: 'one', now: () => statSync(path).mtimeMs + 2000 }
  expect(knownAnswer(question, cache, young)).toBeUndefined()
  expect(knownAnswer({ ...question, paths: [cache, path] }, cache, later)).toBeUndefined()
  expect(knownAnswer({ ...question, paths: [temporaryFolder()] }, cache, later)).toBeUndefined()
  const started = knownAnswer<string>(question, cache, later)
  writeFileSync(path, 'another one')
  started!.keep('of the old one')
  expect(knownAnswer(question, cache, later)?.answer).toBeUndefined()
})

test('a cache that cannot be written keeps nothing, and says nothing', () => {
  const { path } = packageFile()
  const blocked = join(path, 'cache')
  const question: Question = { paths: [path], asked: 1, today }
  knownAnswer<string>(question, blocked, later)!.keep('lost')
  expect(knownAnswer(question, blocked, later)?.answer).toBeUndefined()
})
