"""Second stage: one warm interpreter per Python version, from which the environments of its functions are forked.

It runs inside the root that launcher.py built, single-threaded, with Lambda's bootstrap imported (`bootstrap.preload()`), and holds nothing of any
function: variables and keys go from the service straight to the forked child. Three kinds of processes:

zygote    this program. Answers the service's lines on descriptor 3 (src/sandbox/zygote.ts speaks the other end).
holder    a child in namespaces of its own, process 1 in there. Owns what outlives the function's process (mounts, /tmp), starts it, reaps,
          and dies when the zygote or the service does, and the kernel ends everything in its namespace with it.
program   the holder's child: limits, user, capabilities, filter; then it goes on as the bootstrap (`bootstrap.run`), or executes another program.

Descriptors of the program: 0 /dev/null, 1 stdout, 2 stderr, 3 telemetry, 4 a socket connected to the service.
"""

import os
import sys


# libffi from 3.4 on, where it is built so, opens its own file when ctypes is loaded, and maps it again whenever callbacks need another page. A child
# without this descriptor would run out of callbacks, or crash once the number meant another file (seen with libffi 3.5 under Python 3.14). It gets the
# number that it has in an executed bootstrap whose function imports ctypes first of all.
LIBFFI = 5


def _load_libffi():
    """Returns whether libffi holds a descriptor; then it is LIBFFI."""
    fds = [os.open("/", os.O_RDONLY)]
    while fds[-1] < LIBFFI:
        fds.append(os.open("/", os.O_RDONLY))
    os.close(fds.pop())
    import _ctypes  # noqa: F401

    for fd in fds:
        os.close(fd)
    try:
        os.fstat(LIBFFI)
        return True
    except OSError:
        return False


def _load():
    """Imports the bootstrap first: what is in `sys.modules` then is what an executed bootstrap has, and all else is taken out of a child."""
    text = b""
    while True:
        piece = os.read(5, 65536)
        if not piece:
            break
        text += piece
    os.close(5)
    bootstrap = None
    at_start = set(sys.modules)
    holds_libffi = _load_libffi()
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

    return json.loads(text), bootstrap, expected, holds_libffi


settings, bootstrap, expected, holds_libffi = _load()

keep_bytecode = sys.dont_write_bytecode
sys.dont_write_bytecode = True
sys.path.insert(0, settings["host"] + settings["guestFolder"])

import array  # noqa: E402
import fcntl  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402

import kernel  # noqa: E402
import relay as relaying  # noqa: E402
import seccomp  # noqa: E402

del sys.path[0]
sys.dont_write_bytecode = keep_bytecode

HOST = settings["host"]
STREAMS = ("stdout", "stderr", "telemetry")
SLOTS_AHEAD = 3
# A core file would leave the environment when the host hands them to a program.
CORE_BYTES = 10737418240
USER, GROUP = 993, 990


# Sockets of the processes before: were they collected, they would close descriptors by numbers that mean something else by then.
kept = []


def main():
    zygote = Zygote()
    kept.append(zygote)
    program = zygote.serve()
    program()


