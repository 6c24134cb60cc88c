/**
 * Functions that try to break out, one for each promise, in every tier that this machine and this user can hold. Where a tier does not
 * promise, the test shows that it rightly does not: what `doctor` and docs/concepts/isolation.md say of it is true.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Bench,
  openFolder,
  processesThatMention,
  systemPython,
  testedTiers,
  type Trial,
} from '../../test/kit/sandbox-bench.ts'
import { openTier } from './open-tier.ts'
import { lacksOf, promises, untrustedPromises, type PromiseName } from './promises.ts'

const python = systemPython()
const secret = `secret-${process.pid}-${Math.random().toString(36).slice(2)}`

/** Looks for the secret in files below these places and in every process but its own. The needle is backwards, or it would find itself. */
const search = (places: readonly string[]): string => `
def look(path):
    try:
        with open(path, "rb") as file:
            if ${JSON.stringify([...secret].reverse().join(''))}[::-1].encode() in file.read(1 << 20): found.append(path)
    except (OSError, ValueError): pass
for place in ${JSON.stringify(places)}:
    for folder, _, names in os.walk(place):
        for name in names: look(os.path.join(folder, name))
for pid in os.listdir("/proc"):
    if pid.isdigit() and int(pid) != os.getpid():
        look("/proc/%s/environ" % pid)
        look("/proc/%s/root/tmp/note" % pid)
        look("/proc/%s/root/var/task/main.py" % pid)`

