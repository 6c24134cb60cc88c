/** A network with a way out and none to the host or to neighbours. "Outside" is a network namespace behind the host, as a router would be. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Bench, openFolder, systemPython, testedTiers } from '../../test/kit/sandbox-bench.ts'
import { Bridge } from './bridge.ts'
import { openTier } from './open-tier.ts'

const python = systemPython()
const canBridge = testedTiers.includes('root') && Bridge.lacking() === undefined
if (!canBridge) process.stderr.write(`not tested here: network bridge: ${Bridge.lacking() ?? 'no tier root'}\n`)

const serveOutside = `
import socket
with socket.create_server(("0.0.0.0", 8080)) as server:
    print("up", flush=True)
    while True:
        connection, peer = server.accept()
        connection.sendall(peer[0].encode())
        connection.close()`

const ip = (...rest: string[]): string => execFileSync('ip', rest, { encoding: 'utf8' })
const execute = promisify(execFile)

/** Rules of bridges of ours, by their names. */
const tables = (): string[] =>
  [
    ...execFileSync('nft', ['list', 'tables'])
      .toString()
      .matchAll(/table ip (zy\w+)/g),
  ].map((match) => match[1]!)

const forwarded = (): string => readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()

/** Connects to each address and prints what it was told, or null. There is no waiting for a refusal that never comes, but for who must answer. */
const attempts = (addresses: readonly (readonly [string, number])[], answering: readonly string[]): string => `
import json, socket
found = {}
for host, port in ${JSON.stringify(addresses)}:
    s = socket.socket(); s.settimeout(120 if host in ${JSON.stringify(answering)} else 0.5)
    try: s.connect((host, port)); found[host] = s.recv(99).decode()
    except OSError as error: found[host] = None
print(json.dumps(found), flush=True)`

describe.skipIf(!canBridge)('network bridge', () => {
  const space = `zyt${process.pid}`
  const [near, far] = ['198.51.100.1', '198.51.100.2']
  let bench: Bench
  let outside: ChildProcess
  let onHost: Server
  let port: number
  /** Other suites, and services of this machine, may have bridges too. */
  const before = canBridge ? { setting: forwarded(), tables: tables() } : undefined

  beforeAll(async () => {
    ip('netns', 'add', space)
    ip('link', 'add', space, 'type', 'veth', 'peer', 'name', 'outside', 'netns', space)
    ip('addr', 'add', `${near}/24`, 'dev', space)
    ip('link', 'set', space, 'up')
    for (const command of [
      `addr add ${far}/24 dev outside`,
      'addr add 169.254.169.254/32 dev outside',
      'link set outside up',
    ])
      ip('-n', space, ...command.split(' '))
    ip('route', 'add', '169.254.169.254/32', 'via', far)
    outside = spawn('ip', ['netns', 'exec', space, python.executable, '-c', serveOutside], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => outside.stdout!.once('data', resolve))
    onHost = createServer((socket) => socket.on('error', () => {}).end('host'))
    await new Promise<void>((resolve) => {
      onHost.listen(0, '0.0.0.0', resolve)
    })
    port = (onHost.address() as { port: number }).port
    const folder = openFolder('bridge')
    bench = new Bench(
      openTier('root', { stateFolder: join(folder, 'state'), launcher: python, network: 'bridge' }),
      python,
      folder,
    )
  })
  afterAll(async () => {
    await bench.stop()
    onHost.close()
    outside.kill('SIGKILL')
    ip('route', 'del', '169.254.169.254/32')
    ip('netns', 'del', space)
  })

  test('reaches the internet as the host, and nothing on the host, no neighbour and no 169.254.169.254', async () => {
    const neighbour = await bench.run(
      'import json, socket, time\nserver = socket.create_server(("0.0.0.0", 8081))\n' +
        's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("198.51.100.2", 1)); print(s.getsockname()[0], flush=True)\ntime.sleep(300)',
      { network: 'bridge' },
    )
    await neighbour.said('\n')
    const address = neighbour.stdout().trim()
    const gateway = address.replace(/\.\d+\.\d+$/, '.0.1')
    // Each is there for the host itself, or the test would prove nothing.
    expect(ip('-4', 'addr', 'show')).toContain(`${gateway}/16`)
    const addresses = [
      [far, 8080],
      [near, port],
      [gateway, port],
      ['127.0.0.1', port],
      [address, 8081],
      ['169.254.169.254', 8080],
    ] as const
    const reachable = addresses.filter(([host]) => host !== address)
    const everyone = reachable.map(([host]) => host)
    const asked = await execute(python.executable, ['-c', attempts(reachable, everyone)])
    const fromHost = JSON.parse(asked.stdout) as Record<string, string | null>
    expect(Object.values(fromHost).every((answer) => answer !== null)).toBe(true)
    const seen = JSON.parse(await bench.output(attempts(addresses, [far]), { network: 'bridge' })) as Record<
      string,
      string | null
    >
    expect(seen).toEqual({
      [far]: near,
      [near]: null,
      [gateway]: null,
      '127.0.0.1': null,
      [address]: null,
      '169.254.169.254': null,
    })
    await bench.sandbox.release(neighbour.process.id)
  })

  test('nothing of it is left when the sandbox stops', async () => {
    const folder = openFolder('bridge-stop')
    const stateFolder = join(folder, 'state')
    // Other suites have bridges meanwhile: this one's name comes from its folder.
    const { name } = Bridge.open(stateFolder)
    const other = new Bench(openTier('root', { stateFolder, launcher: python }), python, folder)
    await other.output('print(1)', { network: 'bridge' })
    expect([ip('-br', 'link').includes(name), tables().includes(name)]).toEqual([true, true])
    await other.stop()
    await expect.poll(() => ip('-br', 'link')).not.toContain(name)
    expect(tables()).not.toContain(name)
  })

  test('what a killed service left is removed by the next', async () => {
    const folder = openFolder('bridge-killed')
    const { name } = Bridge.open(join(folder, 'state'))
    expect(ip('-br', 'link')).toContain(name)
    const next = openTier('root', { stateFolder: join(folder, 'state'), launcher: python })
    expect(ip('-br', 'link')).not.toContain(name)
    expect(execFileSync('nft', ['list', 'tables']).toString()).not.toContain(name)
    await next.stop()
  })

  test('the setting of the host that it needs is put back by the last service that needs it', async () => {
    const folder = openFolder('bridges')
    const others = ['one', 'two', 'killed'].map((state) => Bridge.open(join(folder, state)))
    await bench.sandbox.stop()
    others[0]!.close()
    expect(forwarded()).toBe('1')
    others[1]!.close()
    expect(forwarded()).toBe('1')
    Bridge.sweep(join(folder, 'killed'))
    if (before!.tables.length === 0 && tables().length === 0) expect(forwarded()).toBe(before!.setting)
  })
})

test('where there can be none, the error says what to do', async () => {
  const tier = testedTiers.find((one) => one === 'userns')
  if (tier === undefined) return expect(testedTiers).not.toContain('userns')
  const folder = openFolder('no-bridge')
  const bench = new Bench(openTier(tier, { stateFolder: join(folder, 'state'), launcher: python }), python, folder)
  await expect(bench.run('', { network: 'bridge' })).rejects.toMatchObject({
    code: 'ZY0513',
    hint: expect.stringContaining('--network none'),
  })
  await bench.stop()
})