class Zygote(object):
    def __init__(self):
        self.control = socket.socket(fileno=3)
        self.control.setblocking(True)
        self.control.set_inheritable(False)
        self.received = b""
        self.holders = {}  # id -> Holder
        self.by_channel = {}  # descriptor -> Holder
        self.by_pid = {}
        self.next_slot = 0
        code = seccomp.program()
        self.filter = kernel.Filter(code) if code else None
        self.last_capability = _last_capability()
        self.core = 0 if _core_goes_to_program() else CORE_BYTES
        self.woken, self.wake = _wakeup_pipe()
        self.poll = select.poll()
        self.poll.register(3, select.POLLIN)
        self.poll.register(self.woken, select.POLLIN)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        os.umask(0o022)
        os.chdir("/")

    def serve(self):
        """Returns only in a program's process: what it has to do."""
        slots = [self._make_slot() for _ in range(SLOTS_AHEAD)]
        gc.collect()
        gc.freeze()
        self._say(event="ready", slots=slots, filter=self.filter is not None)
        while True:
            for fd, _ in self.poll.poll():
                if fd == 3:
                    for line in self._lines():
                        program = self._do(json.loads(line))
                        if program is not None:
                            return program
                elif fd == self.woken:
                    self._reap()
                else:
                    self._hear(self.by_channel.get(fd))

    def _lines(self):
        piece = self.control.recv(65536)
        if not piece:
            os._exit(0)  # The service is gone; the holders die with this process.
        *lines, self.received = (self.received + piece).split(b"\n")
        return lines

    def _do(self, order):
        action, name = order["do"], order["id"]
        holder = self.holders.get(name)
        if action == "prepare":
            return self._fork_holder(order)
        if holder is None:
            self._say(event="released", id=name)
        elif action == "again":
            self._launch_again(holder, order)
        elif action == "release":
            self._close_channel(holder)
            os.kill(holder.pid, signal.SIGKILL)
        else:
            self._tell(holder, order)
        return None

    def _fork_holder(self, order):
        if len(os.listdir(HOST + "/proc/self/task")) != 1:
            self._say(event="failed", id=order["id"], because="the warm interpreter has more than one thread")
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        flags = kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC | kernel.NEWUTS
        if order["network"] != "host":
            flags |= kernel.NEWNET
        try:
            pid = kernel.clone(flags)
        except OSError as error:
            ours.close()
            theirs.close()
            self._say(event="failed", id=order["id"], because=str(error))
            return None
        if pid == 0:
            # Channels of other environments among them.
            os.dup2(theirs.detach(), 3, inheritable=False)
            _close_from(4)
            environment = Environment(socket.socket(fileno=3), order, self)
            kept.append(environment)
            return environment.hold()
        theirs.close()
        if order["port"]:
            self._connect_network(pid, order["port"], ours)
        holder = Holder(order["id"], pid, ours)
        self.holders[order["id"]] = self.by_pid[pid] = self.by_channel[ours.fileno()] = holder
        self.poll.register(ours.fileno(), select.POLLIN)
        self._say(event="slot", slot=self._make_slot())
        return None

    def _connect_network(self, pid, port, channel):
        """A pair of interfaces, one on the host's bridge, the other in the environment; the kernel removes both with the environment."""
        because = _ip(
            "link add %s type veth peer name eth0 netns %d" % (port["interface"], pid),
            "link set %s master %s" % (port["interface"], port["bridge"]),
            "link set %s type bridge_slave isolated on" % port["interface"],
            "link set %s up" % port["interface"],
        )
        channel.send(json.dumps({"do": "network", "because": because}).encode())

    def _launch_again(self, holder, order):
        try:
            fds = _open_streams(HOST + order["folder"]) + [os.open(HOST + order["folder"] + "/spec", os.O_RDONLY)]
            fds.append(_connect(HOST + order["apiSocket"]).detach())
        except OSError as error:
            return self._say(event="failed", id=order["id"], because=str(error))
        self._tell(holder, {"do": "again"}, fds)
        for fd in fds:
            os.close(fd)
        self._say(event="slot", slot=self._make_slot())

    def _tell(self, holder, message, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            holder.channel.sendmsg([json.dumps(message).encode()], rights)
        except OSError:
            pass  # It is on its way out; the service hears so when it is reaped.

    def _hear(self, holder):
        if holder is None:
            return
        try:
            # Never waits: the event may be that of a channel closed in this very round, whose number has been given to this one.
            message = holder.channel.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            return self._close_channel(holder)
        heard = json.loads(message)
        self._say(id=holder.id, pid=holder.pid, **heard)

    def _close_channel(self, holder):
        fd = holder.channel.fileno()
        if fd >= 0:
            self.poll.unregister(fd)
            del self.by_channel[fd]
            holder.channel.close()

    def _reap(self):
        os.read(self.woken, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            holder = self.by_pid.pop(pid, None)
            if holder is None:
                continue
            if holder.channel.fileno() >= 0:
                while select.select([holder.channel], [], [], 0)[0] and holder.channel.fileno() >= 0:
                    self._hear(holder)
            self._close_channel(holder)
            del self.holders[holder.id]
            self._say(event="released", id=holder.id, status=status)

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


class Holder(object):
    """What the zygote knows of a holder."""

    def __init__(self, name, pid, channel):
        self.id, self.pid, self.channel = name, pid, channel


class Environment(object):
    """
    The holder's side: it was just cloned into new namespaces and still sees the host at /.host.

    All that does not depend on the function is done ahead: namespaces, /proc, the program's process with its user and limits. Then it waits to be
    told whose it is.
    """

    def __init__(self, channel, order, zygote):
        self.channel = channel
        self.order = order
        self.filter = zygote.filter
        self.last_capability = zygote.last_capability
        self.core = zygote.core
        self.groups = []
        self.unified = self.unified_procs = None
        self.streams = []
        self.program = 0
        self.relays = []  # (listening socket, path of the host's socket)
        self.line = None  # to the program's process, until it goes on as the function's

    def hold(self):
        """Returns only in the program's process: what it has to do."""
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            self.woken, self.wake = _wakeup_pipe()
            os.setsid()
            folder = HOST + self.order["folder"]
            self.streams = _open_streams(folder)
            self.spec = os.open(folder + "/spec", os.O_RDONLY)
            self.groups = [os.open(HOST + path, os.O_WRONLY | os.O_CLOEXEC) for path in self.order["groups"]]
            if self.order["unified"]:
                self.unified = os.open(HOST + self.order["unified"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                self.unified_procs = os.open("cgroup.procs", os.O_WRONLY | os.O_CLOEXEC, dir_fd=self.unified)
            kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
            socket.sethostname("localhost")
            if self.order["network"] != "host":
                kernel.loopback_up()
            if self.order["port"]:
                self._configure_network(self.order["port"])
            program = self._park()
        except OSError as error:
            self._say(event="failed", because=str(error))
            os._exit(0)
        return program or self._serve()

    def _configure_network(self, port):
        order, _ = self._receive()
        because = order["because"] if order else "the zygote is gone"
        because = because or _ip(
            "addr add %s dev eth0" % port["address"], "link set eth0 up", "route add default via %s" % port["gateway"]
        )
        if because:
            raise OSError(101, because)

    def _serve(self):
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        poll.register(self.woken, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self.woken:
                    self._reap()
                    continue
                order, fds = self._receive()
                if order is None:
                    os._exit(0)
                try:
                    program = self._do(order, fds)
                except OSError as error:
                    self._say(event="failed", because=str(error))
                    os._exit(1)
                if program is not None:
                    return program

    def _do(self, order, fds):
        action = order["do"]
        if action == "use":
            self._use(order)
        elif action == "again":
            program = self._park()
            if program is not None:
                return program
            self._hand_over(_read_spec(fds[3]), fds[:3], fds[4])
        elif action == "terminate" and self.program:
            os.kill(self.program, signal.SIGTERM)
        for name, number in (("kill", signal.SIGKILL), ("freeze", signal.SIGSTOP), ("thaw", signal.SIGCONT)):
            if action == name:
                _signal_all(number)
        return None

    def _use(self, order):
        """The first process of a function: mounts what is its own and lets go of the host."""
        spec = _read_spec(self.spec)
        api = _connect(HOST + order["apiSocket"])
        for bind in spec["binds"]:
            if bind["target"] == "/var/runtime" and bind["source"] == settings["runtimeFolder"]:
                continue  # the root has it
            _make_target(bind["target"], os.path.isdir(HOST + bind["source"]))
            kernel.bind(HOST + bind["source"], bind["target"])
        options = "mode=1777,size=%d,nr_inodes=%d" % (spec["temporaryBytes"], max(65536, spec["temporaryBytes"] // 4096))
        kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
        if self.order["network"] != "host":
            self.relays = [_open_relay(number, relay) for number, relay in enumerate(spec["relays"])]
        kernel.umount(HOST)
        self._hand_over(spec, self.streams, api.detach())
        kernel.set_capabilities(kernel.HOLDER_CAPABILITIES)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)

    def _park(self):
        """Forks the program's process, which makes itself ready and waits. Returns in it: what it has to do."""
        ours, theirs = socket.socketpair()
        pid = self._fork()
        if pid == 0:
            ours.detach()
            try:
                return self._become(theirs)
            except Exception as error:
                os.write(5, str(error).encode() or b"?")
                os._exit(1)
        theirs.close()
        self.program = pid
        self.line = ours
        return None

    def _hand_over(self, spec, streams, api):
        """Tells the waiting process what it is, and says whether it could become that."""
        # Whoever opens /dev/stdout opens the pipe anew, and the kernel asks for its owner.
        for fd in streams:
            os.fchown(fd, self.order["user"], self.order["user"])
        folder = os.open(spec["workingDirectory"], os.O_PATH | os.O_DIRECTORY)
        fds = list(streams) + [api, folder]
        because = b""
        try:
            self.line.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
            self.line.sendall((json.dumps(spec) + "\n").encode())
        except OSError:
            because = b"the process that was made ready is gone"
        for fd in fds:
            os.close(fd)
        while True:
            try:
                piece = self.line.recv(4096)
            except OSError:
                break
            if not piece:
                break
            because += piece
        self.line.close()
        if because:
            self.program = 0
            self._say(event="failed", because=because.decode(errors="replace"))
        else:
            self._say(event="started")
        # Now that this process has let go of the program's pipes, and with them whoever is forked.
        if self.relays and os.fork() == 0:
            _run_relays(self.relays)

    def _fork(self):
        if self.unified is None:
            return os.fork()
        try:
            return kernel.fork_into(self.unified)
        except OSError:
            # Linux before 5.7, or a rule of the hierarchy: the child moves itself, which takes milliseconds.
            pid = os.fork()
            if pid == 0:
                os.write(self.unified_procs, b"0")
            return pid

    def _become(self, line):
        """In the program's process: gives up everything that is not the function's, waits to be told what to be, and returns that."""
        user = self.order["user"]
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for fd in self.groups:
            os.write(fd, b"0")
        null = os.open("/dev/null", os.O_RDWR)
        line = _above(line.detach())
        for number in range(3):
            os.dup2(null, number)
        os.dup2(line, LIBFFI + 1, inheritable=False)
        line = socket.socket(fileno=LIBFFI + 1)
        self.channel.detach()
        _close_from(3, LIBFFI + 2)
        kernel.set_limits(self.order["userProcesses"], self.core)
        if self.order["canSetGroups"]:
            os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        kernel.unshare(kernel.NEWUSER | kernel.NEWCGROUP)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        kernel.map_user(USER, GROUP, user, user)
        kernel.drop_bounding_set(self.last_capability)
        kernel.clear_ambient()
        kernel.set_capabilities(())
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        _forget_modules()
        spec = _be_told(line)
        try:
            os.fchdir(8)
        except PermissionError:
            pass  # A package whose folders are closed to everyone: its function cannot be found, and that is for the function to say.
        os.close(8)
        if self.filter:
            self.filter.install()
        if spec["zygote"]:
            line.close()
            return lambda: bootstrap.run(spec["environment"], 4, 3)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        return _execute(spec["argv"], spec["environment"])

    def _reap(self):
        os.read(self.woken, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.program:
                self.program = 0
                _signal_all(signal.SIGKILL)
                _wait_for_all()
                self._say(event="exited", status=status)
                return

    def _receive(self):
        message, ancillary, _, _ = self.channel.recvmsg(65536, socket.CMSG_SPACE(8 * 4))
        fds = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        return (json.loads(message) if message else None), list(fds)

    def _say(self, **message):
        self.channel.send(json.dumps(message).encode())


def _close_from(first, last=LIBFFI + 1):
    """Closes every descriptor below LIBFFI from `first` on and every one from `last` on, and LIBFFI unless it is libffi's."""
    for number in range(first, LIBFFI if holds_libffi else LIBFFI + 1):
        try:
            os.close(number)
        except OSError:
            pass
    kernel.close_from(last)


def _forget_modules():
    """Leaves in `sys.modules` what an executed bootstrap has there, so that a package's module of such a name is found."""
    for name in set(sys.modules) - expected:
        # Extensions that cannot be loaded a second time stay; nobody names a module of a package like them.
        if name not in ("_ctypes", "_socket", "_struct"):
            del sys.modules[name]
    sys.path_importer_cache.clear()


def _be_told(line):
    """Takes stdout, stderr, telemetry and the connection to their numbers, the working directory to 8, and returns what to run."""
    message, ancillary, _, _ = line.recvmsg(1, socket.CMSG_SPACE(5 * 4))
    if not message:
        os._exit(0)  # nobody will need it
    fds = array.array("i")
    for _, _, data in ancillary:
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    high = [_above(fd) for fd in fds]
    for fd in fds:
        os.close(fd)
    for number, fd in zip((1, 2, 3, 4, 8), high):
        os.dup2(fd, number)
        os.close(fd)
    text = b""
    while not text.endswith(b"\n"):
        piece = line.recv(65536)
        if not piece:
            os._exit(0)
        text += piece
    return json.loads(text)


def _execute(argv, environment):
    """Execution is the last step: what it is refused is the function's own doing (a wrapper that is not there), not a failed launch."""
    try:
        os.execve(argv[0], argv, environment)
    except OSError as error:
        os.write(2, ("%s: %s\n" % (argv[0], error.strerror)).encode())
        os._exit(127 if error.errno == 2 else 126)


def _ip(*commands):
    """Runs `ip` over commands, and returns what it complains of."""
    into, out = os.pipe(), os.pipe()
    program = next((path for path in ("/usr/sbin/ip", "/usr/bin/ip", "/sbin/ip", "/bin/ip") if os.path.exists(path)), "/sbin/ip")
    pid = os.fork()
    if pid == 0:
        os.dup2(into[0], 0)
        os.dup2(out[1], 2)
        kernel.close_from(3)
        try:
            os.execve(program, ["ip", "-batch", "-"], {})
        finally:
            os._exit(127)
    os.close(into[0])
    os.close(out[1])
    os.write(into[1], "\n".join(commands).encode())
    os.close(into[1])
    said = b""
    while True:
        piece = os.read(out[0], 4096)
        if not piece:
            break
        said += piece
    os.close(out[0])
    status = os.waitpid(pid, 0)[1]
    return said.decode(errors="replace").strip() or "`ip` ended with %d" % status if status else ""


def _open_relay(number, relay):
    """Listens at an address of its own on the loopback of this network."""
    if number == 0:
        kernel.add_loopback_address(number, relay["address"])
    listener = relaying.listen(relay["address"], relay["port"])
    folder, name = os.path.split(relay["socket"])
    return listener, "/proc/self/fd/%d/%s" % (os.open(HOST + folder, os.O_PATH), name)


def _run_relays(relays):
    """A process of its own; ends with the program."""
    kernel.set_capabilities(())
    try:
        relaying.serve(relays)
    finally:
        os._exit(0)


def _open_streams(folder):
    """The service has opened their reading ends before it asked for the launch; were it gone, this fails instead of waiting."""
    fds = []
    for name in STREAMS:
        fd = os.open(folder + "/" + name, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(fd, True)
        fds.append(fd)
    return fds


def _read_spec(fd):
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(fd, 65536)
        if not piece:
            raise OSError(32, "the service went away")
        text += piece
    os.close(fd)
    return json.loads(text)


def _connect(path):
    """By the folder's descriptor: a socket's path may have 107 bytes only, and data folders are deep."""
    folder = os.open(os.path.dirname(path), os.O_PATH)
    try:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.connect("%s/proc/self/fd/%d/%s" % (HOST, folder, os.path.basename(path)))
        return connected
    except OSError as error:
        raise OSError(error.errno, "connect %s: %s" % (path[len(HOST):], error.strerror))
    finally:
        os.close(folder)


def _make_target(target, is_folder):
    if os.path.exists(target):
        return
    kernel.mount(None, "/", None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_NOSUID)
    try:
        os.makedirs(target if is_folder else os.path.dirname(target), 0o755, exist_ok=True)
        if not is_folder:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    finally:
        kernel.mount(None, "/", None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID)


def _above(fd):
    """A copy out of the way of the numbers that are given out next."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD, 16)


def _signal_all(number):
    """To every process of the namespace but this one."""
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        pass


def _wait_for_all():
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def _wakeup_pipe():
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken, wake


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
