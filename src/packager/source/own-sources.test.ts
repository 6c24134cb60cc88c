import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { IgnoreRules } from './ignore-rules.ts'
import { ownSources, symlinkEscapes, symlinkLoop, type OwnSources } from './own-sources.ts'

function project(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'zipyard-sources-')))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

function walk(
  folder: string,
  options: { source?: string; include?: string[]; exclude?: string[]; symlinks?: 'follow' | 'preserve' | 'error' } = {},
): OwnSources {
  return ownSources({
    project: folder,
    source: join(folder, options.source ?? '.'),
    rules: new IgnoreRules(folder, options),
    symlinks: options.symlinks ?? 'follow',
  })
}

const names = (sources: OwnSources): string[] => sources.files.map((file) => file.path)

test('the code of a project is packed, and what tools, editors and secrets leave beside it is not', () => {
  const folder = project({
    'lambda_function.py': '',
    'pkg/__init__.py': '',
    'pkg/data.json': '{}',
    '.git/HEAD': '',
    '.env': 'TOKEN=1',
    '__pycache__/lambda_function.cpython-311.pyc': '',
    'node_modules/x/index.js': '',
    'dist/old.zip': '',
    'my-deployment-package.zip': '',
    'requirements.txt': '',
    'pyproject.toml': '',
    'myenv/pyvenv.cfg': '',
    'myenv/lib/python3.11/site-packages/requests/__init__.py': '',
    'package/requests/__init__.py': '',
    'package/requests-2.32.3.dist-info/METADATA': '',
  })
  const sources = walk(folder)
  expect(names(sources)).toEqual(['lambda_function.py', 'pkg/__init__.py', 'pkg/data.json'])
  expect(sources.ignored).toContainEqual({ path: 'myenv', because: 'virtual environment' })
  expect(sources.ignored).toContainEqual({ path: 'package', because: 'installed packages' })
})

test('the order of the files is the order of the bytes of their names, as in no locale', () => {
  const folder = project({ 'b.py': '', 'B.py': '', 'a/z.py': '', 'a.py': '', 'ä.py': '', '😀.py': '', 'ﬀ.py': '' })
  expect(names(walk(folder))).toEqual(['B.py', 'a.py', 'a/z.py', 'b.py', 'ä.py', 'ﬀ.py', '😀.py'])
})

test('.gitignore files count in every folder, the deeper one wins, and .zipyardignore overrides them', () => {
  const folder = project({
    '.gitignore': '*.log\n/generated/\n*.bin\n',
    '.zipyardignore': '!model.bin\nfixtures/\n',
    'app.py': '',
    'debug.log': '',
    'generated/x.py': '',
    'model.bin': '',
    'other.bin': '',
    'fixtures/big.json': '',
    'sub/.gitignore': '!keep.log\n',
    'sub/keep.log': '',
    'sub/drop.log': '',
  })
  expect(names(walk(folder))).toEqual(['app.py', 'model.bin', 'sub/keep.log'])
})

test('--include brings back what is ignored, --exclude wins over everything', () => {
  const folder = project({
    'app.py': '',
    'generated/x.py': '',
    'generated/y.txt': '',
    '.gitignore': 'generated/\n',
    'notes.txt': '',
    'dist/z.py': '',
  })
  const sources = walk(folder, { include: ['generated/*.py', 'dist'], exclude: ['notes.txt'] })
  expect(names(sources)).toEqual(['app.py', 'dist/z.py', 'generated/x.py'])
})

test('a source folder becomes the root of the package, under the ignore files of the project', () => {
  const folder = project({ '.gitignore': 'src/secret.py\n', 'src/app.py': '', 'src/secret.py': '', 'setup.py': '' })
  expect(names(walk(folder, { source: 'src' }))).toEqual(['app.py'])
})

test('a symbolic link is followed inside the project, kept when asked, and refused when it leads out', () => {
  const folder = project({ 'shared/util.py': 'x = 1', 'fn/app.py': '' })
  symlinkSync('../shared', join(folder, 'fn/shared'))
  expect(names(walk(folder))).toEqual(['fn/app.py', 'fn/shared/util.py', 'shared/util.py'])
  const kept = walk(folder, { symlinks: 'preserve' }).files.find((file) => file.path === 'fn/shared')
  expect(kept?.linkTarget).toBe('../shared')
  symlinkSync('/etc', join(folder, 'fn/etc'))
  expect(() => walk(folder)).toThrow(expect.toSatisfy(symlinkEscapes.is))
  expect(names(walk(folder, { exclude: ['fn/etc'] }))).toContain('fn/app.py')
})

test('a symbolic link to a folder that contains it is named, not followed for ever', () => {
  const folder = project({ 'a/app.py': '' })
  symlinkSync('..', join(folder, 'a/up'))
  expect(() => walk(folder)).toThrow(expect.toSatisfy(symlinkLoop.is))
})

test('a name written as macOS writes it and one typed on Linux are the same name in the package', () => {
  const folder = project({ 'cafe\u0301.py': '' })
  expect(names(walk(folder))).toEqual(['caf\u00e9.py'])
})

test('the permissions of the host are not read', () => {
  const folder = project({ 'app.py': '' })
  const before = walk(folder)
  chmodSync(join(folder, 'app.py'), 0o700)
  expect(walk(folder)).toEqual(before)
})
