/** What every tier promises of a process, run over every tier that this machine and this user can hold. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Bench, openFolder, processesThatMention, systemPython, testedTiers } from '../../test/kit/sandbox-bench.ts'
import { openTier } from './open-tier.ts'

const python = systemPython()

test('tiers are tried', () => {
  expect(testedTiers.length).toBeGreaterThan(process.platform === 'linux' ? 1 : 0)
})

describe.each(testedTiers)('tier %s', (tier) => {
  let bench: Bench
  const isPlain = tier === 'process'
  beforeAll(() => {
    const folder = openFolder(tier)
    bench = new Bench(openTier(tier, { stateFolder: join(folder, 'state'), launcher: python }), python, folder)
  })
  afterAll(() => bench.stop())

  test('the program sees the variables it was given and none of the host', async () => {
    process.env['ZIPYARD_HOST_SECRET'] = 'leak'
    const seen = JSON.parse(await bench.output('import json,os; print(json.dumps(dict(os.environ)))')) as Record<
      string,
      string
    >
    delete process.env['ZIPYARD_HOST_SECRET']
    const ours = isPlain ? ['LC_CTYPE', 'PWD', 'TMPDIR', 'ZIPYARD_SANDBOX'] : ['LC_CTYPE', 'PWD']
    expect(
      Object.keys(seen)
        .filter((name) => !ours.includes(name) && name !== 'SHLVL')
        .sort(),
    ).toEqual(['LD_LIBRARY_PATH', 'PATH'])
    expect(readFileSync('/proc/self/environ', 'latin1')).not.toContain('leak')
  })

  test('it runs in its folder, with its arguments, and stdin is empty', async () => {
    const said = await bench.output(
      'import os,sys; print(os.path.basename(os.getcwd()), len(sys.argv), repr(sys.stdin.read()))',
    )
    expect(said).toMatch(isPlain ? /^task-\S+ 1 ''\n$/ : /^task 1 ''\n$/)
  })

  test('it is not process 1, and its parent is the one that docs/reference/fidelity.md names', async () => {
    const said = await bench.output('import os; print(os.getpid(), os.getppid())')
    const [own, parent] = said.split(' ').map(Number)
    expect(own).toBeGreaterThan(1)
    if (!isPlain) expect(parent).toBe(tier === 'bwrap' ? 1 : 0)
  })

  test('descriptors 0 to 4 are open and no other', async () => {
    const said = await bench.output('import os; print(sorted(os.listdir("/proc/self/fd"), key=int))')
    const open = (JSON.parse(said.replaceAll("'", '"')) as string[]).filter(
      (fd) => tier === 'root' || tier === 'userns' || !inherited().includes(fd),
    )
    // Listing opens one more.
    expect(open).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  test('stdout, stderr, telemetry and the connection are four ways', async () => {
    const trial = await bench.run(
      'import os,sys,socket\nprint("out"); print("err", file=sys.stderr); os.write(3, b"frame")\n' +
        's = socket.socket(fileno=4); s.setblocking(True); s.sendall(b"ping"); print(s.recv(9).decode())',
    )
    const connection = await trial.connection
    connection.once('data', (data) => connection.write(data.toString() === 'ping' ? 'pong' : 'what'))
    expect(await trial.status).toMatchObject({ code: 0 })
    expect([trial.stdout(), trial.stderr(), trial.telemetry().toString()]).toEqual(['out\npong\n', 'err\n', 'frame'])
  })

  test('every byte of a flood arrives', async () => {
    const trial = await bench.run('import os\nfor i in range(256): os.write(1, bytes([i % 256]) * 65536)')
    expect(await trial.status).toMatchObject({ code: 0 })
    expect(trial.stdout().length).toBeGreaterThanOrEqual(256 * 65536)
  })

  test.each([
    ['sys.exit(0)', { code: 0, signal: undefined }],
    ['sys.exit(3)', { code: 3, signal: undefined }],
    ['os.kill(os.getpid(), 9)', { code: undefined, signal: 'SIGKILL' }],
    ['import ctypes; ctypes.string_at(0)', { code: undefined, signal: 'SIGSEGV' }],
    ['os.abort()', { code: undefined, signal: 'SIGABRT' }],
  ])('%s is told as it was', async (code, expected) => {
    const trial = await bench.run(`import os, sys\n${code}`)
    expect(await trial.status).toEqual({ ...expected, outOfMemory: false })
  })

  test('a program that is not there ends with 127', async () => {
    const trial = await bench.run('', { argv: ['/opt/no/such/wrapper', 'x'] })
    expect(await trial.status).toMatchObject({ code: 127 })
    expect(trial.stderr()).toContain('/opt/no/such/wrapper')
  })

  test('when it ends, what it left running ends, and the pipes end', async () => {
    const mark = `left-${tier}-${process.pid}`
    const trial = await bench.run(
      `import os, subprocess, sys\nsubprocess.Popen(["/bin/sh", "-c", "sleep 300; : ${mark}"], start_new_session=True)\nprint("up")`,
    )
    expect(await trial.status).toMatchObject({ code: 0 })
    expect(processesThatMention(mark)).toEqual([])
  })

  test('kill ends the whole tree, twice is once', async () => {
    const mark = `tree-${tier}-${process.pid}`
    const trial = await bench.run(
      `import subprocess, time\nfor s in (False, True): subprocess.Popen(["/bin/sh", "-c", "sleep 300; : ${mark}"], start_new_session=s)\nprint("up", flush=True); time.sleep(300)`,
    )
    await trial.said('up')
    await expect.poll(() => processesThatMention(mark).length).toBe(2)
    trial.process.kill()
    trial.process.kill()
    expect(await trial.status).toMatchObject({ signal: 'SIGKILL', outOfMemory: false })
    expect(processesThatMention(mark)).toEqual([])
    trial.process.kill()
  })

  test('stop lets it say goodbye, and ends it when it does not', async () => {
    // Short sleeps: Python takes up a signal that comes just before it sleeps when it wakes.
    const polite = await bench.run(
      'import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (print("bye"), sys.exit(7)))\nprint("up", flush=True)\nwhile True: time.sleep(0.05)',
    )
    await polite.said('up')
    await polite.process.stop(120_000)
    expect(await polite.status).toMatchObject({ code: 7 })
    expect(polite.stdout()).toBe('up\nbye\n')

    const stubborn = await bench.run(
      'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint("up", flush=True); time.sleep(300)',
    )
    await stubborn.said('up')
    await stubborn.process.stop(50)
    expect(await stubborn.status).toMatchObject({ signal: 'SIGKILL' })
  })

  test('frozen it uses no CPU, thawed it goes on', async () => {
    const runaway = isPlain ? '' : 'if os.fork() == 0: os.setsid()\n'
    const trial = await bench.run(`import os\n${runaway}print(os.getpid(), flush=True)\nwhile True: pass`)
    await trial.said('\n')
    const pids = trial.processIds()
    expect(pids.length).toBeGreaterThanOrEqual(isPlain ? 1 : 2)
    trial.process.freeze()
    let before: number[] = []
    /** Ticks of a third of a second. */
    const used = async (): Promise<number[]> => {
      before = pids.map(cpuTicks)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return pids.map((pid, index) => cpuTicks(pid) - before[index]!)
    }
    // On a busy machine it takes a moment until all of them have stopped.
    await expect.poll(used).toEqual(pids.map(() => 0))
    trial.process.thaw()
    await expect.poll(() => pids.some((pid, index) => cpuTicks(pid) > before[index]!)).toBe(true)
    trial.process.freeze()
    trial.process.kill()
    expect(await trial.status).toMatchObject({ signal: 'SIGKILL' })
  })

  test('20 idle threads live under 128 MB', async () => {
    const said = await bench.output(
      'import threading, time\nwait = threading.Event()\nthreads = [threading.Thread(target=wait.wait) for _ in range(20)]\n' +
        '[t.start() for t in threads]\ntime.sleep(0.2)\nwait.set()\n[t.join() for t in threads]\nprint("alive")',
    )
    expect(said).toBe('alive\n')
  })

  test('200 MB under 128 MB is killed, and it is told why', async () => {
    const trial = await bench.run('import time\nhold = bytearray(b"x") * (200 << 20)\ntime.sleep(60)\nprint("alive")')
    expect(await trial.status).toEqual({ code: undefined, signal: 'SIGKILL', outOfMemory: true })
    expect(trial.stdout()).toBe('')
  })

  test('the peak is what it held at most, not what it holds', async () => {
    const trial = await bench.run(
      'import time\nhold = bytearray(b"x") * (80 << 20)\ntime.sleep(0.2)\ndel hold\nprint("freed", flush=True)\ntime.sleep(300)',
    )
    await trial.said('freed')
    const peak = trial.process.peakMemoryBytes()
    expect(peak).toBeGreaterThan(80 << 20)
    expect(peak).toBeLessThan(128 << 20)
    trial.process.kill()
    await trial.status
  })

  test('/tmp is there for the next process of the same id, and gone after release', async () => {
    const id = `keep-${tier}-${process.pid}`
    const temporaryFolder = join(bench.folder, 'kept')
    const folder = isPlain ? temporaryFolder : '/tmp'
    const code = `import os, sys\nprint(sorted(os.listdir("${folder}")))\nopen("${folder}/" + os.environ["NOTE"], "w").close()`
    const run = (note: string): Promise<string> =>
      bench.output(code, { id, temporaryFolder, environment: { LD_LIBRARY_PATH: '/var/lang/lib', NOTE: note } })
    expect(await run('first')).toBe('[]\n')
    if (!bench.sandbox.facts.keepsTemporary) {
      expect(await run('second')).toBe('[]\n')
      return bench.sandbox.release(id)
    }
    expect(await run('second')).toBe("['first']\n")
    expect(await run('third')).toBe("['first', 'second']\n")
    await bench.sandbox.release(id)
    expect(await run('fourth')).toBe('[]\n')
  })

  test('a second process under a running id is refused', async () => {
    const id = `twice-${tier}-${process.pid}`
    const first = await bench.run('import time; time.sleep(300)', { id })
    await expect(bench.run('', { id })).rejects.toMatchObject({ code: 'ZY0511' })
    expect(await Promise.race([first.status, 'running'])).toBe('running')
    await bench.sandbox.release(id)
    expect(await first.status).toMatchObject({ signal: 'SIGKILL' })
  })

  test('a service that does not listen is an error of the launch, and the id is free again', async () => {
    const id = `deaf-${tier}-${process.pid}`
    const launch = bench.run('', { id, apiSocket: join(bench.folder, 'nobody') })
    await expect(launch).rejects.toMatchObject({ code: 'ZY0511' })
    expect(await bench.output('print(1)', { id })).toBe('1\n')
  })

  test('release ends what runs, and nothing of the environment is left', async () => {
    const id = `end-${tier}-${process.pid}`
    const trial = await bench.run('import time; print("up", flush=True); time.sleep(300)', { id })
    await trial.said('up')
    const groups = controlGroupsOf(trial.processIds())
    if (bench.sandbox.facts.limitsMemory) expect(groups.length).toBeGreaterThan(0)
    await bench.sandbox.release(id)
    expect(await trial.status).toMatchObject({ signal: 'SIGKILL' })
    expect(groups.filter((group) => existsSync(group))).toEqual([])
    await bench.sandbox.release(id)
  })

  test('a program that knows TCP only reaches the service from a network of its own, after a restart too', async () => {
    const { relayAddress } = bench.sandbox.facts
    if (relayAddress === undefined) return expect(tier).toBe('process')
    const server = createServer((socket) =>
      socket.on('error', () => {}).on('data', (data) => socket.end(`${data}pong`)),
    )
    const socket = join(bench.folder, 'relayed')
    await new Promise<void>((resolve) => {
      server.listen(socket, resolve)
    })
    // As the service's own sockets: who may come is decided by the folder around them.
    chmodSync(socket, 0o666)
    const relays = [{ port: 9001, socket }]
    const code =
      `import socket\ns = socket.create_connection(("${relayAddress}", 9001), 120);` +
      ' s.sendall(b"x" * 100000)\n' +
      'answer = b""\nwhile not answer.endswith(b"pong"):\n    piece = s.recv(9)\n    if not piece: break\n    answer += piece\nprint(answer[-5:].decode())'
    const id = `relay-${tier}-${process.pid}`
    expect(await bench.output(code, { id, network: 'none', relays })).toBe('xpong\n')
    expect(await bench.output(code, { id, network: 'none', relays })).toBe('xpong\n')
    await bench.sandbox.release(id)
    server.close()
  })

  test('an environment begins in the very moment in which another ends', async () => {
    if (tier !== 'root' && tier !== 'userns') return expect(['bwrap', 'process']).toContain(tier)
    const id = `ends-${tier}`
    const trial = await bench.run('import time; time.sleep(300)', { id })
    await new Promise((resolve) => setTimeout(resolve, 150))
    const [zygote] = processesThatMention('zygote.py').filter((pid) => bench.isOurs(pid) && namespaceIds(pid) === 1)
    const programs = trial
      .processIds()
      .filter((pid) => !/NSpid:.*\t1\n/.test(readFileSync(`/proc/${pid}/status`, 'latin1')))
    // A launch, so that the next environment is about to be made ready; then the zygote is held while all of it arrives: the end of one, its
    // release, and the beginning of another, which is given the first one's descriptor.
    const second = await bench.run('import time; time.sleep(300)', { id: `${id}-2` })
    process.kill(zygote!, 'SIGSTOP')
    for (const pid of programs) process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 10))
    const released = bench.sandbox.release(id)
    await new Promise((resolve) => setTimeout(resolve, 200))
    process.kill(zygote!, 'SIGCONT')
    expect(
      await Promise.race([
        bench.output('print(1)'),
        new Promise((resolve) => setTimeout(resolve, 120_000, 'the zygote hangs')),
      ]),
    ).toBe('1\n')
    await bench.sandbox.release(second.process.id)
    await released
  })

  test('limits are those of a Lambda environment', async () => {
    const said = JSON.parse(
      await bench.output(
        'import json, resource as r\nprint(json.dumps({n: r.getrlimit(getattr(r, "RLIMIT_" + n)) for n in ("NOFILE", "NPROC", "MEMLOCK", "STACK", "AS", "CPU", "DATA", "FSIZE")}))',
      ),
    ) as Record<string, number[]>
    expect(said).toMatchObject({
      NOFILE: [1024, 1024],
      MEMLOCK: [65536, 65536],
      AS: [-1, -1],
      CPU: [-1, -1],
      FSIZE: [-1, -1],
    })
    expect(said['STACK']![0]).toBe(8388608)
    if (!isPlain || process.getuid!() === 0) expect(said['NPROC']).toEqual([742, 742])
  })
})

