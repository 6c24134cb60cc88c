"""The kernel's doors, by ctypes: namespaces, mounts, users, capabilities, limits. Python 3.8 to 3.14, nothing but the standard library.

Every function raises OSError with the name of the call, so that a launch that fails says where.
"""

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE, MS_RELATIME = (
    1, 2, 4, 8, 32, 1024, 2048, 4096, 16384, 1 << 18, 1 << 19, 1 << 21,
)  # fmt: skip
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = (
    1, 4, 8, 22, 24, 38, 47,
)  # fmt: skip

# What a holder needs to start another program: CAP_CHOWN (its pipes), CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP (its bounding set), and
# CAP_SETFCAP, without which Linux 5.12 lets nobody map the id 0 of the namespace above.
HOLDER_CAPABILITIES = (0, 5, 6, 7, 8, 31)

# pivot_root and clone have no wrapper that could be used from here. (x86_64, aarch64)
SYSCALLS = {"x86_64": {"pivot_root": 155, "clone": 56}, "aarch64": {"pivot_root": 41, "clone": 220}}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
_libc.prctl.argtypes = (ctypes.c_int,) + (ctypes.c_ulong,) * 4
# Holds the interpreter's lock during the call: what comes back twice must not let another thread in.
_held = ctypes.PyDLL(None, use_errno=True)


def _number(name):
    try:
        return SYSCALLS[os.uname()[4]][name]
    except KeyError:
        raise OSError(38, "no number is known for `%s` on %s" % (name, os.uname()[4]))


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def _bytes(text):
    return None if text is None else os.fsencode(text)


def unshare(flags):
    _check(_libc.unshare(flags), "unshare(0x%x)" % flags)


def mount(source, target, kind=None, flags=0, data=None):
    _check(_libc.mount(_bytes(source), _bytes(target), _bytes(kind), flags, _bytes(data)), "mount %s on %s" % (source or kind, target))


def umount(target, flags=MNT_DETACH):
    _check(_libc.umount2(_bytes(target), flags), "umount %s" % target)


def pivot_root(new, old):
    _check(_libc.syscall(_number("pivot_root"), _bytes(new), _bytes(old)), "pivot_root %s" % new)


def prctl(option, *values):
    padded = tuple(values) + (0,) * (4 - len(values))
    _check(_libc.prctl(option, *padded), "prctl(%d)" % option)


def bind(source, target, writable=False, devices=False):
    """Binds without what lies mounted below. A user namespace may not take flags away that the mount came with, so they are kept."""
    mount(source, target, None, MS_BIND)
    came_with = os.statvfs(target).f_flag & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)
    if os.statvfs(target).f_flag & 4096:  # ST_RELATIME
        came_with |= MS_RELATIME
    flags = came_with | MS_NOSUID | (0 if devices else MS_NODEV) | (0 if writable else MS_RDONLY)
    mount(None, target, None, MS_BIND | MS_REMOUNT | flags)


def fork_into(group):
    """fork() with the child in a control group of the unified hierarchy, given by its folder's descriptor, from its first instruction on."""
    # flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
    arguments = struct.pack("=11Q", 0x200000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, group)
    memory = ctypes.create_string_buffer(arguments, len(arguments))
    return _forked(lambda: _held.syscall(ctypes.c_long(435), memory, ctypes.c_size_t(len(arguments))), "clone3")


def clone(flags):
    """fork() straight into new namespaces: one fork less than unshare() and fork(), which costs as much as all mounts together."""
    number = _number("clone")
    return _forked(lambda: _held.syscall(ctypes.c_long(number), ctypes.c_ulong(flags | signal.SIGCHLD), None, None, None, None), "clone(0x%x)" % flags)


def _forked(call, name):
    """What os.fork() does around the call."""
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    pid = call()
    if pid == 0:
        api.PyOS_AfterFork_Child()
        return 0
    failed = ctypes.get_errno() if pid < 0 else 0
    api.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(failed, "%s: %s" % (name, os.strerror(failed)))
    return pid


def write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def map_user(uid, gid, outer_uid, outer_gid):
    """In a new user namespace: this process's own user and group appear as others; no group can be taken or dropped after."""
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", "%d %d 1" % (uid, outer_uid))
    write("/proc/self/gid_map", "%d %d 1" % (gid, outer_gid))


def set_capabilities(wanted):
    """Keeps only these, for this process and not for what it executes; the bounding set loses the others for good."""
    mask = 0
    for capability in wanted:
        mask |= 1 << capability
    header = struct.pack("=Ii", 0x20080522, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = struct.pack("=6I", low, low, 0, high, high, 0)
    _check(_libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(data)), "capset")


def drop_bounding_set(last):
    for capability in range(last + 1):
        _check(_libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "prctl(PR_CAPBSET_DROP, %d)" % capability)


def clear_ambient():
    _libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)  # PR_CAP_AMBIENT_CLEAR_ALL; kernels before 4.3 have none


def close_from(first):
    """Closes every descriptor from this one on."""
    if _libc.syscall(ctypes.c_long(436), ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), 0) == 0:  # close_range; Linux 5.9
        return
    os.closerange(first, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536))


class Filter(object):
    """A seccomp filter, kept ready: the kernel reads it from this memory when it is installed."""

    def __init__(self, code):
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = ctypes.create_string_buffer(
            struct.pack("@HP", len(code) // 8, ctypes.addressof(self._code)), struct.calcsize("@HP")
        )

    def install(self):
        prctl(PR_SET_SECCOMP, 2, ctypes.addressof(self._program))


def set_limits(processes, core):
    """Limits as a Lambda environment shows them (execution-environment reference 1.2), no higher than this process may go."""
    stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
    for what, soft, hard in (
        (resource.RLIMIT_NOFILE, 1024, 1024),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_CORE, core, core),
        (resource.RLIMIT_MEMLOCK, 65536, 65536),
        (resource.RLIMIT_STACK, 8388608, stack),
    ):
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = (min(soft, ceiling), ceiling if hard == resource.RLIM_INFINITY else min(hard, ceiling))
        resource.setrlimit(what, (soft, hard))


def loopback_up():
    """A new network namespace has a loopback device, switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(handle.fileno(), 0x8914, request)  # SIOCSIFFLAGS


def add_loopback_address(number, address):
    """Another address for the loopback device of this network namespace, and for it alone (mask 255.255.255.255)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for request, value in ((0x8916, address), (0x891C, "255.255.255.255")):  # SIOCSIFADDR, SIOCSIFNETMASK
            sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(handle.fileno(), request, struct.pack("16s16s8x", b"lo:%d" % number, sockaddr))
