import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rawZip } from '../kit/raw-zip.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { zipyard } from '../kit/zipyard.ts'

const main = 'def main(event, context): ...\n'

test('a package from another machine is checked, repaired, and then runs', () => {
  const cwd = temporaryFolder()
  writeFileSync(
    join(cwd, 'p.zip'),
    rawZip([{ name: 'fn/app.py', bytes: main, mode: 0o100600 }, { name: 'fn\\lib\\x.py' }]),
  )
  const before = zipyard(['check', 'p.zip', '--handler', 'app.main'], { cwd })
  expect(before.exitCode).toBe(3)
  expect(before.stdout).toContain('ZY1103')
  expect(before.stdout).toContain('ZY1501')
  const repaired = zipyard(['repair', 'p.zip', '--handler', 'app.main', '-o', 'right.zip'], { cwd })
  expect(repaired.exitCode).toBe(0)
  expect(repaired.stdout).toContain('moved what is in `fn` to the root')
  expect(repaired.stdout).toContain('gave everyone read permission to one file')
  expect(zipyard(['check', 'right.zip', '--handler', 'app.main', '--html', 'map.html'], { cwd }).exitCode).toBe(0)
  expect(readFileSync(join(cwd, 'map.html'), 'utf8')).toContain('<title>right.zip</title>')
})

test('diff tells with its exit code: 0 the same, 2 different, 1 every error', () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'a.zip'), rawZip([{ name: 'app.py', bytes: main }]))
  writeFileSync(join(cwd, 'b.zip'), rawZip([{ name: 'app.py', bytes: `${main}# more\n` }]))
  writeFileSync(join(cwd, 'c.zip'), 'no zip')
  const diff = (...args: string[]) => zipyard(['diff', ...args, '--detailed-exitcode'], { cwd })
  expect(diff('a.zip', 'a.zip')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('identical') })
  expect(diff('a.zip', 'b.zip')).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('~ app.py  +7 B') })
  expect(diff('a.zip', 'c.zip')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('is not a complete zip archive'),
  })
  expect(diff('a.zip').exitCode).toBe(1)
  expect(zipyard(['diff', 'a.zip', 'b.zip'], { cwd }).exitCode).toBe(0)
})
