/** The same inputs give the same bytes, whoever builds, wherever, on whichever Node. Each build is a process of its own. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
  chmodSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolder, pylockOf, wheel } from '../kit/wheel.ts'

const repository = resolve(import.meta.dirname, '../..')
const main = join(repository, 'src/cli/main.ts')

/** A project with dependencies and own files of the kinds that hosts differ in. The order of creation is turned around for every other one. */
function project(reversed: boolean): string {
  const files = {
    'app.py': '"""Größe."""\nprint(1)\n'.repeat(200),
    'pkg/__init__.py': '',
    'pkg/data.json': JSON.stringify(
      Array.from({ length: 500 }, (_, index) => ({ index, text: `value ${index % 17}` })),
    ),
    'pkg/größe.txt': 'ü',
    'run.sh': '#!/bin/sh\n',
    'empty.txt': '',
  }
  const entries = Object.entries(files)
  const folder = projectFolder(Object.fromEntries(reversed ? entries.toReversed() : entries))
  symlinkSync('data.json', join(folder, 'pkg/link.json'))
  const made = [
    wheel(join(folder, '.cache'), {
      name: 'one',
      files: { 'one/__init__.py': 'x = 1\n', '.data/scripts/one': '#!python\n', '.data/data/share/one.txt': '1' },
    }),
    wheel(join(folder, '.cache'), { name: 'two', requires: ['one'] }),
  ]
  writeFileSync(join(folder, 'pylock.toml'), pylockOf(reversed ? made.toReversed() : made))
  return folder
}

function codeSha256(
  folder: string,
  options: {
    readonly node?: readonly string[]
    readonly umask?: string
    readonly environment?: Readonly<Record<string, string>>
  } = {},
): string {
  const cache = mkdtempSync(join(tmpdir(), 'zipyard-determinism-'))
  try {
    const [command, ...args] = options.node ?? [process.execPath, '--import', 'tsx']
    const answer = execFileSync(
      '/bin/sh',
      [
        '-c',
        `umask ${options.umask ?? '022'}; exec "$@"`,
        'sh',
        command!,
        ...args,
        main,
        'build',
        folder,
        '--json',
        '--no-check',
      ],
      {
        cwd: repository,
        env: { PATH: process.env['PATH'] ?? '', HOME: cache, ZIPYARD_CACHE_DIR: cache, ...options.environment },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    return (JSON.parse(answer) as { packages: { codeSha256: string }[] }).packages[0]!.codeSha256
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

test('the bytes do not depend on folder, order of creation, times, permissions, umask, time zone or locale', () => {
  const first = codeSha256(project(false))
  const other = project(true)
  for (const name of readdirSync(other)) utimesSync(join(other, name), 1e9, 1e9)
  chmodSync(join(other, 'app.py'), 0o755)
  chmodSync(join(other, 'run.sh'), 0o600)
  const environment = { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', SOURCE_DATE_EPOCH: '1' }
  expect(codeSha256(other, { umask: '077', environment })).toBe(first)
  expect(codeSha256(project(false), { umask: '000', environment: { TZ: 'America/St_Johns', LC_ALL: 'C' } })).toBe(first)
})

/** Set by CI and by `npm run long`: each Node is some 50 MB from the npm registry, kept in `.cache/`. */
const nodes = process.env['ZIPYARD_TEST_NODES']?.split(',') ?? []

test.each(nodes)('Node %s writes the bytes that this Node writes', { timeout: 600_000 }, (version) => {
  const home = join(repository, '.cache', 'nodes', version)
  const node = join(home, 'node_modules/node/bin/node')
  if (!existsSync(node)) {
    mkdirSync(home, { recursive: true })
    execFileSync('npm', ['install', '--no-save', '--prefix', home, `node@${version}`], { stdio: 'pipe' })
  }
  expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^v${version}\\.`))
  // From 22.18 on, Node reads TypeScript by itself.
  const folder = project(false)
  expect(codeSha256(folder, { node: [node, '--no-warnings'] })).toBe(codeSha256(folder))
})
