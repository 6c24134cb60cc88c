import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../../src')
const definitions = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'base/errors.ts')
  .flatMap((name) =>
    [...readFileSync(join(source, name), 'utf8').matchAll(/defineError(?:<[^(]*>)?\(\s*'(ZY\d{4})'/g)].map((match) => ({
      code: match[1]!,
      name,
    })),
  )

test('every error code is defined once', () => {
  expect(definitions.length).toBeGreaterThan(50)
  const twice = definitions.filter(({ code, name }) =>
    definitions.some((other) => other.code === code && other.name !== name),
  )
  expect(twice).toEqual([])
})
