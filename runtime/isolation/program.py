"""The function's process, from its fork to the moment in which it goes on as the bootstrap, or executes another program.

It was just cloned and sets its namespaces up, for the first of an environment while nobody waits for it: /proc, network, host name; then it gives up
everything that is not the function's. What it is to run comes through a named pipe that only the service writes to; when the function's files are
mounted, it is given the connection to the service, and starts.
"""

import functools
import json
import os
import signal
import socket

import kernel
import network
from descriptors import above, open_streams, receive
from kernel import HOST

USER, GROUP = 993, 990
# Descriptors until it starts: the line to the zygote, and what to run. 5 may be libffi's (`zygote.py`).
LINE, SPEC = 6, 7


class Program(object):
    def __init__(self, fds, order, zygote):
        """
        `fds`: a line to the zygote; the folder of a group in the unified hierarchy, if there is one; what to write to, to come into groups of v1. For
        another process in an environment, its namespaces too, stdout, stderr, telemetry, spec and the connection to the service; for the first
        these are to come.
        """
        self.zygote = zygote
        self.order = json.loads(order)
        self.is_first = not self.order["again"]
        self.line = fds.pop(0)
        self.unified = fds.pop(0) if self.order["unified"] else None
        count = len(self.order["groups"])
        self.groups, self.namespaces, self.streams = fds[:count], fds[count:-5], fds[-5:]

    def prepare(self):
        """Returns what this process has to do."""
        try:
            for fd in self.groups:
                os.write(fd, b"0")
            if self.unified is not None and not kernel.begins_in_group:
                # Linux before 5.7, or a rule of the hierarchy: it moves itself, which takes milliseconds.
                os.write(os.open("cgroup.procs", os.O_WRONLY, dir_fd=self.unified), b"0")
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            if self.is_first:
                folder = HOST + self.order["folder"]
                self.streams = open_streams(folder) + [os.open(folder + "/spec", os.O_RDONLY)]
            self._set_up()
            self._arrange()
            self._give_up()
            if hasattr(self.zygote.bootstrap, "rehearse"):
                self.zygote.bootstrap.rehearse()
            os.write(LINE, b".")
        except Exception as error:
            self._fail(error)
        return self._begin

    def _fail(self, error):
        try:
            os.write(self.line, b"!" + (str(error) or repr(error)).encode())
        except OSError:
            pass  # nobody waits
        os._exit(1)

    def _set_up(self):
        order = self.order
        if not self.is_first:
            for fd in self.namespaces:
                kernel.setns(fd, 0)
        # Elsewhere first: in a user namespace it can be mounted only where one is mounted already.
        place = "/proc" if self.is_first else "/home"
        # Process 1 is of the host's network and mounts, and shows them to whoever sees it: of others' processes there is nothing to see.
        kernel.mount("proc", place, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, "hidepid=2")
        if not self.is_first:
            kernel.umount("/proc")
            kernel.mount(place, "/proc", None, kernel.MS_MOVE)
        socket.sethostname("localhost")
        if not self.is_first:
            return
        if order["network"] != "host":
            kernel.loopback_up()
        if order["port"]:
            because = self._hear_of_network() or network.configure(order["port"])
            if because:
                raise OSError(101, because)
        if kernel.has_open_tree:
            kernel.umount(HOST)

    def _hear_of_network(self):
        said = b""
        while not said.endswith(b"\n"):
            piece = os.read(self.line, 1)
            if not piece:
                return "the zygote is gone"
            said += piece
        return said.decode().strip()

    def _arrange(self):
        """Streams at 0 to 3, and when it is there the connection to the service at 4."""
        user = self.order["user"]
        # Whoever opens /dev/stdout opens the pipe anew, and the kernel asks for its owner.
        for fd in self.streams[:3]:
            os.fchown(fd, user, user)
        null = os.open("/dev/null", os.O_RDWR)
        wanted = dict(zip((0, 1, 2, 3, SPEC, 4), [null] + self.streams))
        wanted[LINE] = self.line
        high = [(number, above(fd)) for number, fd in wanted.items()]
        for number, fd in high:
            os.dup2(fd, number, inheritable=number < 5)
        self.line = LINE
        kernel.close_all_but(list(wanted) + self.zygote.kept_open)

    def _give_up(self):
        user = self.order["user"]
        kernel.set_limits(self.order["userProcesses"], self.zygote.core)
        if self.order["canSetGroups"]:
            os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        kernel.unshare(kernel.NEWUSER | kernel.NEWCGROUP)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        kernel.map_user(USER, GROUP, user, user)
        kernel.drop_bounding_set(self.zygote.last_capability)
        kernel.clear_ambient()
        kernel.set_capabilities(())
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if self.zygote.filter:
            self.zygote.filter.install()

    def _begin(self):
        """Returns what to call, so that no frame of this file lies below the function's; does not return from executing a program."""
        spec = _read_spec()
        if spec["zygote"]:
            return functools.partial(self.zygote.bootstrap.run, spec["environment"], lambda: self._start(spec["workingDirectory"]), 3)
        self._start(spec["workingDirectory"])
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        return _execute(spec["argv"], spec["environment"])

    def _start(self, folder):
        """Waits until the function's files are there. Returns the descriptor of the connection to the service."""
        if self.is_first:
            with socket.socket(fileno=LINE) as line:
                message, fds = receive(line, 1)
                line.detach()
            if not message:
                os._exit(0)  # nobody will need it
            if fds[0] == 4:
                os.set_inheritable(4, True)
            else:
                os.dup2(fds[0], 4)
                os.close(fds[0])
        try:
            os.chdir(folder)
        except PermissionError:
            pass  # A package whose folders are closed to everyone: its function cannot be found, and that is for the function to say.
        except OSError as error:
            self._fail(error)
        os.close(LINE)
        return 4


def _read_spec():
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(SPEC, 65536)
        if not piece:
            os._exit(0)  # the service went away
        text += piece
    os.close(SPEC)
    return json.loads(text)


def _execute(argv, environment):
    """Execution is the last step: what it is refused is the function's own doing (a wrapper that is not there), not a failed launch."""
    try:
        os.execve(argv[0], argv, environment)
    except OSError as error:
        os.write(2, ("%s: %s\n" % (argv[0], error.strerror)).encode())
        os._exit(127 if error.errno == 2 else 126)
