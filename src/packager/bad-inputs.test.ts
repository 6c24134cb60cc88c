import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildProject, contents, lockedProject, scratch } from '../../test/kit/packages.ts'
import { rawZip, type RawEntry } from '../../test/kit/raw-zip.ts'
import { answer, indexServer, projectPage } from '../../test/kit/index-server.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { projectFolder, pylockOf, wheel, type MadeWheel } from '../../test/kit/wheel.ts'
import { ZipyardError } from '../base/errors.ts'
import { sha256 } from '../base/digest.ts'
import { build } from './build.ts'
import { planBuilds, type BuildRequest } from './plan-builds.ts'
import { createBuildSurroundings } from './surroundings.ts'

/** What a refused build says, and that it wrote nothing. */
async function refusal(
  folder: string,
  request: Partial<BuildRequest> = {},
  environment: Record<string, string> = {},
): Promise<ZipyardError> {
  const error: unknown = await buildProject(folder, request, environment).then(
    () => new Error('it was built'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof ZipyardError)) throw error
  expect(existsSync(join(folder, 'dist'))).toBe(false)
  expect(error.message).not.toMatch(/\.$/)
  return error
}

/** A wheel with these entries beside honest metadata. */
function hostileWheel(folder: string, entries: readonly RawEntry[]): MadeWheel {
  const metadata: RawEntry[] = [
    { name: 'evil-1.0.dist-info/METADATA', bytes: 'Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n' },
    { name: 'evil-1.0.dist-info/WHEEL', bytes: 'Wheel-Version: 1.0\nTag: py3-none-any\n' },
    { name: 'evil-1.0.dist-info/RECORD', bytes: 'evil-1.0.dist-info/RECORD,,\n' },
  ]
  const bytes = rawZip([...metadata, ...entries])
  const path = join(folder, 'evil-1.0-py3-none-any.whl')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, bytes)
  return { filename: 'evil-1.0-py3-none-any.whl', path, sha256: sha256(bytes), sizeBytes: bytes.length }
}

const bomb = { name: 'bomb.bin', bytes: Buffer.alloc(50_000_000) }

test.each<[string, readonly RawEntry[], RegExp]>([
  ['a name that leads out of the package', [{ name: '../outside.py', bytes: 'x' }], /leads out of the package/],
  ['an absolute name', [{ name: '/etc/passwd', bytes: 'x' }], /root of the file system/],
  [
    'the same name twice',
    [
      { name: 'a.py', bytes: '1' },
      { name: 'a.py', bytes: '2' },
    ],
    /`a\.py` stands in it twice/,
  ],
  [
    'a file that is also a folder',
    [
      { name: 'a', bytes: '1' },
      { name: 'a/b.py', bytes: '2' },
    ],
    /both a file and a folder/,
  ],
  ['bzip2 compression', [{ name: 'a.py', bytes: 'x', method: 12, packed: Buffer.from('BZh9') }], /bzip2/],
  ['zstd compression', [{ name: 'a.py', bytes: 'x', method: 93, packed: Buffer.from('x') }], /zst/i],
  ['a local name that differs from the directory', [{ name: 'a.py', bytes: 'x', local: { name: 'b.py' } }], /b\.py/],
  ['a symbolic link', [{ name: 'link', bytes: '/etc', mode: 0o120777 }], /link/],
  [
    'more bytes than it claims',
    [{ ...bomb, directory: { uncompressedBytes: 10 }, local: { uncompressedBytes: 10 } }],
    /bomb\.bin/,
  ],
  ['a wrong checksum', [{ name: 'a.py', bytes: 'x', directory: { crc32: 1 }, local: { crc32: 1 } }], /checksum/],
])('a wheel with %s is refused', async (_, entries, sentence) => {
  const folder = projectFolder({ 'app.py': '' })
  writeFileSync(join(folder, 'pylock.toml'), pylockOf([hostileWheel(join(folder, '.cache'), entries)]))
  const error = await refusal(folder)
  const told = [
    error.message,
    error.hint,
    JSON.stringify(error.details),
    (error.cause as Error | undefined)?.message,
  ].join('\n')
  expect(told).toMatch(sentence)
})