describe.each(testedTiers)('tier %s', (tier) => {
  let bench: Bench
  let victim: Trial
  let servers: Server[]
  let port: number
  const abstract = `\0zipyard-test-${tier}-${process.pid}`
  const network = tier === 'process' ? 'host' : 'none'
  const holds = (name: PromiseName): boolean =>
    !lacksOf(tier, { ...bench.sandbox.facts, network }).some((lack) => lack.promise === name)

  /** What the attack brought: an empty list when it was repelled. */
  const attack = async (code: string, environment: Record<string, string> = {}): Promise<string[]> => {
    const output = await bench.output(`import json, os, sys\nfound = []\n${code}\nprint(json.dumps(found))`, {
      network,
      environment: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: '/var/lang/lib', ...environment },
    })
    return JSON.parse(output) as string[]
  }

  beforeAll(async () => {
    const folder = openFolder('hostile')
    bench = new Bench(openTier(tier, { stateFolder: join(folder, 'state'), launcher: python }), python, folder)
    victim = await bench.run(
      `# ${secret}\nimport os, time, tempfile\nopen(os.path.join(tempfile.gettempdir(), "note"), "w").write("${secret}")\nprint("up", flush=True)\ntime.sleep(300)`,
      { network, environment: { KEY: secret, LD_LIBRARY_PATH: '/var/lang/lib' } },
    )
    await victim.said('up')
    servers = [0, 1].map(() => createServer((socket) => socket.on('error', () => {}).end(secret)))
    await new Promise<void>((resolve) => {
      servers[0]!.listen(0, '127.0.0.1', resolve)
    })
    await new Promise<void>((resolve) => {
      servers[1]!.listen(abstract, resolve)
    })
    port = (servers[0]!.address() as { port: number }).port
  })
  afterAll(async () => {
    for (const server of servers) server.close()
    await bench.stop()
  })

  test(`cannot ${promises['read-others']}`, async () => {
    const found = await attack(
      search([bench.folder, ...(tier === 'process' ? [] : ['/var/task', '/tmp', '/opt', '/home', '/root'])]),
    )
    if (holds('read-others')) expect(found).toEqual([])
    else expect(found.length).toBeGreaterThan(0)
  })

  test(`cannot ${promises['read-host']}`, async () => {
    const data = join(bench.folder, 'data')
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(join(data, 'service.json'), secret, { mode: 0o600 })
    const found = await attack(
      `${search([data])}\nfor path in ("/etc/shadow", "/proc/${process.pid}/environ", "/proc/${process.pid}/maps", "/proc/kcore", "/dev/mem"):
    try: open(path, "rb").read(1); found.append(path)
    except OSError: pass`,
    )
    if (holds('read-host')) expect(found).toEqual([])
    else expect(found).toContain(join(data, 'service.json'))
  })

  test(`cannot ${promises['signal-others']}`, async () => {
    const others = [process.pid, ...victim.processIds()]
    expect(others.length).toBeGreaterThan(1)
    const found = await attack(`
for pid in ${JSON.stringify(others)}:
    if os.path.exists("/proc/%d" % pid): found.append("sees %d" % pid)
    try: os.kill(pid, 0); found.append("signals %d" % pid)
    except OSError: pass
    try: os.sched_setaffinity(pid, {0}); found.append("moves %d" % pid)
    except OSError: pass`)
    if (holds('signal-others')) expect(found).toEqual([])
    else expect(found).toContain(`sees ${process.pid}`)
    if (bench.sandbox.facts.hasOwnUsers) expect(found.filter((line) => !line.startsWith('sees'))).toEqual([])
  })

  test(`cannot ${promises['reach-host']}`, async () => {
    const found = await attack(`
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", ${port})), (socket.AF_UNIX, ${JSON.stringify(abstract)}), (socket.AF_INET, ("169.254.169.254", 80))):
    s = socket.socket(family); s.settimeout(2)
    try: s.connect(address); found.append(str(address))
    except OSError: pass`)
    if (holds('reach-host')) expect(found).toEqual([])
    else expect(found.length).toBeGreaterThanOrEqual(2)
  })

  test('nor see what the host and its neighbours listen on and have mounted, through any process either', async () => {
    const found = await attack(`
for pid in ["self"] + [name for name in os.listdir("/proc") if name.isdigit()]:
    for name, mark in (("net/unix", ${JSON.stringify(abstract.slice(1))}), ("net/tcp", ":%04X " % ${port}), ("mounts", "/.host")):
        try:
            if mark in open("/proc/%s/%s" % (pid, name)).read(): found.append(name)
        except OSError: pass`)
    if (holds('reach-host')) expect(found).toEqual([])
    else expect(found).toEqual(expect.arrayContaining(['net/unix', 'net/tcp']))
  })

  test('its own loopback works all the same', async () => {
    const found = await attack(`
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname(), 5): found.append("connected")`)
    expect(found).toEqual(['connected'])
  })

  test(`cannot ${promises['write-code']}`, async () => {
    const outside = join(bench.folder, 'outside')
    mkdirSync(outside, { recursive: true })
    chmodSync(outside, 0o777)
    const found = await attack(
      `
here = os.path.dirname(os.path.abspath(__file__))
def attempt(name, do):
    try: do(); found.append(name)
    except OSError: pass
attempt("create", lambda: open(here + "/new.py", "w"))
attempt("change", lambda: open(here + "/main.py", "a"))
attempt("chmod", lambda: os.chmod(here + "/main.py", 0o777))
attempt("rename", lambda: os.rename(here + "/main.py", here + "/other.py"))
attempt("unlink", lambda: os.unlink(here + "/main.py"))
attempt("opt", lambda: open("/opt/new", "w"))
attempt("runtime", lambda: open("/var/runtime/new", "w"))
attempt("lang", lambda: open("/var/lang/new", "w"))
attempt("etc", lambda: open("/etc/passwd", "a"))
attempt("root", lambda: os.mkdir("/new"))
os.chdir("/")
attempt("link", lambda: open("${outside}/planted", "w"))`,
    )
    if (holds('write-code')) {
      expect(found.filter((name) => name !== 'link')).toEqual([])
      if (tier !== 'process') expect(existsSync(join(outside, 'planted'))).toBe(false)
    } else expect(found).toContain('change')
  })

  test(`cannot ${promises.outlive}`, async () => {
    const mark = `zipyard-outlive-${tier}-${process.pid}`
    const found = await attack(`
import subprocess, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(5): os.close(fd)
        os.chdir("/")
        os.execve("/bin/sh", ["sh", "-c", "trap '' TERM HUP; while :; do sleep 1; done # ${mark}"], {})
    os._exit(0)
os.wait()
def runs(pid):
    try: return ${JSON.stringify(mark)} in open("/proc/%s/cmdline" % pid).read()
    except OSError: return False
while not any(runs(pid) for pid in os.listdir("/proc") if pid.isdigit()): time.sleep(0.01)`)
    expect(found).toEqual([])
    const left = processesThatMention(mark)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    if (holds('outlive')) expect(left).toEqual([])
    else expect(left).toHaveLength(1)
  })

  test(`cannot ${promises['fill-disk']}`, async () => {
    const code = `
import tempfile
size = 0
try:
    with open(os.path.join(tempfile.gettempdir(), "big"), "wb", buffering=0) as file:
        while size < (24 << 20): size += file.write(b"x" * (1 << 20))
except OSError as error: found.append(error.errno)
found.append(size >> 20)
for line in open("/proc/self/mountinfo"):
    place, options = line.split()[4:6]
    if "ro" not in options.split(",") and place not in ("/tmp", "/proc") and not place.startswith("/dev/"): found.append(place)
    if place != "/tmp" and os.path.isdir(place) and os.access(place, os.W_OK): found.append("may write to " + place)`
    if (!holds('fill-disk')) return expect(untrustedPromises).toContain('fill-disk')
    const output = await bench.output(`import json, os\nfound = []\n${code}\nprint(json.dumps(found))`, {
      network,
      temporaryBytes: 16 << 20,
    })
    // ENOSPC after exactly what was given, and no other folder to write to.
    expect(JSON.parse(output)).toEqual([28, 16])
  })

  test('512 MB of files in /tmp are not taken for memory, as on Lambda', async () => {
    if (tier === 'process') return expect(holds('fill-disk')).toBe(false)
    const found = await attack(`
with open("/tmp/big", "wb", buffering=0) as file:
    for _ in range(300): file.write(b"x" * (1 << 20))
found.append(os.path.getsize("/tmp/big") >> 20)`)
    expect(found).toEqual([300])
  })

  test(`cannot ${promises['fork-bound']}`, async () => {
    if (!holds('fork-bound')) return expect(untrustedPromises).toContain('fork-bound')
    const code = `
import time
children = 0
try:
    while children < 2000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        children += 1
except OSError as error: found.append(error.errno)
found.append(children < 1024)`
    const output = await bench.output(`import json, os\nfound = []\n${code}\nprint(json.dumps(found))`, {
      network,
      memoryBytes: 2 * 1024 ** 3,
    })
    expect(JSON.parse(output)).toEqual([11, true])
  })

  test(`cannot ${promises['exceed-memory']}, not with many processes either`, async () => {
    const trial = await bench.run(
      `import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        hold = bytearray(b"x") * (60 << 20)\n        time.sleep(60)\n` +
        'print("up", flush=True)\nwhile True:\n    pid, status = os.wait()\n    print("child", status, flush=True)\n    os._exit(9 if status == 9 else 0)',
      { network },
    )
    const status = await trial.status
    // The kernel ends the largest of them, the watch all.
    expect([status.signal, status.code]).toContain(status.signal === undefined ? 9 : 'SIGKILL')
    if (status.signal !== undefined) expect(status.outOfMemory).toBe(true)
  })

  test.each(
    Object.entries({
      'files without a name':
        'keep = [os.memfd_create("x") for _ in range(300)]\nfor fd in keep: os.write(fd, b"x" * (1 << 20))',
      'System V segments':
        'libc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\nfor _ in range(300):\n    place = libc.shmat(libc.shmget(0, 1 << 20, 0o1600), None, 0)\n    ctypes.memset(place, 1, 1 << 20)\n    libc.shmdt(ctypes.c_void_p(place))',
      'shared mappings':
        'keep = [mmap.mmap(-1, 1 << 20) for _ in range(300)]\nfor place in keep: place.write(b"x" * (1 << 20))',
    }),
  )(`cannot ${promises['exceed-memory']}, not in %s either`, async (name, code) => {
    // Who is watched is seen with what its processes have mapped: so says docs/concepts/isolation.md.
    const isSeen = bench.sandbox.facts.limitsMemory || name === 'shared mappings'
    // Beside files in /tmp, which are none.
    const trial = await bench.run(
      `import ctypes, mmap, os, tempfile, time\nopen(os.path.join(tempfile.gettempdir(), "big"), "wb").write(b"x" * (40 << 20))\n${code}\ntime.sleep(${isSeen ? 60 : 1})`,
      { network, memoryBytes: 128 << 20, environment: { LD_LIBRARY_PATH: '/var/lang/lib' } },
    )
    expect((await trial.status).outOfMemory).toBe(isSeen)
  })

  test(`cannot ${promises['gain-privileges']}`, async () => {
    const found = await attack(`
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, do):
    try: result = do()
    except OSError: return
    if result is None or result >= 0: found.append(name)
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16): found.append(name)
if status.get("NoNewPrivs") != "1": found.append("no_new_privs")
if ${bench.sandbox.facts.filtersCalls ? 'True' : 'False'} and status["Seccomp"] != "2": found.append("seccomp")
x86 = os.uname()[4] == "x86_64"
attempt("unshare", lambda: libc.unshare(0x10000000))
attempt("mount", lambda: libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None))
attempt("umount", lambda: libc.umount2(b"/tmp", 2))
attempt("ptrace", lambda: libc.ptrace(0, 0, None, None))
attempt("keyctl", lambda: libc.syscall(250 if x86 else 219, 0, -3, 1))
attempt("bpf", lambda: libc.syscall(321 if x86 else 280, 5, None, 0))
attempt("io_uring", lambda: libc.syscall(425, 1, ctypes.create_string_buffer(256)))
attempt("perf_event_open", lambda: libc.syscall(298 if x86 else 241, ctypes.create_string_buffer(256), 0, -1, -1, 0))
attempt("userfaultfd", lambda: libc.syscall(323 if x86 else 282, 1))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM).close())
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("setuid", lambda: os.setuid(0))
attempt("mknod", lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(8, 0)))
for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/1/mem", "/proc/1/environ"):
    attempt(path, lambda: open(path, "w").close())`)
    if (holds('gain-privileges')) expect(found).toEqual([])
    else expect(found.length).toBeGreaterThan(0)
  })
})

test('the list of promises names what strangers need, and tells of every tier what it lacks', () => {
  const none = {
    hasOwnUsers: false,
    limitsMemory: false,
    limitsProcesses: false,
    keepsTemporary: false,
    relayAddress: undefined,
    filtersCalls: false,
    network: 'host',
  } as const
  const all = {
    hasOwnUsers: true,
    limitsMemory: true,
    limitsProcesses: true,
    keepsTemporary: true,
    relayAddress: '169.254.100.1',
    filtersCalls: true,
    network: 'none',
  } as const
  expect(lacksOf('root', all)).toEqual([])
  expect(lacksOf('userns', all)).toEqual([])
  expect(lacksOf('userns', { ...all, network: 'host' }).map((lack) => lack.promise)).toEqual(['reach-host'])
  expect(new Set(lacksOf('process', none).map((lack) => lack.promise))).toEqual(new Set(Object.keys(promises)))
  expect(lacksOf('process', all).some((lack) => untrustedPromises.includes(lack.promise))).toBe(true)
})
