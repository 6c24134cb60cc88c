/** A forked warm interpreter and an executed one must be the same to a function; and what happens when a zygote dies. */
import { closeSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Bench,
  openFolder,
  processesThatMention,
  systemPython,
  testedTiers,
  write,
} from '../../test/kit/sandbox-bench.ts'
import { warmEnvironment } from './warm-environment.ts'
import { openTier } from './open-tier.ts'
import { signal } from './process-tree.ts'
import type { SandboxSpec } from './sandbox.ts'
import { mayFork } from './zygote-rule.ts'

const python = systemPython()
const minor = python.version.split('.').slice(0, 2).join('.')

/** Stands for the real bootstrap: as small, with the same entry points, and it tells all it can find out about its process. */
const bootstrap = `
import os, sys

def preload():
    import json, logging

def run(environ, connect, telemetry_fd=None):
    os.environ.clear()
    os.environ.update(environ)
    import time
    time.tzset()
    this = sys.modules[__name__]
    this.__name__ = "__main__"
    sys.modules["__main__"] = this
    sys.modules.pop("bootstrap", None)
    this.serve(connect(), telemetry_fd)

def serve(api, telemetry):
    import json
    # Extensions that cannot be loaded twice stay loaded; nobody names a module of a package like them.
    modules = sorted(set(sys.modules) - {"_ctypes", "_socket", "_struct"})
    os.environ.pop("LC_CTYPE", None)  # PEP 538; the real bootstrap sets it by the function's runtime
    import ctypes, gc, locale, resource, signal, socket, stat, threading, time
    s = socket.socket(fileno=os.dup(api))
    s.setblocking(True)
    s.sendall(b"hello")
    status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
    kinds = {fd: stat.S_IFMT(os.stat(fd).st_mode) for fd in range(5)}
    found = dict(
        modules=modules, argv=sys.argv, path=sys.path, flags=str(sys.flags), executable=sys.executable, prefix=sys.prefix,
        base=sys.base_prefix, main=sys.modules["__main__"].__file__, name=sys.modules["__main__"].__name__,
        environ=dict(os.environ), cwd=os.getcwd(), umask=os.umask(0o22), fds=sorted(set(os.listdir("/proc/self/fd")) - {str(s.fileno())}),
        kinds=kinds, ids=[os.getresuid(), os.getresgid(), os.getgroups()], session=os.getsid(0) == os.getpid(),
        limits={n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")},
        signals={str(n): str(signal.getsignal(n)).split(" at ")[0] for n in range(1, signal.NSIG)}, blocked=str(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        status={n: status.get(n) for n in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Threads", "SigBlk", "SigIgn")},
        command=open("/proc/self/cmdline").read(), threads=threading.active_count(), tz=time.tzname, locale=locale.setlocale(locale.LC_CTYPE),
        encoding=sys.stdout.encoding, buffered=sys.stdout.line_buffering, bytecode=sys.dont_write_bytecode, gc=gc.isenabled(),
        tty=[os.isatty(fd) for fd in range(3)], mounts=sorted(l.split()[4] for l in open("/proc/self/mountinfo")),
        user=__import__("pwd").getpwuid(os.getuid()).pw_name, group=__import__("grp").getgrgid(os.getgid()).gr_name,
        callbacks=[callback(n) for n, callback in enumerate([ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: n + 1) for _ in range(1000)])][-1],
        reopened=open("/dev/stderr", "w").write("") == 0, host=os.listdir("/.host"), shm=os.path.exists("/dev/shm"), hostname=socket.gethostname(),
        ppid=os.getppid(), ctypes=ctypes.CDLL(None).getpid() == os.getpid(), dumpable=os.access("/proc/self/environ", os.R_OK), runtime=sorted(os.listdir("/var/runtime")),
    )
    print(json.dumps(found, sort_keys=True))
    sys.exit(5)

if __name__ == "__main__":
    preload()
    serve(4, 3)
`