test.each([
  [
    'another digest than the file has',
    'lib.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,6\n',
    '`lib.py` has another digest than its RECORD says',
  ],
  [
    'another size than the file has, whatever the digest is',
    'lib.py,sha512=AAAA,7\n',
    'its RECORD gives `lib.py` 7 bytes, it has 6',
  ],
])('a wheel whose RECORD gives %s is refused', async (_, record, sentence) => {
  const folder = projectFolder({ 'app.py': '' })
  const path = join(folder, 'evil-1.0-py3-none-any.whl')
  const bytes = rawZip([
    { name: 'evil-1.0.dist-info/METADATA', bytes: 'Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n' },
    { name: 'evil-1.0.dist-info/WHEEL', bytes: 'Wheel-Version: 1.0\nTag: py3-none-any\n' },
    { name: 'evil-1.0.dist-info/RECORD', bytes: record },
    { name: 'lib.py', bytes: 'x = 1\n' },
  ])
  writeFileSync(path, bytes)
  const made = { filename: 'evil-1.0-py3-none-any.whl', path, sha256: sha256(bytes), sizeBytes: bytes.length }
  writeFileSync(join(folder, 'pylock.toml'), pylockOf([made]))
  expect((await refusal(folder)).message).toContain(sentence)
})

test.each([
  ['another distribution', 'Name: other\nVersion: 1.0\n', 'its METADATA is of `other 1.0`'],
  ['another version', 'Name: evil\nVersion: 1.1\n', 'its METADATA is of `evil 1.1`'],
  ['no version that is one', 'Name: evil\nVersion: newest\n', 'its METADATA is of `evil newest`'],
])('a wheel whose METADATA is of %s is refused', async (_, lines, sentence) => {
  const folder = projectFolder({ 'app.py': '' })
  const made = wheel(join(folder, '.cache'), {
    name: 'evil',
    files: { '.dist-info/METADATA': `Metadata-Version: 2.1\n${lines}` },
  })
  writeFileSync(join(folder, 'pylock.toml'), pylockOf([made]))
  expect((await refusal(folder)).message).toContain(sentence)
})

test('a wheel without a central directory, or with half of one, is refused as no zip', async () => {
  for (const damage of [
    (bytes: Buffer) => bytes.subarray(0, bytes.length - 30),
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -60), Buffer.alloc(38, 0xff), bytes.subarray(-22)]),
  ]) {
    const folder = projectFolder({ 'app.py': '' })
    const whole = wheel(join(folder, '.cache'), { name: 'lib' })
    const bytes = damage(readFileSync(whole.path))
    writeFileSync(whole.path, bytes)
    writeFileSync(join(folder, 'pylock.toml'), pylockOf([{ ...whole, sha256: sha256(bytes), sizeBytes: bytes.length }]))
    const error = await refusal(folder)
    expect(error.message).toMatch(
      /`lib-1\.0-py3-none-any\.whl`.*(is not a complete zip archive|its end record counts 4 files, its directory lists 3)/,
    )
  }
})

test('a wheel with other bytes than the lock says is refused, and not kept', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib' }])
  const lock = readFileSync(join(folder, 'pylock.toml'), 'utf8')
  writeFileSync(join(folder, 'pylock.toml'), lock.replace(/sha256 = "[0-9a-f]{64}"/, `sha256 = "${'0'.repeat(64)}"`))
  const cache = temporaryFolder()
  const error = await refusal(folder, {}, { ZIPYARD_CACHE_DIR: cache })
  expect(error.message).toMatch(
    /^`lib-1\.0-py3-none-any\.whl` has another SHA-256 than expected|`lib-1\.0-py3-none-any\.whl`.*0{64}/,
  )
  expect(existsSync(join(cache, 'blobs')) ? readdirSync(join(cache, 'blobs'), { recursive: true }) : []).toEqual([])
})

test('names that differ in case only are packed as they are, for Lambda tells them apart', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib', files: { 'lib/a.py': 'a = 1', 'lib/A.py': 'A = 1' } }])
  const packed = contents((await buildProject(folder)).path)
  expect([packed['lib/a.py'], packed['lib/A.py']]).toEqual(['a = 1', 'A = 1'])
})

