/** What real processes leave behind: a build that a person stops, and builds that run at the same time on one cache. */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { answer, indexServer } from '../kit/index-server.ts'
import { uvExecutable } from '../kit/real-tools.ts'
import { projectFolder, pylockOf, wheel, type MadeWheel } from '../kit/wheel.ts'

const uv = await uvExecutable()
const repository = resolve(import.meta.dirname, '../..')

function startBuild(
  folder: string,
  cache: string,
  more: { readonly args?: readonly string[]; readonly environment?: Readonly<Record<string, string>> } = {},
): { readonly child: ChildProcess; readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }> } {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(repository, 'src/cli/main.ts'),
      'build',
      folder,
      '--json',
      '--no-check',
      ...(more.args ?? []),
    ],
    {
      cwd: repository,
      env: { PATH: process.env['PATH'] ?? '', HOME: cache, ZIPYARD_CACHE_DIR: cache, ...more.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return { child, ended: new Promise((done) => child.once('close', (code) => done({ code, stdout, stderr }))) }
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(folder, name)).isFile())
    : []

function locked(made: readonly MadeWheel[], url: string): string {
  const folder = projectFolder({ 'app.py': '' })
  writeFileSync(join(folder, 'pylock.toml'), pylockOf(made).replace(/path = "[^"]*\/([^"/]+)"/g, `url = "${url}/$1"`))
  return folder
}

test('Ctrl-C in a download ends the build at once, with no package and nothing half in the cache', async () => {
  const made = wheel(mkdtempSync(join(tmpdir(), 'zipyard-wheels-')), {
    name: 'lib',
    files: { 'lib.bin': Buffer.alloc(100_000, 'x1y2') },
  })
  const bytes = readFileSync(made.path)
  let isHalfSent = (): void => undefined
  const half = new Promise<void>((done) => (isHalfSent = done))
  const server = await indexServer({
    [`/${made.filename}`]: (_request, response) => {
      response.writeHead(200, { 'content-length': String(bytes.length) })
      response.write(bytes.subarray(0, 60), () => isHalfSent())
    },
  })
  const cache = mkdtempSync(join(tmpdir(), 'zipyard-cache-'))
  const folder = locked([made], server.url)
  const { child, ended } = startBuild(folder, cache)
  await half
  child.kill('SIGINT')
  const { code } = await ended
  expect(code).toBe(130)
  expect(existsSync(join(folder, 'dist'))).toBe(false)
  expect(filesBelow(join(cache, 'blobs'))).toEqual([])
  // The same cache serves the next build.
  const good = await indexServer({ [`/${made.filename}`]: answer(200, bytes) })
  const again = await startBuild(locked([made], good.url), cache).ended
  expect(again.code, again.stderr).toBe(0)
})

test.each(['uv', 'pip'])(
  'Ctrl-C while %s waits for an index that says nothing ends the build, and what it started',
  async (resolver) => {
    let isAsked = (): void => undefined
    const asked = new Promise<void>((done) => (isAsked = done))
    // Longer than this test: whoever waits for the resolver waits for ever.
    const patient = { PIP_DEFAULT_TIMEOUT: '600', UV_HTTP_TIMEOUT: '600' }
    let isGone = (): void => undefined
    const gone = new Promise<void>((done) => (isGone = done))
    const server = await indexServer({
      '/simple/lib/': (_request, response) => {
        response.once('close', isGone)
        isAsked()
      },
    })
    const path = process.env['PATH'] ?? ''
    const cache = mkdtempSync(join(tmpdir(), 'zipyard-cache-'))
    const folder = projectFolder({
      'app.py': '',
      'requirements.txt': `--index-url ${server.url}/simple\nlib\n`,
      // Like the shims of version managers: the real one is its child.
      'bin/python3': `#!/bin/sh\nPATH='${path}' python3 "$@"\nexit $?\n`,
    })
    chmodSync(join(folder, 'bin/python3'), 0o755)
    const scratch = mkdtempSync(join(tmpdir(), 'zipyard-scratch-'))
    const environment = { ...patient, UV: uv, PATH: `${join(folder, 'bin')}:${path}`, TMPDIR: scratch }
    const { child, ended } = startBuild(folder, cache, { args: ['--resolver', resolver], environment })
    await asked
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    expect(existsSync(join(folder, 'dist'))).toBe(false)
    expect(existsSync(join(folder, 'pylock.zipyard.toml'))).toBe(false)
    expect(readdirSync(scratch).filter((name) => /^(?:zipyard|pip)-/.test(name))).toEqual([])
    // The resolver's connection ends with it, also that of a resolver that another process started.
    await gone
  },
)

test('two processes that build at the same time on one cache write the same bytes', async () => {
  const wheels = mkdtempSync(join(tmpdir(), 'zipyard-wheels-'))
  const made = Array.from({ length: 8 }, (_, index) =>
    wheel(wheels, { name: `lib${index}`, files: { [`lib${index}.py`]: `x = ${index}\n`.repeat(4000) } }),
  )
  const server = await indexServer(
    Object.fromEntries(made.map((one) => [`/${one.filename}`, answer(200, readFileSync(one.path))])),
  )
  const cache = mkdtempSync(join(tmpdir(), 'zipyard-cache-'))
  const builds = await Promise.all([1, 2].map(() => startBuild(locked(made, server.url), cache).ended))
  const hashes = builds.map(({ code, stdout, stderr }) => {
    expect(code, stderr).toBe(0)
    return (JSON.parse(stdout) as { packages: { codeSha256: string }[] }).packages[0]!.codeSha256
  })
  expect(hashes[0]).toBe(hashes[1])
})
