"""Second stage: one warm interpreter per Python version, from which the environments of its functions are forked.

It runs inside the root that launcher.py built, single-threaded, with Lambda's bootstrap imported (`bootstrap.preload()`), and holds nothing of any
function: variables and keys go from the service straight to the forked child. Four kinds of processes:

zygote    this program. Answers the service's lines on descriptor 3 (src/sandbox/zygote.ts speaks the other end), mounts (mounts.py), and reaps. It
          holds what outlives a function's process: an environment's mounts, with its /tmp, and its network.
template  a copy of it that keeps still (template.py), of which programs are copies.
first     process 1 of an environment's process namespace. It only waits for the zygote's end; with it everything in there ends.
program   the function's process (program.py): made ready ahead, with namespaces, user, limits and filter; then it goes on as the bootstrap
          (`bootstrap.run`), or executes another program.

Descriptors of the program: 0 /dev/null, 1 stdout, 2 stderr, 3 telemetry, 4 a socket connected to the service.
"""

import os
import sys


def _load_libffi():
    """
    libffi from 3.4 on, where it is built so, opens its own file when ctypes is loaded, and maps it again whenever callbacks need another page. A child
    without this descriptor would run out of callbacks, or crash once the number meant another file (seen with libffi 3.5 under Python 3.14). It gets the
    number that it has in an executed bootstrap whose function imports ctypes first of all. Returns it, or None where libffi holds none.
    """
    number = 5
    fds = [os.open("/", os.O_RDONLY)]
    while fds[-1] < number:
        fds.append(os.open("/", os.O_RDONLY))
    os.close(fds.pop())
    import _ctypes  # noqa: F401

    for fd in fds:
        os.close(fd)
    try:
        os.fstat(number)
        return number
    except OSError:
        return None


def _load():
    """Imports the bootstrap first: what is in `sys.modules` then is what an executed bootstrap has, and all else is taken out again."""
    text = b""
    while True:
        piece = os.read(5, 65536)
        if not piece:
            break
        text += piece
    os.close(5)
    bootstrap = None
    at_start = set(sys.modules)
    libffi = _load_libffi()
    if sys.argv[0] == "/var/runtime/bootstrap.py":
        import ctypes

        ctypes.CDLL(None).umount2(b"/var/runtime/bootstrap.py", 2)  # MNT_DETACH: from here on it is the bootstrap's own file
    for name in set(sys.modules) - at_start:
        del sys.modules[name]
    if sys.argv[0] == "/var/runtime/bootstrap.py":
        import bootstrap

        bootstrap.preload()
    expected = set(sys.modules)
    import json

    return json.loads(text), bootstrap, expected, libffi


settings, bootstrap, expected, libffi = _load()

keep_bytecode = sys.dont_write_bytecode
sys.dont_write_bytecode = True
sys.path.insert(0, settings["host"] + settings["guestFolder"])

import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402

import kernel  # noqa: E402
import network  # noqa: E402
import seccomp  # noqa: E402
import settle  # noqa: E402
from descriptors import STREAMS, connect, open_streams, send, wakeup_pipe  # noqa: E402
from kernel import HOST  # noqa: E402
from environment import Environment  # noqa: E402
from mounts import mount_for_function  # noqa: E402
from template import Template  # noqa: E402

del sys.path[0]
sys.dont_write_bytecode = keep_bytecode

SLOTS_AHEAD = 3
SIGNALS = {"freeze": signal.SIGSTOP, "thaw": signal.SIGCONT}
# A core file would leave the environment when the host hands them to a program.
CORE_BYTES = 10737418240


# Sockets of the processes before: were they collected, they would close descriptors by numbers that mean something else by then.
kept = []


def main():
    zygote = Zygote()
    kept.append(zygote)
    begin = zygote.serve()
    program = begin()
    program()