test('a withdrawn release is taken where the lock or an exact version names it, and refused otherwise with its reason', async () => {
  const old = wheel(join(scratch, 'yanked'), { name: 'lib' })
  const file = {
    filename: old.filename,
    url: `/${old.filename}`,
    hashes: { sha256: old.sha256 },
    yanked: 'leaks memory',
  }
  const server = await indexServer({
    '/simple/lib/': projectPage([file]),
    [`/${old.filename}`]: answer(200, readFileSync(old.path)),
  })
  const environment = { PIP_INDEX_URL: `${server.url}/simple` }
  const build = async (line: string) =>
    buildProject(projectFolder({ 'app.py': '', 'requirements.txt': `${line}\n` }), { resolver: 'pip' }, environment)
  expect((await build('lib==1.0')).shares.map(({ name }) => name)).toContain('lib')
  const error = (await build('lib>=1').catch((reason: unknown) => reason)) as ZipyardError
  expect(error.message).toBe('Every version of `lib` that `lib>=1` allows was withdrawn: `1.0` (leaks memory)')
  expect(error.hint).toContain('`lib==1.0`')
})

test('zip64 wheels and wheels with data descriptors are taken: streaming tools write them', async () => {
  const large = projectFolder({ 'app.py': '' })
  const lib = wheel(join(large, '.cache'), { name: 'lib' })
  // Python's own zipfile, told that every size is large.
  const rewrite = `
import sys, zipfile
source = zipfile.ZipFile(sys.argv[1])
files = [(info.filename, source.read(info)) for info in source.infolist()]
zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = 0
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as out:
    for name, data in files:
        with out.open(name, 'w', force_zip64=True) as entry:
            entry.write(data)
`
  execFileSync('python3', ['-c', rewrite, lib.path])
  const bytes = readFileSync(lib.path)
  expect(bytes.includes(Buffer.from('PK\x06\x06', 'latin1'))).toBe(true)
  writeFileSync(join(large, 'pylock.toml'), pylockOf([{ ...lib, sha256: sha256(bytes), sizeBytes: bytes.length }]))
  expect(contents((await buildProject(large)).path)['lib.py']).toBe("version = '1.0'\n")
  const folder = projectFolder({ 'app.py': '' })
  const made = hostileWheel(join(folder, '.cache'), [
    { name: 'lib.py', bytes: 'x = 1\n'.repeat(50), dataDescriptor: true, flags: 8 },
  ])
  writeFileSync(join(folder, 'pylock.toml'), pylockOf([made]))
  const report = await buildProject(folder)
  expect(contents(report.path)['lib.py']).toBe('x = 1\n'.repeat(50))
})

test('malformed TOML is told with line and column', async () => {
  const folder = projectFolder({
    'app.py': '',
    'pyproject.toml': '[project]\nname = "x"\ndependencies = [\n  "a"\n  "b"\n]\n',
  })
  const error = await refusal(folder)
  expect(error.message).toMatch(/`.*pyproject\.toml` is not TOML: line 5, column \d/)
})

test('extras and groups where nothing declares any, and functions of a project without, are refused, not passed over', async () => {
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'lib\n', 'pyproject.toml': '[project]\nname = "a"\nversion = "1"\n[project.optional-dependencies]\nfast = []\n' }) // prettier-ignore
  await expect(buildProject(folder, { extras: ['fast'] })).rejects.toMatchObject({
    message:
      '`--extra fast` chooses from a `pyproject.toml` or a lock, and the dependencies come from `requirements.txt`',
    hint: 'Leave it out, or name the file that declares it, such as `-r pyproject.toml`',
  })
  await expect(buildProject(projectFolder({ 'app.py': '' }), { groups: ['dev'] })).rejects.toThrow(
    '`--group dev` chooses from a `pyproject.toml` or a lock, and there is none',
  )
  await expect(buildProject(folder, { requirements: ['pyproject.toml'], extras: ['fsat'] })).rejects.toMatchObject({
    message: expect.stringContaining('has no extra `fsat`') as string,
    hint: 'It has `fast`',
  })
  await expect(buildProject(folder, { only: ['f'] })).rejects.toThrow(
    'The project has no functions, so `--function f` names none',
  )
})

test('a runtime, an architecture and a handler that do not exist are told with what does', async () => {
  const folder = projectFolder({ 'app.py': '' })
  expect((await refusal(folder, { runtime: 'python3.99' })).hint).toContain('`python3.13`')
  expect((await refusal(folder, { architectures: ['sparc'] })).hint).toContain('`arm64`')
  expect((await refusal(folder, { handler: 'nodot' })).message).toContain('no dot')
  expect((await refusal(folder, { handler: 'app.main', noCheck: false })).message).toContain('does not define `main`')
})

