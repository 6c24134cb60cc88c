"""A copy of the warm interpreter that does nothing but to be copied.

Pages of the zygote that it writes to while an environment lives would be that environment's alone from then on, and a zygote that talks to the
service writes to three hundred of them per launch. This process writes to as few as it can, and always to the same.

What it clones are the zygote's children, not its own: process 1 of a new process namespace (`kernel.Waiter`), and the program in there.
"""

import json
import os
import signal
import socket

import kernel
import network
from descriptors import receive, send
from kernel import HOST
from program import Program

# Held: were they collected, they would close descriptors by numbers that mean something else by then.
kept = []


class Template(object):
    """The zygote's side."""

    def __init__(self, zygote):
        self._zygote = zygote

    def start(self):
        """Returns only in a program's process: what it has to do."""
        self._channel, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(30)
        # Nobody writes to it: it ends with the zygote.
        life, self._life = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            kept.append((self, its_end))
            return _serve(its_end, life, self._zygote)
        its_end.close()
        os.close(life)
        return None

    def run(self, flags, order, fds):
        """Starts a program, `flags` being its namespaces, in the group that is the second of `fds`. Returns the number of process 1, and its own."""
        send(self._channel, b"%s %d %s" % (b"into" if order["unified"] else b"run", flags, json.dumps(order).encode()), fds)
        first, program = self._hear()
        for pid in (first, program):
            if pid < 0:
                raise OSError(-pid, "clone(0x%x): %s" % (flags, os.strerror(-pid)))
        return first, program

    def help(self, order, fds):
        """Starts a helper among the processes of an environment; its process namespace is the first of `fds`."""
        send(self._channel, b"help 0 " + json.dumps(order).encode(), fds)
        self._hear()

    def _hear(self):
        try:
            return [int(number) for number in self._channel.recv(64).split()] or os._exit(1)
        except OSError:
            os._exit(1)  # It does not answer, and without it nothing can start; the service starts another zygote.


def _serve(channel, life, zygote):
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.close_all_but([channel.fileno(), life] + zygote.kept_open)
    signal.set_wakeup_fd(-1)
    # As process 1 has it: nobody waits there for processes whose parents have gone.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kernel.before_clones()
    waiter = kernel.Waiter(life)
    ours = os.open(HOST + "/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    can_return = _may_enter(ours)
    while True:
        message, fds = receive(channel)
        if not message:
            os._exit(0)
        kind, flags, order = message.split(b" ", 2)
        first = 0
        if kind != b"help":
            first = waiter.start(kernel.NEWPID)
        # An ordinary user may not come back from a process namespace; another child of the zygote then goes there, and ends.
        if can_return or kernel.clone(0) == 0:
            try:
                pid = _clone_inside(first, int(flags), fds, kind == b"into")
            except OSError as error:
                pid = -error.errno
            if pid == 0:
                kernel.after_clone()
                return _help(order, fds) if kind == b"help" else Program(fds, order, zygote).prepare()
            channel.send(b"%d %d" % (first, pid))
            if not can_return:
                os._exit(0)
            kernel.setns(ours, kernel.NEWPID)
        for fd in fds:
            os.close(fd)


def _clone_inside(first, flags, fds, has_group):
    """Clones in the process namespace of `first`, or in that which is the first of `fds`."""
    if first < 0:
        return first
    namespace = os.open("%s/proc/%d/ns/pid" % (HOST, first), os.O_RDONLY | os.O_CLOEXEC) if first else os.dup(fds[0])
    try:
        kernel.setns(namespace, kernel.NEWPID)
    finally:
        os.close(namespace)
    return kernel.clone(flags, fds[1] if has_group else None)


def _may_enter(namespace):
    try:
        kernel.setns(namespace, kernel.NEWPID)
        return True
    except OSError:
        return False


def _help(text, fds):
    """Inside: a signal to every process but the first, or relays. `fds` go on with who is to be told, two namespaces, and folders."""
    order = json.loads(text)
    if "signal" in order:
        try:
            os.kill(-1, order["signal"])
        except ProcessLookupError:
            pass
        os._exit(0)
    try:
        kernel.close_all_but(fds)
        for fd in fds[2:4]:
            kernel.setns(fd, 0)
        relays = [network.open_relay(number, wanted, fds[4 + number]) for number, wanted in enumerate(order["relays"])]
    except OSError as error:
        os.write(fds[1], str(error).encode() or b"?")
        os._exit(1)
    for fd in fds[:4]:
        os.close(fd)
    network.run_relays(relays)
