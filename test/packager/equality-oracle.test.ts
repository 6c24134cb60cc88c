/**
 * `zipyard build --compat pip` against `pip install --target --no-compile`, file for file and byte for byte, on real distributions.
 * The wheels are downloaded once into `.cache/`.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../src/base/digest.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { build } from '../../src/packager/build.ts'
import { planBuilds } from '../../src/packager/plan-builds.ts'
import { targetOf } from '../../src/packager/target.ts'
import { compatiblePlatforms } from '../../src/pypa/tag.ts'
import { createBuildSurroundings } from '../../src/packager/surroundings.ts'
import { readEntry } from '../../src/zip/entry-data.ts'
import { permissionsOf } from '../../src/zip/entry.ts'
import { openArchive } from '../../src/zip/reader.ts'
import { pylockOf, projectFolder, wheel, type MadeWheel } from '../kit/wheel.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { oracleDistributions } from './oracle-distributions.ts'

/** The pip that is compared with: its scripts and metadata are those of this version. */
const pipVersion = '23.2.1'

const cache = resolve(import.meta.dirname, '../../.cache')
const wheels = join(cache, 'oracle-wheels')
/** pip itself, as a folder for PYTHONPATH: in a virtual environment pip writes headers elsewhere. */
const oracle = join(cache, `oracle-pip-${pipVersion}`)
const pip = (...args: readonly string[]): void => {
  execFileSync('python3', ['-m', 'pip', '--disable-pip-version-check', '--quiet', ...args], {
    env: { ...process.env, PYTHONPATH: oracle },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}
/** What the oracle's Python says. */
function ask(expression: string): string {
  return execFileSync('python3', ['-c', `import sys; print(${expression})`], { encoding: 'utf8' }).trim()
}

let minor = ''
/** What scripts begin with. */
let python = ''

beforeAll(() => {
  minor = ask('"%d.%d" % sys.version_info[:2]')
  python = ask('sys.executable')
  if (!existsSync(oracle)) {
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', `${oracle}.new`, `pip==${pipVersion}`])
    renameSync(`${oracle}.new`, oracle)
  }
  mkdirSync(wheels, { recursive: true })
  if (!unicodeWheel()) buildUnicodeWheel()
  const missing = oracleDistributions.filter((pin) => !wheelOf(pin))
  if (missing.length === 0) return
  // Wheels that both the oracle's Python and the runtime of the same version take.
  const { python: target, runtime } = targetOf(parsePythonRuntime(minor), 'x86_64')
  const platforms = compatiblePlatforms(target).flatMap((platform) => ['--platform', platform])
  const abis = [`cp${runtime.python.replace('.', '')}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi])
  pip(
    'download',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--dest',
    wheels,
    ...platforms,
    ...abis,
    '--python-version',
    minor,
    '--implementation',
    'cp',
    ...missing,
  )
}, 600_000)

const unicodeWheel = (): string | undefined => readdirSync(wheels).find((file) => /^unicode[._]dist-/.test(file))

/** The project by which the maintainers of `wheel` test names that are not ASCII; it comes with their source archive. */
function buildUnicodeWheel(): void {
  const sources = mkdtempSync(join(tmpdir(), 'zipyard-unicode-'))
  pip('download', '--no-deps', '--no-binary', ':all:', '--dest', sources, 'wheel==0.45.1')
  execFileSync('tar', ['-xf', 'wheel-0.45.1.tar.gz'], { cwd: sources })
  pip('wheel', '--no-deps', '--wheel-dir', wheels, join(sources, 'wheel-0.45.1/tests/testdata/unicode.dist'))
  rmSync(sources, { recursive: true, force: true })
}

function wheelOf(pin: string): string | undefined {
  const [name, version] = pin.split('==') as [string, string]
  return readdirSync(wheels).find((file) => {
    const [distribution, found] = file.split('-')
    return distribution!.replaceAll(/[-_.]+/g, '-').toLowerCase() === name && found === version
  })
}

/** Every file below a folder, with its content. */
function filesBelow(folder: string): Map<string, { readonly bytes: Buffer; readonly isExecutable: boolean }> {
  const files = new Map<string, { bytes: Buffer; isExecutable: boolean }>()
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length + 1), {
      bytes: readFileSync(path),
      isExecutable: (statSync(path).mode & 0o111) !== 0,
    })
  }
  return files
}

async function compare(made: readonly MadeWheel[], names: readonly string[]): Promise<number> {
  const target = join(temporaryFolder(), 'target')
  pip(
    'install',
    '--no-index',
    '--find-links',
    wheels,
    ...made.map((one) => ['--find-links', resolve(one.path, '..')]).flat(),
    '--no-deps',
    '--no-compile',
    '--target',
    target,
    ...names,
  )
  const project = projectFolder({ 'pylock.toml': pylockOf(made) })
  const surroundings = await createBuildSurroundings({
    environment: { ...process.env, ZIPYARD_CACHE_DIR: join(cache, 'zipyard') },
    offline: true,
  })
  const [plan] = planBuilds({
    workingDirectory: project,
    runtime: minor,
    compat: 'pip',
    interpreter: python,
    noCheck: true,
  })
  await build({ ...plan!, onConflict: 'last' }, surroundings)
  await surroundings.close()
  const expected = filesBelow(target)
  const { source, listing } = openArchive(plan!.out)
  const found = new Map(listing.entries.map((entry) => [entry.name, entry]))
  expect(
    [...found.keys()].filter((path) => !expected.has(path)),
    'files that pip does not write',
  ).toEqual([])
  expect(
    [...expected.keys()].filter((path) => !found.has(path)),
    'files that only pip writes',
  ).toEqual([])
  const different: string[] = []
  for (const [path, { bytes, isExecutable }] of expected) {
    const entry = found.get(path)!
    if (!readEntry(source, entry).equals(bytes)) different.push(path)
    if (((permissionsOf(entry) & 0o111) !== 0) !== isExecutable) different.push(`${path} (mode)`)
  }
  source.close()
  expect(different).toEqual([])
  return expected.size
}

function onDisk(filename: string): MadeWheel {
  const path = join(wheels, filename)
  const bytes = readFileSync(path)
  return { filename, path, sha256: sha256(bytes), sizeBytes: bytes.length }
}

test('the package of real distributions equals what pip installs, in every byte', { timeout: 600_000 }, async () => {
  const files = oracleDistributions.map((pin) => wheelOf(pin)!)
  const compared = await compare(files.map(onDisk), oracleDistributions)
  expect(oracleDistributions.length).toBeGreaterThanOrEqual(25)
  expect(compared).toBeGreaterThan(8_000)
})

/** What must be among them, each by a name that shows it. */
const kinds: readonly (readonly [kind: string, name: RegExp])[] = [
  ['scripts', /^[^/]+\.data\/scripts\//],
  ['data', /^[^/]+\.data\/data\//],
  ['headers', /^[^/]+\.data\/headers\//],
  ['entry points', /\.dist-info\/entry_points\.txt$/],
  ['namespace packages', /-nspkg\.pth$/],
  ['compiled code', /\.so$/],
  ['bytecode', /\.pyc$/],
  ['names that are not ASCII', /[^\x20-\x7e]/],
]

test('the real distributions have everything that an installer treats in a way of its own', () => {
  const names = [...oracleDistributions.map((pin) => wheelOf(pin)!), unicodeWheel()!].flatMap((filename) => {
    const { source, listing } = openArchive(join(wheels, filename))
    source.close()
    return listing.entries.map((entry) => entry.name)
  })
  expect(kinds.filter(([, shows]) => !names.some((name) => shows.test(name))).map(([kind]) => kind)).toEqual([])
})

test('a real one with names that are not ASCII does so too', async () => {
  expect(await compare([onDisk(unicodeWheel()!)], ['unicode.dist'])).toBeGreaterThan(5)
})

test('so does one with names that are not ASCII, a script that is no script, and both kinds of entry points', async () => {
  const folder = temporaryFolder()
  const made = wheel(folder, {
    name: 'Strange.Name',
    version: '1.0',
    files: {
      'strange/__init__.py': 'x = 1\n',
      'strange/größe.txt': 'ü',
      'strange/日本語/データ.json': '{}',
      'strange/with, comma.txt': 'a',
      'strange/with "quotes".txt': 'b',
      'strange/empty.bin': '',
      '.data/scripts/plain': '#!/bin/sh\necho 1\n',
      '.data/scripts/windowed': '#!pythonw\nprint(1)\n',
      '.data/scripts/no-newline': '#!python',
      '.data/scripts/binary': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]),
      '.data/scripts/strange-cli': '#!python\nsetuptools made this, and an installer replaces it\n',
      '.data/data/etc/strange.conf': 'c',
      '.data/platlib/strange/native.py': 'y = 2\n',
      '.data/headers/strange.h': '#define X\n',
      '.dist-info/entry_points.txt':
        '[console_scripts]\nstrange-cli = strange:main.run\n\n[gui_scripts]\nstrange-gui = strange.gui:main [extra]\n\n[other]\nx = strange\n',
    },
  })
  writeFileSync(join(folder, 'note.txt'), '')
  await compare([made], ['Strange.Name'])
})