test('a lock for another Python, and a version without a fitting wheel, are told with what there is', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib' }])
  const lock = join(folder, 'pylock.toml')
  writeFileSync(lock, `requires-python = ">=3.14"\n${readFileSync(lock, 'utf8')}`)
  expect((await refusal(folder)).message).toContain('which excludes')
  const native = lockedProject({ 'app.py': '' }, [{ name: 'fast', tag: 'cp312-cp312-manylinux_2_28_x86_64' }])
  expect((await refusal(native)).message).toBe(
    '`fast 1.0` has no wheel for python3.13 on x86_64: wanted `cp313-cp313-manylinux_2_34_x86_64`, found `fast-1.0-cp312-cp312-manylinux_2_28_x86_64.whl` (abi `cp312`)',
  )
})

test('requirements that cannot be satisfied are refused with the words of the resolver', async () => {
  const links = join(scratch, 'unsatisfiable')
  wheel(links, { name: 'lib', version: '1.0', requires: ['needed>=2'] })
  wheel(links, { name: 'needed', version: '1.0' })
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'lib\n' })
  const error = await refusal(folder, { resolver: 'pip' }, { PIP_FIND_LINKS: links, PIP_NO_INDEX: '1' })
  expect(error.code).toBe('ZY0410')
  expect((error.cause as Error).message).toContain('needed>=2')
})

test('an index that cannot be reached is named, its password is not', async () => {
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'lib\n' })
  const environment = {
    PIP_INDEX_URL: 'http://ana:secret@127.0.0.1:9/simple',
    PIP_RETRIES: '0',
    UV: '/nowhere/uv',
    UV_HTTP_RETRIES: '0',
  }
  const error = await refusal(folder, { resolver: 'pip' }, environment)
  expect([error.message, error.hint, (error.cause as Error).message].join('\n')).not.toContain('secret')
})

test('what was never fetched cannot be had offline, and is named', async () => {
  const folder = projectFolder({ 'app.py': '' })
  const [made] = [wheel(join(folder, '.cache'), { name: 'far' })]
  const lock = pylockOf([made!]).replace(/path = "[^"]*"/, 'url = "https://index.example/far-1.0-py3-none-any.whl"')
  writeFileSync(join(folder, 'pylock.toml'), lock)
  expect((await refusal(folder, { offline: true })).message).toBe(
    '`far-1.0-py3-none-any.whl` is not in the cache, and `--offline` forbids to fetch it',
  )
})

test('a build that is interrupted leaves no package and an intact cache', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib', files: { 'lib.bin': Buffer.alloc(3_000_000, 7) } }])
  const interruption = new AbortController()
  const surroundings = await createBuildSurroundings({
    environment: { ZIPYARD_CACHE_DIR: temporaryFolder(), HOME: scratch },
    signal: interruption.signal,
    onStage: (stage) => {
      if (stage === 'splice') interruption.abort()
    },
  })
  const [plan] = planBuilds({ workingDirectory: folder, noCheck: true })
  await expect(build(plan!, surroundings)).rejects.toThrow()
  expect(existsSync(join(folder, 'dist'))).toBe(false)
  const again = await createBuildSurroundings({
    environment: { ZIPYARD_CACHE_DIR: surroundings.cache.folder, HOME: scratch },
  })
  expect((await build(plan!, again)).entries).toBe(5)
})

test('a build that fails leaves folders for its package as they were', async () => {
  const folder = projectFolder({ 'app.py': '' })
  mkdirSync(join(folder, 'kept'))
  const request = { handler: 'app.main', noCheck: false }
  for (const out of ['new/deep/app.zip', 'kept/new/app.zip']) await refusal(folder, { ...request, out })
  expect(readdirSync(folder).sort()).toEqual(['app.py', 'kept'])
  expect(readdirSync(join(folder, 'kept'))).toEqual([])
})

