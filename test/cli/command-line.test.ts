/** What a person's slips are answered with: exit code, stdout and stderr of the real command. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { callJson } from '../../src/client/call.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { repository, startService, temporaryFolder, zipyard } from '../kit/zipyard.ts'

const nowhere = { ZIPYARD_HOME: join(temporaryFolder('no-service'), 'data') }

test('an option of every command may stand before the command', () => {
  const { exitCode, stdout } = zipyard(['--json', 'cache', 'info'])
  expect([exitCode, Object.keys(JSON.parse(stdout) as object)]).toEqual([0, expect.arrayContaining(['files'])])
  const folder = temporaryFolder('elsewhere')
  expect(zipyard(['--directory', folder, 'init', 'hello'], { env: nowhere }).exitCode).toBe(0)
  expect(readFileSync(join(folder, 'hello/zipyard.toml'), 'utf8')).toContain('name = "hello"')
})

test('a build that asks an index shows a person what is wrong, and nothing of Node', () => {
  const folder = temporaryFolder('unreachable')
  writeFileSync(join(folder, 'app.py'), '')
  writeFileSync(join(folder, 'requirements.txt'), `lib==1.0 --hash=sha256:${'0'.repeat(64)}\n`)
  const env = { PIP_INDEX_URL: 'http://127.0.0.1:1/simple', ZIPYARD_CACHE_DIR: temporaryFolder('cache') }
  const { exitCode, stderr } = zipyard(['build', folder], { env })
  expect([exitCode, stderr]).toEqual([
    1,
    'error: `http://127.0.0.1:1/simple/lib/` cannot be reached: nothing listens there (`ECONNREFUSED`) (ZY0336)\ncaused by: connect ECONNREFUSED 127.0.0.1:1\n\nhint: Check the address and the port of the index\n',
  ])
})

test('a cause that the sentence has said already is not said twice', () => {
  const folder = temporaryFolder('twice')
  writeFileSync(join(folder, 'app.py'), '')
  writeFileSync(join(folder, 'requirements.txt'), 'idna=3.10\n')
  const { exitCode, stderr } = zipyard(['build', folder])
  expect(exitCode).toBe(1)
  expect(stderr.match(/is not a version specifier/g)).toHaveLength(1)
})

test('help about a mistyped command says which one was meant', () => {
  expect(zipyard(['help', 'bild'])).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr:
      '`zipyard` has no command `bild`'.replace(/^/, 'error: ') + ' (ZY0008)\n\nhint: Did you mean `zipyard build`?\n',
  })
  expect(zipyard(['help', 'build']).stdout).toContain('Usage: zipyard build [DIR] [options]')
})

test.each(commands.map((entry) => entry.name))('zipyard %s --help prints its usage and nothing else', (name) => {
  const { exitCode, stdout, stderr } = zipyard([name, '--help'])
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`Usage: zipyard ${name}`)
})

test.each(['99999', '-1', '80.5', 'http'])('port %s is no port, and is used wrongly', (port) => {
  const { exitCode, stderr } = zipyard(['serve', '--port', port, '--data', nowhere.ZIPYARD_HOME])
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`\`--port\` does not take \`${port}\`: expected a whole number from 0 to 65535 (ZY0002)`)
})

test.runIf(process.getuid?.() !== 0)(
  'a data folder that may not be made is not taken for a port that may not be used',
  () => {
    const folder = temporaryFolder('read-only')
    chmodSync(folder, 0o555)
    const { exitCode, stderr } = zipyard(['serve', '--port', '0', '--data', join(folder, 'data')])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`error: Permission was denied: \`${folder}/data\``)
  },
)

test('a file where the data folder should be is named, not the port', () => {
  const file = join(temporaryFolder('file'), 'data')
  writeFileSync(file, '')
  const { exitCode, stderr } = zipyard(['serve', '--port', '0', '--data', join(file, 'in-it')])
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(file)])
  expect(stderr).not.toContain('listen')
})

test.runIf(process.platform === 'linux').each([['serve', '--port', '0'], ['runtime', 'add', '3.11'], ['doctor']])(
  'a data folder where none can be made does not make %s wait for ever',
  (...args) => {
    const { exitCode, stdout, stderr } = zipyard([...args, '--data', '/proc/zipyard/data'])
    if (args[0] === 'doctor') return expect(stdout).toContain('python')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('error: The folder `/proc/zipyard')
    expect(stderr).toContain('cannot be made: the file system of `/proc` takes no folder there (ZY0019)')
  },
)

test.runIf(process.platform === 'linux')('nor does a package or a cache where none can be made', () => {
  const folder = temporaryFolder('nowhere')
  writeFileSync(join(folder, 'app.py'), 'def main(event, context): pass\n')
  const build = (to: string, env: Record<string, string>): ReturnType<typeof zipyard> =>
    zipyard(['build', folder, '--handler', 'app.main', '-o', to], { env })
  const unplaced = build('/proc/zipyard/a.zip', {})
  expect([unplaced.exitCode, unplaced.stderr]).toEqual([1, expect.stringContaining('/proc/zipyard')])
  expect(build(join(folder, 'a.zip'), { XDG_CACHE_HOME: '/proc/zipyard' }).exitCode).toBe(0)
})

test('a name that the file system does not take is the input’s fault, not ours', () => {
  const { exitCode, stderr } = zipyard(['init', 'n'.repeat(300)], { cwd: temporaryFolder('long') })
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('A name is longer than the file system takes')])
})

test.each([['ps'], ['env'], ['keys'], ['invoke', 'hello'], ['logs', 'hello']])(
  'without a service, %s names the data folder that it looked at',
  (...args) => {
    const { exitCode, stdout, stderr } = zipyard([...args, '--json'], { env: nowhere })
    expect([exitCode, (JSON.parse(stdout) as { error: { code: string } }).error.code]).toEqual([1, 'ZY0004'])
    expect(stderr).toContain(nowhere.ZIPYARD_HOME)
  },
)

test.each([
  [['diff']],
  [['diff', 'no.zip', 'none.zip']],
  [['diff', 'a', 'b', '--nope']],
  [['diff', 'a', '--against', 'moon']],
])('zipyard %j --detailed-exitcode ends with 1: 2 is kept for a difference', (args) => {
  const { exitCode, stdout } = zipyard([...args, '--detailed-exitcode', '--json'])
  expect([exitCode, JSON.parse(stdout)]).toEqual([1, { error: expect.objectContaining({ hint: expect.any(String) }) }])
})

test('a slip in the configuration file is told, and the result on stdout stays clean', () => {
  const folder = temporaryFolder('slip')
  writeFileSync(join(folder, 'lambda_function.py'), 'def lambda_handler(event, context):\n    return 1\n')
  writeFileSync(join(folder, 'zipyard.toml'), 'name = "slip"\nhandlr = "lambda_function.lambda_handler"\n')
  const { exitCode, stdout, stderr } = zipyard(['build', '--json'], { cwd: folder })
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ packages: [{ name: 'slip' }] })
  expect(stderr).toContain('sets `handlr`, which is no setting of Zipyard; did you mean `handler`?')
})

test('init names a function as Lambda may name it, and quotes the folder to go to', () => {
  const folder = temporaryFolder('init')
  const { stderr } = zipyard(['init', "my ünï fn's"], { cwd: folder, env: nowhere })
  expect(stderr).toContain(String.raw`cd 'my ünï fn'\''s' && zipyard build`)
  expect(readFileSync(join(folder, "my ünï fn's/zipyard.toml"), 'utf8')).toContain('name = "my-n-fn-s"')
  zipyard(['init', 'x'.repeat(100)], { cwd: folder, env: nowhere })
  expect(readFileSync(join(folder, 'x'.repeat(100), 'zipyard.toml'), 'utf8')).toContain(`name = "${'x'.repeat(64)}"`)
})

test('init says how to get a Python that this machine does not have, before the first invocation fails', () => {
  const bin = temporaryFolder('empty-path')
  const home = join(temporaryFolder('home'), 'none')
  mkdirSync(home)
  const env = { ...nowhere, PATH: bin, HOME: home, PYENV_ROOT: home, UV_PYTHON_INSTALL_DIR: home }
  const { stderr, stdout } = zipyard(['init', 'hello', '--runtime', 'python3.14'], {
    cwd: temporaryFolder('no-python'),
    env,
  })
  expect(stderr).toContain('zipyard runtime add python3.14   (this machine has no Python 3.14 to run it)')
  expect(stdout).toBe('Made lambda_function.py, requirements.txt, zipyard.toml, event.json in hello\n')
})

test('env --unset leaves what else the shell keeps from its proxy', () => {
  const { stdout } = zipyard(['env', '--unset'], { env: { NO_PROXY: 'intranet.example,127.0.0.1,localhost' } })
  expect(stdout).toContain('export NO_PROXY=intranet.example\nexport no_proxy=intranet.example\n')
  expect(stdout).not.toContain('unset NO_PROXY')
  expect(zipyard(['env', '--unset'], { env: { NO_PROXY: 'localhost' } }).stdout).toContain('unset NO_PROXY\n')
})

test('against a running service: logs before the first invocation, refused keys with a hint, malformed calls, deploy --no-check', async () => {
  const service = await startService()
  const env = { ZIPYARD_HOME: service.dataFolder }
  const folder = temporaryFolder('project')
  writeFileSync(join(folder, 'app.py'), 'def main(event, context):\n    return 1\n')
  writeFileSync(join(folder, 'zipyard.toml'), 'name = "hello"\nhandler = "ap.main"\nruntime = "python3.11"\n')
  const refused = zipyard(['deploy'], { cwd: folder, env })
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('--no-check')])
  expect(zipyard(['deploy', '--no-check'], { cwd: folder, env }).exitCode).toBe(0)
  expect(zipyard(['logs', 'hello'], { env })).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '`hello` has no logs yet; its first invocation begins them\n',
  })
  expect(zipyard(['logs', 'nobody'], { env }).exitCode).toBe(1)
  expect(zipyard(['keys', 'revoke', 'AKIANOBODY'], { env }).stderr).toContain('hint: See `zipyard keys list`')
  expect(zipyard(['invoke', 'hello'], { env }).exitCode).toBe(4)
  const lines = JSON.parse(zipyard(['env', '--json'], { env }).stdout) as { set: object; unset: string[] }
  const endpoints = ['LAMBDA', 'S3', 'STS', 'IAM', 'CLOUDWATCH_LOGS'].map((name) => [
    `AWS_ENDPOINT_URL_${name}`,
    service.url,
  ])
  expect(lines.set).toMatchObject({
    ...Object.fromEntries(endpoints),
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  })
  expect(lines.unset).toEqual(expect.arrayContaining(['AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_DEFAULT_PROFILE']))
  const target = serviceTarget(readServiceFile(service.dataFolder))
  for (const call of [
    { method: 'POST', path: '/_zipyard/keys', body: '{' },
    { method: 'DELETE', path: '/_zipyard/keys/%' },
  ])
    await expect(callJson(target, 'the call', { service: 'lambda', ...call })).rejects.toMatchObject({
      details: { status: 400 },
    })
  await service.stop()
})

test('annotations of GitHub Actions are written with --quiet too, and one file is one file', () => {
  const folder = temporaryFolder('annotated')
  writeFileSync(
    join(folder, 'package.zip'),
    archive({ 'app.py': 'import nowhere_to_be_found\ndef main(e, c): pass\n' }),
  )
  const { exitCode, stdout, stderr } = zipyard(['check', 'package.zip', '--handler', 'app.main', '--quiet'], {
    cwd: folder,
    env: { GITHUB_ACTIONS: 'true' },
  })
  expect(exitCode).toBe(3)
  expect(stdout).toContain('(under 1% of 250 MB), 1 file\n')
  expect(stderr).toMatch(/^::error file=app\.py,line=1,title=ZY1401::`nowhere_to_be_found`.*\n$/)
})

test('a reader that leaves early does not change what the exit code says', () => {
  const folder = temporaryFolder('early')
  writeFileSync(join(folder, 'package.zip'), archive({}))
  const main = join(repository, 'dist/cli/main.js')
  const code = (line: string): string =>
    execFileSync('bash', ['-c', `${line}; echo \${PIPESTATUS[0]}`], { cwd: folder, encoding: 'utf8' }).trim()
  expect(code(`${process.execPath} ${main} check package.zip 2>/dev/null | true`)).toBe('3')
  expect(code(`${process.execPath} ${main} bulid 2>&1 >/dev/null | true`)).toBe('2')
})
