"""Descriptors that go from one process of a sandbox to another, and the named pipes that they come from."""

import array
import fcntl
import os
import signal
import socket

from kernel import HOST

STREAMS = ("stdout", "stderr", "telemetry")


def send(channel, message, fds=()):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    channel.sendmsg([message], rights)


def receive(channel, most=65536):
    """What was sent, and the descriptors that came with it; empty when the other side is gone."""
    message, ancillary, _, _ = channel.recvmsg(most, socket.CMSG_SPACE(16 * 4))
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return message, list(fds)


def open_streams(folder):
    """The service has opened their reading ends before it asked for the launch; were it gone, this fails instead of waiting."""
    fds = []
    for name in STREAMS:
        fd = os.open(folder + "/" + name, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(fd, True)
        fds.append(fd)
    return fds


def connect(path):
    """By the folder's descriptor: a socket's path may have 107 bytes only, and data folders are deep."""
    folder = os.open(HOST + os.path.dirname(path), os.O_PATH)
    try:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.connect("%s/proc/self/fd/%d/%s" % (HOST, folder, os.path.basename(path)))
        return connected
    except OSError as error:
        raise OSError(error.errno, "connect %s: %s" % (path, error.strerror))
    finally:
        os.close(folder)


def above(fd):
    """A copy out of the way of the numbers that are given out next."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD, 16)


def wakeup_pipe():
    """Becomes readable when a child has ended."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _nothing)
    return woken, wake


def _nothing(*_):
    pass