describe.each(testedTiers.filter((tier) => tier === 'root' || tier === 'userns'))('tier %s', (tier) => {
  let bench: Bench
  let fork: Partial<SandboxSpec>
  beforeAll(() => {
    const folder = openFolder('zygote')
    const runtimeFolder = join(folder, 'runtime')
    mkdirSync(runtimeFolder, { mode: 0o755 })
    write(join(runtimeFolder, 'bootstrap.py'), bootstrap)
    bench = new Bench(
      openTier(tier, { stateFolder: join(folder, 'state'), launcher: python, runtimeFolder }),
      python,
      folder,
    )
    fork = {
      argv: [`/var/lang/bin/python${minor}`, '-S', '/var/runtime/bootstrap.py'],
      environment: { ...warmEnvironment, SOME: 'value' },
      allowZygote: true,
      network: 'none',
    }
  })
  afterAll(() => bench.stop())

  const observe = async (changes: Partial<SandboxSpec>): Promise<Record<string, unknown>> => {
    const trial = await bench.run('', changes)
    expect(await trial.status).toEqual({ code: 5, signal: undefined, outOfMemory: false })
    return JSON.parse(trial.stdout()) as Record<string, unknown>
  }

  test('a forked process is the same to its function as an executed one', async () => {
    const [forked, executed] = [await observe(fork), await observe({ ...fork, allowZygote: false })]
    expect(forked).toEqual(executed)
    // Listing opens one; libffi, where it is built so, keeps its own file open once ctypes is there.
    expect([
      ['0', '1', '2', '3', '4', '6'],
      ['0', '1', '2', '3', '4', '5', '7'],
    ]).toContainEqual(forked['fds'])
    expect(forked).toMatchObject({
      argv: ['/var/runtime/bootstrap.py'],
      prefix: '/var/lang',
      executable: `/var/lang/bin/python${minor}`,
      cwd: '/var/task',
      ids: [[993, 993, 993], [990, 990, 990], expect.anything()],
      user: 'sbx_user1051',
      group: 'sbx_user1051',
      host: [],
      shm: false,
      callbacks: 1000,
      reopened: true,
      environ: { ...warmEnvironment, SOME: 'value' },
    })
  })

  test('what one function was given is nowhere in the memory of another', async () => {
    const folder = join(bench.folder, 'waiting')
    mkdirSync(folder)
    const waiting =
      'import sys\ndef preload(): pass\ndef run(e, connect, t=None):\n    connect()\n    print("up", flush=True)\n    import time; time.sleep(300)\n'
    write(join(folder, 'bootstrap.py'), waiting)
    const other = new Bench(
      openTier(tier, { stateFolder: join(folder, 'state'), launcher: python, runtimeFolder: folder }),
      python,
      openFolder('waiting'),
    )
    const [mine, theirs] = [`mine-${process.pid}`, `theirs-${process.pid}`]
    const first = await other.run('', { ...fork, environment: { ...warmEnvironment, KEY: theirs } })
    await first.said('up')
    const second = await other.run('', { ...fork, environment: { ...warmEnvironment, KEY: mine } })
    await second.said('up')
    const pids = second.processIds()
    expect(pids.filter((pid) => memoryHolds(pid, mine)).length).toBeGreaterThan(0)
    expect(pids.filter((pid) => memoryHolds(pid, theirs))).toEqual([])
    await other.stop()
  })

  test('a zygote that was killed takes its environments along, and the next launch starts another', async () => {
    const trial = await bench.run('import time; print("up", flush=True); time.sleep(300)', { id: `orphan-${tier}` })
    await trial.said('up')
    const zygotes = processesThatMention('/var/runtime/bootstrap.py').filter((pid) => bench.isOurs(pid))
    expect(zygotes.length).toBeGreaterThan(0)
    for (const pid of zygotes) signal(pid, 'SIGKILL')
    expect(await trial.status).toMatchObject({ signal: 'SIGKILL', outOfMemory: false })
    // Under the same id too: its namespace is gone, so it gets another.
    expect(await observe({ ...fork, id: `orphan-${tier}` })).toMatchObject({ prefix: '/var/lang' })
    await bench.sandbox.release(`orphan-${tier}`)
  })
})

const spec = (changes: Partial<SandboxSpec>): SandboxSpec => ({
  id: 'x',
  interpreter: { executable: '/usr/bin/python3.13', prefix: '/usr', version: '3.13.1' },
  argv: ['/var/lang/bin/python3.13', '-S', '/var/runtime/bootstrap.py'],
  environment: warmEnvironment,
  workingDirectory: '/var/task',
  binds: [],
  temporaryFolder: '/x',
  temporaryBytes: 1,
  memoryBytes: 1,
  processes: 1,
  network: 'none',
  apiSocket: '/x',
  allowZygote: true,
  ...changes,
})

describe('the rule for forking', () => {
  test('forks the bootstrap with the variables of the warm interpreter', () => {
    expect(mayFork(spec({}), warmEnvironment)).toBe(true)
    expect(
      mayFork(
        spec({ environment: { ...warmEnvironment, TABLE: 'x', TZ: 'Europe/Berlin', PATH: '/x' } }),
        warmEnvironment,
      ),
    ).toBe(true)
  })

  test.each([
    ['forking was forbidden', { allowZygote: false }],
    ['a wrapper starts it', { argv: ['/opt/wrap', '/var/lang/bin/python3.13', '/var/runtime/bootstrap.py'] }],
    ['it is another program', { argv: ['/var/lang/bin/python3.13', '-S', '/var/task/main.py'] }],
    ['the loader would look elsewhere', { environment: { ...warmEnvironment, LD_LIBRARY_PATH: '/opt/lib' } }],
    ['the loader would load more', { environment: { ...warmEnvironment, LD_PRELOAD: '/opt/x.so' } }],
    ['Python would start differently', { environment: { ...warmEnvironment, PYTHONHASHSEED: '0' } }],
    ['the locale would differ', { environment: { ...warmEnvironment, LC_ALL: 'C' } }],
    ['the locale is missing', { environment: { LD_LIBRARY_PATH: warmEnvironment.LD_LIBRARY_PATH } }],
  ] as [string, Partial<SandboxSpec>][])('executes when %s', (_, changes) => {
    expect(mayFork(spec(changes), warmEnvironment)).toBe(false)
  })
})

/** Whether a text lies in what a process may write to, looked at from outside: a searcher inside would find what it searches with. */
function memoryHolds(pid: number, text: string): boolean {
  let memory: number
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r')
  } catch {
    // Process 1 does not let itself be read by the service's user, where that is another than its own.
    return false
  }
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1')
      .split('\n')
      .filter((line) => / rw/.test(line) && !line.includes('[v'))
      .some((line) => {
        const [start, end] = line
          .split(' ')[0]!
          .split('-')
          .map((part) => Number.parseInt(part, 16))
        const bytes = Buffer.alloc(end! - start!)
        readSync(memory, bytes, 0, bytes.length, start!)
        return bytes.includes(text)
      })
  } finally {
    closeSync(memory)
  }
}
