import { expect, test } from 'vitest'
import type { OptionTable } from './option.ts'
import { resolveOptions } from './resolve-options.ts'

const table = {
  runtime: { type: 'string', default: 'python3.13', inFile: true, sentence: '' },
  arch: { type: 'strings', inFile: true, sentence: '' },
  port: { type: 'integer', default: 4570, sentence: '' },
  locked: { type: 'boolean', sentence: '' },
  slim: { type: 'string', choices: ['none', 'safe'], default: 'none', sentence: '' },
} as const satisfies OptionTable

const file = { path: 'pyproject.toml', values: { runtime: 'python3.11', arch: ['arm64'] } }

test('a flag wins over a variable, a variable over the file, the file over the default', () => {
  const environment = { ZIPYARD_RUNTIME: 'python3.12' }
  expect(resolveOptions(table, { runtime: 'python3.10' }, environment, file).runtime).toBe('python3.10')
  expect(resolveOptions(table, {}, environment, file).runtime).toBe('python3.12')
  expect(resolveOptions(table, {}, {}, file).runtime).toBe('python3.11')
  expect(resolveOptions(table, {}, {}, undefined).runtime).toBe('python3.13')
})

test('lists, numbers and switches come typed', () => {
  const values = resolveOptions(table, { port: '0', locked: true }, { ZIPYARD_ARCH: 'x86_64,arm64' }, undefined)
  expect(values).toEqual({ runtime: 'python3.13', arch: ['x86_64', 'arm64'], port: 0, locked: true, slim: 'none' })
})

test('a value that does not fit names where it came from', () => {
  expect(() => resolveOptions(table, {}, { ZIPYARD_PORT: 'x' }, undefined)).toThrowError(
    '`ZIPYARD_PORT` does not take `x`: expected a whole number',
  )
  expect(() => resolveOptions(table, { slim: 'much' }, {}, undefined)).toThrowError(
    '`--slim` does not take `much`: expected one of `none`, `safe`',
  )
  expect(() => resolveOptions(table, {}, {}, { path: 'zipyard.toml', values: { runtime: 3 } })).toThrowError(
    '`runtime in zipyard.toml`',
  )
})
