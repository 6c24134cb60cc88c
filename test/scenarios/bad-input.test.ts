/** Everything that people get wrong, against one running service: each is answered in words, and the service survives all of it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send } from '../../src/client/call.ts'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget, type Target } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { startService, temporaryFolder, zipyard, type RunningService } from '../kit/zipyard.ts'

let service: RunningService
let target: Target
let client: LambdaClient
beforeAll(async () => {
  service = await startService()
  target = serviceTarget(readServiceFile(service.dataFolder))
  client = new LambdaClient(target)
  await create('good', archive({ 'app.py': 'def main(event, context):\n    return "alive"\n' }))
  await client.waitUntilReady('good')
})
afterAll(() => service?.stop())

const unreadable = 'Could not unzip uploaded file. Please check your file, then try to upload again.'

function create(name: string, code: Buffer, extra: object = {}): Promise<unknown> {
  return client.create({
    FunctionName: name,
    Runtime: 'python3.11',
    Handler: 'app.main',
    Role: 'arn:aws:iam::123456789012:role/r',
    Code: { ZipFile: code.toString('base64') },
    ...extra,
  })
}

async function expectAlive(): Promise<void> {
  const { payload } = await client.invoke('good', { payload: Buffer.from('{}') })
  expect(payload.toString()).toBe('"alive"')
}

/** A zip whose directory claims a size that its data does not have. */
function lyingArchive(): Buffer {
  const bytes = archive({ 'app.py': 'x' })
  const directory = bytes.lastIndexOf('PK\u0001\u0002', undefined, 'latin1')
  bytes.writeUInt32LE(300_000_000, directory + 24)
  return bytes
}

function bomb(): Buffer {
  const zeros = deflateRawSync(Buffer.alloc(200_000_000), { level: 9 })
  const folder = temporaryFolder('bomb')
  writeFileSync(
    join(folder, 'make.py'),
    'import zipfile\nz = zipfile.ZipFile("b.zip", "w", zipfile.ZIP_DEFLATED)\nfor i in range(2):\n    z.writestr(f"{i}.bin", b"\\0" * 140_000_000)\nz.close()\n',
  )
  execFileSync('python3', ['make.py'], { cwd: folder })
  expect(zeros.length).toBeLessThan(1_000_000)
  return execFileSync('cat', [join(folder, 'b.zip')], { maxBuffer: 1 << 28 })
}

describe('packages', () => {
  const good = archive({ 'app.py': 'def main(event, context):\n    return 1\n' })
  test.each([
    ['not a zip', () => Buffer.from('hello, this is no zip at all'), unreadable],
    ['a zip cut short', () => good.subarray(0, good.length - 30), unreadable],
    ['an empty body', () => Buffer.alloc(0), 'Uploaded file must be a non-empty zip'],
    ['a zip without entries', () => archive({}), unreadable],
    ['a name that climbs out', () => archive({ '../../evil.py': 'x', 'app.py': 'x' }), unreadable],
    ['an absolute name', () => archive({ '/etc/evil.py': 'x' }), unreadable],
    ['a size that is not true', lyingArchive, unreadable],
    ['more than 250 MB unzipped', bomb, 'Unzipped size must be smaller than 262144000 bytes'],
  ])('%s is refused as AWS refuses it, and leaves nothing behind', async (_title, code, message) => {
    await expect(create('bad', code())).rejects.toThrowError(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    )
    expect(await client.getConfiguration('bad')).toBeUndefined()
    expect(readdirSync(join(service.dataFolder, 'blobs')).includes('evil.py')).toBe(false)
    await expectAlive()
  })

  test('duplicate names: the last one wins', async () => {
    const folder = temporaryFolder('twice')
    const script =
      'import zipfile, warnings\nwarnings.simplefilter("ignore")\nz = zipfile.ZipFile("d.zip", "w")\nfor n in (1, 2):\n    i = zipfile.ZipInfo("app.py"); i.external_attr = 0o644 << 16; z.writestr(i, f"def main(e, c):\\n    return {n}\\n")\nz.close()\n'
    execFileSync('python3', ['-c', script], { cwd: folder })
    await create('twice', execFileSync('cat', [join(folder, 'd.zip')]))
    await client.waitUntilReady('twice')
    expect((await client.invoke('twice', { payload: Buffer.from('{}') })).payload.toString()).toBe('2')
  })
})

