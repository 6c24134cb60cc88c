import { execFileSync } from 'node:child_process'
import { chownSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check, packageOf } from '../../../test/kit/check.ts'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import { elf } from '../../../test/kit/elf.ts'
import type { RawEntry } from '../../../test/kit/raw-zip.ts'
import { extractArchive } from '../../zip/extract.ts'

const main = 'from pkg.mod import x\ndef main(event, context): return x\n'
const app: RawEntry = { name: 'app.py', bytes: main }
const init: RawEntry = { name: 'pkg/__init__.py', bytes: 'y = 1' }
const mod: RawEntry = { name: 'pkg/mod.py', bytes: 'x = 1' }

/** What the check predicts, and what an unprivileged Python really says. The rows of the execution-environment reference, 1.6. */
const rows: readonly (readonly [string, readonly RawEntry[], string | undefined, string])[] = [
  ['ordinary bits', [app, init, mod], undefined, ''],
  [
    'a handler for its owner only',
    [{ ...app, mode: 0o100600 }, init, mod],
    'ZY1501',
    "PermissionError: [Errno 13] Permission denied: '/TASK/app.py'",
  ],
  [
    'an __init__.py for its owner only',
    [app, { ...init, mode: 0o100600 }, mod],
    'ZY1501',
    "PermissionError: [Errno 13] Permission denied: '/TASK/pkg/__init__.py'",
  ],
  [
    'a module for owner and group',
    [app, init, { ...mod, mode: 0o100640 }],
    'ZY1501',
    "PermissionError: [Errno 13] Permission denied: '/TASK/pkg/mod.py'",
  ],
  [
    'a folder for its owner only',
    [app, { name: 'pkg/', mode: 0o040700 }, init, mod],
    'ZY1503',
    'ModuleNotFoundError: No module named',
  ],
  [
    'a folder that can be entered and not read',
    [app, { name: 'pkg/', mode: 0o040711 }, init, mod],
    'ZY1503',
    'ModuleNotFoundError: No module named',
  ],
  [
    'bits that only Windows could have left out',
    [{ ...app, creator: 0, mode: 0 }, { ...init, creator: 0, mode: 0 }, mod],
    undefined,
    '',
  ],
]

test.each(rows)('%s: the prediction is what an unprivileged import meets', async (_, entries, code, error) => {
  const { codes } = check(entries, { handler: 'app.main' })
  expect(codes.filter((found) => found.startsWith('ZY15'))).toEqual(code === undefined ? [] : [code])

  const into = join(temporaryFolder(), 'task')
  await extractArchive({ archivePaths: [packageOf(entries)], into, limitBytes: 1e6 })
  expect(importAsNobody(into)).toContain(error.replace('/TASK', into))
})

/** Imports the handler as a user who owns nothing; '' when it worked. Root is needed to become that user; CI is root. */
function importAsNobody(folder: string): string {
  if (process.getuid?.() !== 0) throw new Error('this test becomes another user and must run as root')
  chownSync(join(folder, '..'), 0, 0)
  execFileSync('chmod', ['755', join(folder, '..')])
  const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path))!
  try {
    execFileSync(python, ['-I', '-B', '-c', `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); import app`], {
      uid: 993,
      gid: 990,
      stdio: 'pipe',
      cwd: '/',
    })
    return ''
  } catch (error) {
    return (error as { stderr: Buffer }).stderr.toString()
  }
}

test('data that cannot be read is a warning, with how many', () => {
  const { findings } = check({ 'app.py': '', 'a.json': { mode: 0o100600 }, 'b.json': { mode: 0o100640 } })
  const found = findings.find((finding) => finding.code === 'ZY1502')
  expect(found?.sentence).toBe('`a.json` has mode `0600`, so the function cannot read it (and 1 more)')
  expect(found?.severity).toBe('warning')
})

test('a closed folder is told once, not for each file in it', () => {
  const { codes } = check([
    { name: 'd/', mode: 0o040700 },
    { name: 'd/e/', mode: 0o040700 },
    { name: 'd/e/x.py', mode: 0o100600 },
    { name: 't/', mode: 0o040750 },
    { name: 't/x.html' },
  ])
  expect(codes.filter((code) => code.startsWith('ZY15'))).toEqual(['ZY1503', 'ZY1505'])
})

test('a program that only its owner may execute is told', () => {
  const bytes = elf({ interpreter: '/lib64/ld-linux-x86-64.so.2' })
  const { findings } = check([app, init, mod, { name: 'bin/tool', bytes, mode: 0o100744 }])
  expect(findings.find(({ code }) => code === 'ZY1504')?.sentence).toBe(
    'the program `bin/tool` has mode `0744` and cannot be executed',
  )
  expect(check([app, init, mod, { name: 'bin/tool', bytes, mode: 0o100755 }]).codes).not.toContain('ZY1504')
})

test('a closed module that no import leads to is a warning', () => {
  const files = [app, init, mod, { name: 'scripts/tool.py', mode: 0o100600 }]
  expect(check(files, { handler: 'app.main' }).codes).toEqual(['ZY1502'])
  expect(check(files).codes, 'without a handler nobody knows').toContain('ZY1501')
})
