"""What the zygote knows of an environment: the processes of its program, and what outlives them."""

import os
import signal
import socket

import kernel
from kernel import HOST


class Environment(object):
    def __init__(self, name, order):
        self.id = name
        self.order = order
        self.first = self.program = self.status = 0
        # Descriptors of its mount namespace and of its network namespace, if it has one of its own.
        self.mounts = self.network = None
        self.relays = []
        # Leads to the program until that has started.
        self.line = None
        self.is_released = False

    def start(self, template, fds=()):
        """A process, made ready: the first of this environment, or another one with its streams, spec and connection."""
        order = self.order
        flags = kernel.NEWIPC | kernel.NEWUTS
        if not fds:
            flags |= kernel.NEWNS | (0 if order["network"] == "host" else kernel.NEWNET)
        self.because = ""
        self.is_ready = False
        self.line, its_end = socket.socketpair()
        files = []
        try:
            if order["unified"]:
                files.append(os.open(HOST + order["unified"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            files += [os.open(HOST + path, os.O_WRONLY | os.O_CLOEXEC) for path in order["groups"]]
            namespaces = [fd for fd in (self.mounts, self.network) if fd is not None]
            everything = [its_end.fileno()] + files + namespaces + list(fds)
            self.first, self.program = template.run(flags, dict(order, again=bool(fds)), everything)
            if not fds:
                self.mounts = self._namespace("mnt")
                self.network = None if order["network"] == "host" else self._namespace("net")
        finally:
            its_end.close()
            for fd in files:
                os.close(fd)

    def _namespace(self, kind):
        return os.open("%s/proc/%d/ns/%s" % (HOST, self.program, kind), os.O_RDONLY | os.O_CLOEXEC)

    def hear_program(self, flags=socket.MSG_DONTWAIT):
        """Whether the program has started or failed; `is_ready` and `because` tell which. One that was killed says nothing."""
        while True:
            try:
                piece = self.line.recv(4096, flags)
            except BlockingIOError:
                return False
            except OSError:
                piece = b""
            if not piece:
                return True
            if piece.startswith(b"."):
                self.is_ready = True
                piece = piece[1:]
            self.because += piece.decode(errors="replace").lstrip("!")
            if flags == 0:
                return False

    def wait_until_ready(self):
        while not self.is_ready:
            if self.hear_program(0):
                raise OSError(32, self.because or "the process that was made ready is gone")

    def relay(self, relays, template):
        """A process between its network and sockets of the host; it ends with the program."""
        self.relays = relays
        if not relays:
            return
        ours, theirs = socket.socketpair()
        fds = []
        try:
            fds.append(os.open("%s/proc/%d/ns/pid" % (HOST, self.first), os.O_RDONLY | os.O_CLOEXEC))
            fds += [theirs.fileno(), self.mounts, self.network]
            fds += [os.open(HOST + os.path.dirname(relay["socket"]), os.O_PATH | os.O_CLOEXEC) for relay in relays]
            template.help({"relays": relays}, fds)
            theirs.close()
            because = ours.recv(4096)
            if because:
                raise OSError(32, because.decode(errors="replace"))
        finally:
            ours.close()
            theirs.close()
            for fd in fds[:1] + fds[4:]:
                os.close(fd)

    def terminate(self):
        if self.program:
            os.kill(self.program, signal.SIGTERM)

    def kill(self):
        """Everything in its process namespace."""
        if self.first:
            os.kill(self.first, signal.SIGKILL)

    def signal_all(self, number, template):
        if not self.first:
            return
        namespace = os.open("%s/proc/%d/ns/pid" % (HOST, self.first), os.O_RDONLY | os.O_CLOEXEC)
        try:
            template.help({"signal": number}, [namespace])
        finally:
            os.close(namespace)

    def end(self, pid, status):
        """Notes that a process of it has been reaped. Whether nothing is left of them."""
        if pid == self.program:
            self.program = 0
            self.status = status
            self.kill()
        else:
            self.first = 0
        return self.first == 0

    def close(self):
        for fd in (self.mounts, self.network):
            if fd is not None:
                os.close(fd)