describe('functions', () => {
  const code = archive({ 'app.py': 'def main(event, context):\n    return 1\n' })
  test.each([
    ['an unknown runtime', { Runtime: 'python9.9' }, "Value python9.9 at 'runtime' failed to satisfy constraint"],
    ['an image package', { PackageType: 'Image', Code: { ImageUri: 'x' } }, 'Image'],
    ['a role that is none', { Role: 'me' }, "Value 'me' at 'role' failed to satisfy constraint"],
    ['too much memory', { MemorySize: 99_999_999 }, "'memorySize' failed to satisfy constraint"],
    ['a reserved variable', { Environment: { Variables: { AWS_REGION: 'x' } } }, 'reserved keys'],
    ['a wrong type', { Timeout: 'soon' }, ''],
  ])('%s is refused', async (_title, extra, message) => {
    await expect(create('bad', code, extra)).rejects.toThrowError(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    )
    await expectAlive()
  })

  test('a runtime whose Python is missing is answered with the remedy', async () => {
    await create('future', code, { Runtime: 'python3.14' })
    await client.waitUntilReady('future')
    const outcome = await client.invoke('future', { payload: Buffer.from('{}') }).catch((error: Error) => error)
    const text = outcome instanceof Error ? outcome.message : outcome.payload.toString()
    // Where a Python 3.14 is installed the function simply runs.
    expect(text === '1' || text.includes('zipyard runtime add python3.14')).toBe(true)
    await expectAlive()
  })

  test('a handler that does not exist is the function’s failure', async () => {
    await create('nohandler', code, { Handler: 'app.nothing' })
    await client.waitUntilReady('nohandler')
    const { functionError, payload } = await client.invoke('nohandler', { payload: Buffer.from('{}') })
    expect(functionError).toBe('Unhandled')
    expect(JSON.parse(payload.toString())).toMatchObject({
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: "Handler 'nothing' missing on module 'app'",
    })
  })

  test('an event that is not JSON is refused', async () => {
    await expect(client.invoke('good', { payload: Buffer.from('{"a":') })).rejects.toThrowError(
      /InvalidRequestContentException/,
    )
    await expectAlive()
  })

  test('a body that is not JSON is refused', async () => {
    const answer = await send(target, {
      service: 'lambda',
      method: 'POST',
      path: '/2015-03-31/functions',
      body: '{"FunctionName": ',
    })
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([400, 'InvalidRequestContentException'])
    await expectAlive()
  })
})

describe('who asks', () => {
  /** One raw request; headers as given. */
  function ask(
    headers: Record<string, string>,
    path = '/2015-03-31/functions',
  ): Promise<{ status: number; body: string }> {
    return new Promise((done, failed) => {
      const call = request(`${service.url}${path}`, { headers }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => done({ status: response.statusCode!, body }))
      })
      call.on('error', failed)
      call.end()
    })
  }

  test('a request that nobody signed is refused', async () => {
    expect(await ask({})).toMatchObject({ status: 403, body: expect.stringContaining('Missing Authentication Token') })
  })

  test('a wrong signature is refused', async () => {
    const wrong = {
      ...target,
      credentials: async () => ({ ...(await target.credentials()), secretAccessKey: 'wrong' }),
    }
    const answer = await send(wrong, { service: 'lambda', method: 'GET', path: '/2015-03-31/functions' })
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([403, 'InvalidSignatureException'])
  })

  test.each([
    ['a foreign host (DNS rebinding)', { host: 'evil.example' }],
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a browser that says so', { 'sec-fetch-site': 'cross-site' }],
  ])('%s is refused', async (_title, headers) => {
    expect((await ask(headers)).status).toBe(403)
    expect((await ask(headers, '/_zipyard/health')).status).toBe(403)
    await expectAlive()
  })
})

describe('the command line', () => {
  test('a port that is taken', () => {
    const port = new URL(service.url).port
    const result = zipyard(['serve', '--port', port, '--data', temporaryFolder('port')])
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`Port ${port} of \`127.0.0.1\` is taken by another program (ZY0618)`),
    })
  })

  test('a data folder that is in use', () => {
    const result = zipyard(['serve', '--port', '0', '--data', service.dataFolder])
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain(service.dataFolder)
    expect(result.stderr).toMatch(/hint: /)
  })

  test('a function that is not there', () => {
    const result = zipyard(['invoke', 'nobody', '--data', service.dataFolder])
    expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('Function not found') })
  })

  test('an event that is not JSON', () => {
    const result = zipyard(['invoke', 'good', '--payload', '{x}', '--data', service.dataFolder])
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('The event in `--payload` is not JSON')
  })

  test('a function that fails is exit code 4', () => {
    const result = zipyard(['invoke', 'nohandler', '--data', service.dataFolder])
    expect(result.exitCode).toBe(4)
    expect(JSON.parse(result.stdout)).toMatchObject({ errorType: 'Runtime.HandlerNotFound' })
  })

  test('no service, with the way out', () => {
    const result = zipyard(['env', '--data', temporaryFolder('none')])
    expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('zipyard serve') })
  })

  test.each([
    [['serv'], 'Did you mean `zipyard serve`?'],
    [['build', '--runtme', 'x'], 'Did you mean `--runtime`?'],
    [['build', '--runtime', 'python9.9'], 'is not a Python runtime of Lambda'],
    [['build', '--arch', 'sparc'], 'is not an architecture of Lambda'],
    [['invoke'], 'needs NAME'],
  ])('%j is used wrongly: exit code 2', (args, text) => {
    const result = zipyard(args)
    expect([result.exitCode, result.stdout]).toEqual([2, ''])
    expect(result.stderr).toContain(text)
  })

  test('an error in JSON has its code', () => {
    const result = zipyard(['check', '/nothing.zip', '--json'])
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: { code: 'ZY0017', message: 'There is no `/nothing.zip`' },
    })
  })
})

