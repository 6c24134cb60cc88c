import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ScriptLoader } from './script-loader.ts'

const padding = `// ${'x'.repeat(20_000)}\n`

function scripts(texts: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-scripts-'))
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
  return folder
}

/** A run as the command line makes it: load, call, keep. */
function run(folder: string, file: string | undefined, name = 'main.js'): unknown {
  const loader = new ScriptLoader(folder, file)
  const { answer } = loader.load(name) as { answer: () => unknown }
  const value = answer()
  loader.keep()
  return value
}

test('scripts require each other once, and packages of Node', () => {
  const folder = scripts({
    'main.js':
      "const a = require('./a.js'), b = require('./b.js')\nexports.answer = () => [a.count(), b.a === a, b.sep]",
    'a.js': 'let n = 0\nexports.count = () => ++n',
    'b.js': "exports.a = require('./a.js')\nexports.sep = require('node:path').posix.sep",
  })
  expect(run(folder, undefined)).toEqual([1, true, '/'])
})

test('compiled code is kept for three runs, each adding what it called, and then stays', () => {
  const folder = scripts({ 'main.js': `${padding}exports.answer = () => 41 + 1` })
  const file = join(folder, 'kept', 'build.bin')
  expect(run(folder, file)).toBe(42)
  expect(statSync(file).mode & 0o077).toBe(0)
  const texts = [1, 2, 3].map(() => {
    expect(run(folder, file)).toBe(42)
    return readFileSync(file, 'latin1').slice(4, 14)
  })
  expect(texts).toEqual(['{"runs":2,', '{"runs":3,', '{"runs":3,'])
  const { mtimeNs } = statSync(file, { bigint: true })
  run(folder, file)
  expect(statSync(file, { bigint: true }).mtimeNs).toBe(mtimeNs)
  expect(readdirSync(join(folder, 'kept'))).toEqual(['build.bin'])
})

test('a script that changed is compiled anew, also when it kept its length', () => {
  const folder = scripts({ 'main.js': `${padding}exports.answer = () => 'old'` })
  const file = join(folder, 'build.bin')
  for (let count = 0; count < 4; count++) expect(run(folder, file)).toBe('old')
  writeFileSync(join(folder, 'main.js'), `${padding}exports.answer = () => 'new'`)
  expect(run(folder, file)).toBe('new')
  expect(run(folder, file)).toBe('new')
})

test('a file that is damaged, cut short or no such file at all is replaced, and nothing is said', () => {
  const folder = scripts({ 'main.js': `${padding}exports.answer = () => 7` })
  const file = join(folder, 'build.bin')
  run(folder, file)
  const good = readFileSync(file)
  const damaged = Buffer.from(good)
  damaged[good.length - 9]! ^= 0xff
  for (const bytes of [damaged, good.subarray(0, good.length - 1), good.subarray(0, 2), Buffer.alloc(100, 0xff)]) {
    writeFileSync(file, bytes)
    expect(run(folder, file)).toBe(7)
    expect(readFileSync(file, 'latin1').slice(4, 14)).toBe('{"runs":1,')
  }
})

test('where the file cannot be written the scripts run all the same', () => {
  const folder = scripts({ 'main.js': `${padding}exports.answer = () => 7`, file: '' })
  expect(run(folder, join(folder, 'file', 'build.bin'))).toBe(7)
})

test('what another run kept of scripts that this one did not need is kept on', () => {
  const script = `${padding}exports.answer = () => 7`
  const folder = scripts({ 'main.js': script, 'other.js': script })
  const file = join(folder, 'build.bin')
  const names = (): string[] => {
    const bytes = readFileSync(file)
    const head = JSON.parse(bytes.toString('latin1', 4, 4 + bytes.readUInt32LE(0))) as { scripts: object }
    return Object.keys(head.scripts).sort()
  }
  run(folder, file, 'other.js')
  run(folder, file)
  expect(names()).toEqual(['main.js', 'other.js'])
  run(folder, file, 'other.js')
  expect(names()).toEqual(['main.js', 'other.js'])
})
