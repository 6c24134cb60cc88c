import { copyFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageOf } from '../../test/kit/check.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { sha256File, digestToBase64 } from '../base/digest.ts'
import { diffPackages } from './diff.ts'

const dist = (version: string) => ({
  'dep/__init__.py': `__version__ = "${version}"`,
  [`dep-${version}.dist-info/METADATA`]: `Name: dep\nVersion: ${version}\n`,
})

test('equal bytes are identical', async () => {
  const a = packageOf({ 'app.py': 'x' })
  const b = join(temporaryFolder(), 'b.zip')
  copyFileSync(a, b)
  const diff = await diffPackages(a, b)
  expect(diff).toMatchObject({ verdict: 'identical', files: [], distributions: [], packing: [] })
  expect(diff.before.codeSha256).toBe(digestToBase64(await sha256File(a)))
})

test('files and distributions that came, went and changed', async () => {
  const a = packageOf({ 'app.py': 'old', 'gone.py': 'x', 'run.sh': { bytes: '#!', mode: 0o100644 }, ...dist('1.0') })
  const b = packageOf({ 'app.py': 'newer', 'new.py': 'xx', 'run.sh': { bytes: '#!', mode: 0o100755 }, ...dist('1.1') })
  const { verdict, files, distributions } = await diffPackages(a, b)
  expect(verdict).toBe('different')
  expect(distributions).toEqual([{ name: 'dep', before: '1.0', after: '1.1', bytes: 0 }])
  expect(files.map(({ path, change, bytes, distribution }) => [path, change, bytes, distribution])).toEqual([
    ['app.py', 'content', 2, undefined],
    ['dep-1.0.dist-info/METADATA', 'removed', -23, 'dep'],
    ['dep-1.1.dist-info/METADATA', 'added', 23, 'dep'],
    ['dep/__init__.py', 'content', 0, 'dep'],
    ['gone.py', 'removed', -1, undefined],
    ['new.py', 'added', 2, undefined],
    ['run.sh', 'mode', 0, undefined],
  ])
  expect(files.at(-1)).toMatchObject({ modeBefore: 0o644, modeAfter: 0o755 })
})

test('the same files packed twice by zip differ in their times only, and the diff says so', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'app.py'), 'x = 1\n'.repeat(50))
  const pack = (name: string, time: string, options: string): string => {
    execFileSync('sh', ['-c', `touch -d '${time}' app.py && zip -q ${options} ${name} app.py`], { cwd: folder })
    return join(folder, name)
  }
  const a = pack('a.zip', '2026-01-01 10:00', '-X')
  const later = pack('b.zip', '2026-01-01 11:00', '-X')
  const stored = pack('c.zip', '2026-01-01 10:00', '-X -0')
  expect(await diffPackages(a, later)).toMatchObject({
    verdict: 'same contents',
    packing: ['modification times of 1 entry differ'],
  })
  expect((await diffPackages(a, stored)).packing).toContain('compression methods of 1 entry differ')
})