describe('builds', () => {
  function project(files: Readonly<Record<string, string>>): string {
    const folder = temporaryFolder('project')
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return folder
  }
  const packagesIn = (folder: string): string[] =>
    (readdirSync(folder, { recursive: true }) as string[]).filter(
      (name) => name.endsWith('.zip') || name.includes('.tmp'),
    )
  const app = 'def main(event, context):\n    return 1\n'

  test.each([
    ['a requirement that cannot be met', { 'app.py': app, 'requirements.txt': 'requests==99.0\n' }, [], /requests/],
    [
      'a requirement that nobody knows',
      { 'app.py': app, 'requirements.txt': 'no-such-distribution-zipyard\n' },
      [],
      /no-such-distribution-zipyard/,
    ],
    ['a line that is none', { 'app.py': app, 'requirements.txt': 'requests ===== 1\n' }, [], /requirements.txt/],
    [
      'a hash that does not match',
      { 'app.py': app, 'requirements.txt': `six==1.17.0 --hash=sha256:${'0'.repeat(64)}\n` },
      [],
      /digests/,
    ],
    ['nothing to pack', { 'README.txt~': '' }, ['--exclude', '**'], /empty|no file|nothing/i],
    ['a handler that is not there', { 'app.py': app }, ['--handler', 'app.nothing'], /does not define `nothing`/],
    ['broken TOML', { 'app.py': app, 'zipyard.toml': 'runtime = \n' }, [], /line 1/],
  ] as const)('%s: exit code 1 or 2, and nothing is written', (_title, files, args, sentence) => {
    const folder = project(files)
    const result = zipyard(['build', folder, ...args])
    expect([1, 2]).toContain(result.exitCode)
    expect(result.stderr).toMatch(sentence)
    expect(result.stderr).toMatch(/hint: /)
    expect(packagesIn(folder)).toEqual([])
  })

  test('an index that cannot be reached', () => {
    const folder = project({ 'app.py': app, 'requirements.txt': 'six==1.16.0\n' })
    const env = {
      PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
      UV_INDEX_URL: 'http://127.0.0.1:9/simple',
      XDG_CACHE_HOME: temporaryFolder('cache'),
      PIP_FIND_LINKS: '',
      PIP_RETRIES: '1',
    }
    const result = zipyard(['build', folder], { env })
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toMatch(/could not reach the package index|127\.0\.0\.1:9/)
    expect(packagesIn(folder)).toEqual([])
  })

  test('a full disk leaves the package that was there', () => {
    if (process.getuid?.() !== 0) return // mounting needs root; CI is
    const folder = project({ 'app.py': app, 'big.bin': 'x' })
    const small = join(folder, 'small')
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
    try {
      expect(zipyard(['build', folder, '-o', join(small, 'p.zip'), '--exclude', 'small']).exitCode).toBe(0)
      const before = execFileSync('sha256sum', [join(small, 'p.zip')]).toString()
      execFileSync('sh', ['-c', `head -c 3000000 /dev/urandom > ${join(folder, 'big.bin')}`])
      const result = zipyard(['build', folder, '-o', join(small, 'p.zip'), '--exclude', 'small'])
      expect(result.exitCode).toBe(1)
      expect(result.stderr).toMatch(/disk is full|no space/i)
      expect(execFileSync('sha256sum', [join(small, 'p.zip')]).toString()).toBe(before)
      expect(readdirSync(small)).toEqual(['p.zip'])
    } finally {
      execFileSync('umount', [small])
    }
  })

  test('a symbolic link that leaves the project is not followed silently', () => {
    const folder = project({ 'app.py': app })
    symlinkSync('/etc/passwd', join(folder, 'outside'))
    const result = zipyard(['build', folder, '--symlinks', 'preserve'])
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('outside')
  })
})

test('the service is still there after all of it', async () => {
  await expectAlive()
  expect(service.stderr()).not.toMatch(/defect|unhandled/i)
})