class Zygote(object):
    def __init__(self):
        self.bootstrap = bootstrap
        # Descriptors that every copy keeps.
        self.kept_open = [] if libffi is None else [libffi]
        self.control = socket.socket(fileno=3)
        self.control.setblocking(True)
        self.control.set_inheritable(False)
        self.received = b""
        self.environments = {}  # id -> Environment
        self.by_line = {}  # descriptor -> Environment
        self.by_pid = {}  # its first process and its program -> Environment
        self.next_slot = 0
        code = seccomp.program()
        self.filter = kernel.Filter(code) if code else None
        self.last_capability = _last_capability()
        self.core = 0 if _core_goes_to_program() else CORE_BYTES
        self.woken, self.wake = wakeup_pipe()
        self.poll = select.poll()
        self.poll.register(3, select.POLLIN)
        self.poll.register(self.woken, select.POLLIN)
        kernel.probe_open_tree()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        os.umask(0o022)
        os.chdir("/")

    def serve(self):
        """Returns only in a program's process: what it has to do."""
        slots = [self._make_slot() for _ in range(SLOTS_AHEAD)]
        if hasattr(self.bootstrap, "rehearse"):
            settle.rehearse(self.bootstrap)
        _forget_modules()
        gc.collect()
        settle.take_gaps()
        gc.freeze()
        self.template = Template(self)
        program = self.template.start()
        if program is not None:
            return program
        self._say(event="ready", slots=slots, filter=self.filter is not None)
        while True:
            for fd, _ in self.poll.poll():
                if fd == 3:
                    for line in self._lines():
                        self._do(json.loads(line))
                elif fd == self.woken:
                    self._reap()
                else:
                    self._hear(self.by_line.get(fd))

    def _lines(self):
        piece = self.control.recv(65536)
        if not piece:
            os._exit(0)  # The service is gone; the holders die with this process.
        *lines, self.received = (self.received + piece).split(b"\n")
        return lines

    def _do(self, order):
        action, name = order["do"], order["id"]
        environment = self.environments.get(name)
        if action == "prepare":
            self._prepare(order)
        elif environment is None:
            self._say(event="released", id=name)
        elif action == "use":
            self._use(environment, order)
        elif action == "again":
            self._use_again(environment, order)
        elif action == "release":
            self._release(environment)
        elif action == "kill":
            environment.kill()
        elif action == "terminate":
            environment.terminate()
        else:
            environment.signal_all(SIGNALS[action], self.template)

    def _prepare(self, order):
        """A new environment, for whichever function will need it."""
        name = order["id"]
        environment = Environment(name, order)
        try:
            environment.start(self.template)
            if order["port"]:
                environment.line.send(network.connect(environment.program, order["port"]).replace("\n", "; ").encode() + b"\n")
        except OSError as error:
            environment.kill()
            return self._say(event="failed", id=name, because=str(error))
        self.environments[name] = environment
        self._listen(environment)

    def _listen(self, environment):
        for pid in (environment.first, environment.program):
            self.by_pid[pid] = environment
        fd = environment.line.fileno()
        self.by_line[fd] = environment
        self.poll.register(fd, select.POLLIN)
        self._say(event="slot", slot=self._make_slot())

    def _use(self, environment, order):
        """The first process of a function: it gets its files and the connection to the service."""
        try:
            if not kernel.has_open_tree:
                environment.wait_until_ready()  # It has to open things of the host, which it is about to lose.
            binds = [bind for bind in order["binds"] if bind != {"target": "/var/runtime", "source": settings["runtimeFolder"]}]
            api = connect(order["apiSocket"])
            mount_for_function(environment.mounts, binds, order["temporaryBytes"])
            environment.relay(order["relays"], self.template)
            send(environment.line, b"!", [api.fileno()])
            api.close()
        except OSError as error:
            environment.because = environment.because or str(error)
            self._fail(environment)

    def _use_again(self, environment, order):
        fds = []
        try:
            fds += open_streams(HOST + order["folder"]) + [os.open(HOST + order["folder"] + "/spec", os.O_RDONLY)]
            fds.append(connect(order["apiSocket"]).detach())
            environment.start(self.template, fds)
            environment.relay(environment.relays, self.template)
            self._listen(environment)
        except OSError as error:
            self._say(event="failed", id=environment.id, because=str(error))
        finally:
            for fd in fds:
                os.close(fd)

    def _hear(self, environment):
        """What the program says until it has started."""
        if environment is None or not environment.hear_program():
            return
        self._close_line(environment)
        if environment.because:
            self._fail(environment)
        elif environment.is_ready:
            self._say(event="started", id=environment.id, pid=environment.first, program=environment.program)

    def _fail(self, environment):
        """It did not become a function's; nothing of it is kept."""
        self._say(event="failed", id=environment.id, because=environment.because)
        self._release(environment)

    def _release(self, environment):
        self._close_line(environment)
        environment.is_released = True
        environment.kill()
        self._forget_when_gone(environment)

    def _close_line(self, environment):
        fd = environment.line.fileno()
        if fd >= 0:
            self.poll.unregister(fd)
            del self.by_line[fd]
            environment.line.close()

    def _reap(self):
        os.read(self.woken, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.template.pid:
                os._exit(1)
            environment = self.by_pid.pop(pid, None)
            if environment is None:
                continue  # a helper
            if environment.line.fileno() >= 0:
                self._hear(environment)
            if pid == environment.program and not environment.is_ready and not environment.because:
                environment.because = "the process that was made ready ended with status %d" % status
                self._fail(environment)
            if environment.end(pid, status):
                # The first process is the last to go: nothing is left in there.
                self._say(event="exited", id=environment.id, status=environment.status)
                self._forget_when_gone(environment)

    def _forget_when_gone(self, environment):
        if environment.is_released and not environment.first and self.environments.pop(environment.id, None):
            environment.close()
            self._say(event="released", id=environment.id)

    def _make_slot(self):
        """A folder with the named pipes of one launch, made ahead, because making them takes longer than opening them."""
        self.next_slot += 1
        folder = "%s/%d" % (settings["slotFolder"], self.next_slot)
        os.mkdir(HOST + folder, 0o700)
        for name in STREAMS + ("spec",):
            os.mkfifo("%s%s/%s" % (HOST, folder, name), 0o600)
        return folder

    def _say(self, **message):
        self.control.sendall((json.dumps(message) + "\n").encode())


def _forget_modules():
    """Leaves in `sys.modules` what an executed bootstrap has there, so that a package's module of such a name is found."""
    for name in set(sys.modules) - expected:
        # Extensions that cannot be loaded a second time stay; nobody names a module of a package like them.
        if name not in ("_ctypes", "_socket", "_struct"):
            del sys.modules[name]
    sys.path_importer_cache.clear()


def _last_capability():
    try:
        with open(HOST + "/proc/sys/kernel/cap_last_cap") as file:
            return int(file.read())
    except OSError:
        return 40


def _core_goes_to_program():
    try:
        with open(HOST + "/proc/sys/kernel/core_pattern") as file:
            return file.read().startswith("|")
    except OSError:
        return True


if __name__ == "__main__":
    main()
