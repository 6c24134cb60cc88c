import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { floors } from './floors.ts'

const source = resolve(import.meta.dirname, '../../src')

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => resolve(dirname(file), match[1]!))
}

const room = (path: string): string => relative(source, path).split('/')[0]!
const floorOf = (name: string): number => floors.findIndex((floor) => floor.includes(name))

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join(source, name))
const crossings = files.flatMap((file) =>
  importsOf(file)
    .filter((target) => room(target) !== room(file))
    .map((target) => ({ file, target })),
)

test('the test sees the imports it is about', () => {
  expect(crossings.some(({ file, target }) => room(file) === 'lambda' && room(target) === 'base')).toBe(true)
  expect(crossings.length).toBeGreaterThan(5)
})

test('imports go strictly down', () => {
  const wrong = crossings
    .filter(({ file, target }) => floorOf(room(target)) >= floorOf(room(file)) || floorOf(room(target)) < 0)
    .map(({ file, target }) => `${relative(source, file)} imports ${relative(source, target)}`)
  expect(wrong).toEqual([])
})