describe('stop', () => {
  test.each(testedTiers)('of tier %s leaves no process, group or folder', async (tier) => {
    const folder = openFolder('stop')
    const mark = `stop-${tier}-${process.pid}`
    const bench = new Bench(openTier(tier, { stateFolder: join(folder, 'state'), launcher: python }), python, folder)
    const trial = await bench.run(`import time; print("up", flush=True); time.sleep(300) # ${mark}`, { id: mark })
    await trial.said('up')
    const groups = controlGroupsOf(trial.processIds())
    await bench.sandbox.stop()
    expect(await trial.status).toMatchObject({ signal: 'SIGKILL' })
    expect(groups.filter((group) => existsSync(group))).toEqual([])
    expect(processesThatMention(folder)).toEqual([])
    if (existsSync(join(folder, 'state'))) expect(readdirSync(join(folder, 'state'))).toEqual([])
    await bench.stop()
  })
})

/** What this very process was started with and hands on: only a launcher of our own closes it for the function. */
function inherited(): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
      return Number(fd) > 5 && (Number.parseInt(flags, 8) & 0o2000000) === 0
    } catch {
      return false
    }
  })
}

/** In how many process namespaces a process has an id: one outside of all environments. */
function namespaceIds(pid: number): number {
  return /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!.split('\t').length
}

/** User and system time of a process, in clock ticks. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** The control groups of ours that processes are in, in every hierarchy, as folders. */
function controlGroupsOf(pids: readonly number[]): string[] {
  const found = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/zipyard-${process.pid}-*/*`], {
    encoding: 'utf8',
  })
  return found.stdout
    .split('\n')
    .filter(Boolean)
    .filter((folder) => {
      const inside = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').map(Number)
      return pids.some((pid) => inside.includes(pid))
    })
}