test('builds at the same time share a cache and write the same bytes', async () => {
  const cache = { ZIPYARD_CACHE_DIR: temporaryFolder() }
  const specs = Array.from({ length: 6 }, (_, index) => ({
    name: `lib${index}`,
    files: { [`lib${index}.py`]: `x = ${index}\n`.repeat(2000) },
  }))
  const reports = await Promise.all(
    [1, 2, 3].map(async () => buildProject(lockedProject({ 'app.py': '' }, specs), {}, cache)),
  )
  expect(new Set(reports.map(({ codeSha256 }) => codeSha256)).size).toBe(1)
})

test('a wheel that was damaged in the cache is noticed and fetched again', async () => {
  const cache = temporaryFolder()
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib', files: { 'lib.py': 'x = 1\n'.repeat(100) } }])
  const first = await buildProject(folder, {}, { ZIPYARD_CACHE_DIR: cache })
  const blobs = join(cache, 'blobs')
  const [blob] = readdirSync(blobs, { recursive: true, encoding: 'utf8' })
    .map((name) => join(blobs, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith('.seal'))
  const bytes = readFileSync(blob!)
  bytes[60]! ^= 0xff
  writeFileSync(blob!, bytes)
  utimesSync(blob!, 1, 1)
  const second = await buildProject(folder, {}, { ZIPYARD_CACHE_DIR: cache })
  expect(second.codeSha256).toBe(first.codeSha256)
  expect(sha256(readFileSync(blob!))).toBe(sha256(readFileSync(join(folder, '.cache/lib-1.0-py3-none-any.whl'))))
})

test('when nothing fits, the nearest version that would is named, from what the index has', async () => {
  const page = ['1.0-cp312-cp312', '1.1-cp312-cp312', '1.2-cp313-cp313', '2.0-cp313-cp313']
    .map((part) => `<a href="/files/fast-${part}-manylinux_2_28_x86_64.whl#sha256=${'0'.repeat(64)}">x</a>`)
    .join('\n')
  const server = await indexServer({
    '/simple/fast/': answer(200, `<html>${page}</html>`, { 'content-type': 'text/html' }),
  })
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'fast', tag: 'cp312-cp312-manylinux_2_28_x86_64' }])
  const error = await refusal(folder, {}, { PIP_INDEX_URL: `${server.url}/simple` })
  expect(error.hint).toBe('`fast==1.2` has one: write that version into the requirements, lock again, and build')
})

test('a second build asks the index nothing', async () => {
  const made = wheel(join(scratch, 'served'), { name: 'served' })
  const server = await indexServer({ [`/${made.filename}`]: answer(200, readFileSync(made.path)) })
  const folder = projectFolder({ 'app.py': '' })
  writeFileSync(
    join(folder, 'pylock.toml'),
    pylockOf([made]).replace(/path = "[^"]*"/, `url = "${server.url}/${made.filename}"`),
  )
  const environment = { ZIPYARD_CACHE_DIR: temporaryFolder() }
  const first = await buildProject(folder, {}, environment)
  expect(server.requests).toEqual([`GET /${made.filename}`])
  expect((await buildProject(folder, {}, environment)).codeSha256).toBe(first.codeSha256)
  expect(server.requests).toHaveLength(1)
})

test.each([
  [401, 'text/plain', 'no', /credentials/],
  [404, 'text/html', '<html>gone</html>', /does not exist \(404\)$/],
  [429, 'text/plain', 'slower', /refuses more requests for now \(429\)$/],
  [500, 'text/html', 'x', /answered 500$/],
  [200, 'text/html', '<html>please log in</html>', /answered with a web page where a file was expected$/],
])('a wheel answered with %i and %s is refused and never cached', async (status, type, body, sentence) => {
  const made = wheel(join(scratch, 'answered'), { name: 'answered' })
  const server = await indexServer({ [`/${made.filename}`]: answer(status, body, { 'content-type': type }) })
  const folder = projectFolder({ 'app.py': '' })
  writeFileSync(
    join(folder, 'pylock.toml'),
    pylockOf([made]).replace(/path = "[^"]*"/, `url = "${server.url}/${made.filename}"`),
  )
  const cache = temporaryFolder()
  const error = await refusal(folder, {}, { ZIPYARD_CACHE_DIR: cache, PIP_RETRIES: '0' })
  expect(error.message).toMatch(sentence)
  expect(error.hint).toBeTruthy()
  expect(existsSync(join(cache, 'blobs')) ? readdirSync(join(cache, 'blobs'), { recursive: true }) : []).toEqual([])
})
