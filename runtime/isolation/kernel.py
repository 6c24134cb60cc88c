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

PARENT, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00008000, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_SLAVE, MS_RELATIME = (
    1, 2, 4, 8, 32, 1024, 2048, 4096, 8192, 16384, 1 << 18, 1 << 19, 1 << 21,
)  # fmt: skip
MNT_DETACH = 2

# Where a sandbox's root shows the whole host, as long as one builds it.
HOST = "/.host"

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = (
    1, 4, 8, 22, 24, 38, 47,
)  # fmt: skip

# pivot_root and clone have no wrapper that could be used from here. (x86_64, aarch64)
SYSCALLS = {"x86_64": {"pivot_root": 155, "clone": 56}, "aarch64": {"pivot_root": 41, "clone": 220}}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
_libc.setns.argtypes = (ctypes.c_int, ctypes.c_int)
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
    """Binds without what lies mounted below."""
    mount(source, target, None, MS_BIND)
    restrict(target, writable, devices)


def restrict(target, writable=False, devices=False):
    """A user namespace may not take flags away that a mount came with, so they are kept."""
    came_with = os.statvfs(target).f_flag & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)
    if os.statvfs(target).f_flag & 4096:  # ST_RELATIME
        came_with |= MS_RELATIME
    flags = came_with | MS_NOSUID | (0 if devices else MS_NODEV) | (0 if writable else MS_RDONLY)
    mount(None, target, None, MS_BIND | MS_REMOUNT | flags)


def open_tree(path):
    """A copy of a mount that is mounted nowhere yet, by descriptor: it can be put down in another mount namespace. Without what lies below."""
    fd = _libc.syscall(ctypes.c_long(428), ctypes.c_int(-100), _bytes(path), ctypes.c_uint(1 | os.O_CLOEXEC))  # AT_FDCWD, OPEN_TREE_CLONE
    if fd < 0:
        _check(fd, "open_tree %s" % path)
    return fd


def move_tree(fd, target):
    """Puts down what `open_tree` picked up."""
    arguments = (ctypes.c_int(fd), b"", ctypes.c_int(-100), _bytes(target), ctypes.c_uint(4))  # MOVE_MOUNT_F_EMPTY_PATH
    _check(_libc.syscall(ctypes.c_long(429), *arguments), "move_mount %s" % target)


def probe_open_tree():
    """Whether this kernel and this process can use `open_tree` (Linux 5.2)."""
    global has_open_tree
    try:
        os.close(open_tree("/"))
        has_open_tree = True
    except OSError:
        has_open_tree = False


has_open_tree = False


def setns(fd, kind):
    _check(_libc.setns(fd, kind), "setns(0x%x)" % kind)


def before_clones():
    """What os.fork() does before it forks, once, for a process that does nothing but `clone` from here on."""
    ctypes.pythonapi.PyOS_BeforeFork()


def clone(flags, group=None):
    """
    fork() straight into new namespaces, as a child of this process's parent: one fork less than unshare() and fork(), which costs as much as all mounts
    together. Returns the child's number, or that of the error, negative. What os.fork() does in the parent is left out, since it writes to hundreds
    of pages, and the child does its part by `after_clone`.

    `group` is the descriptor of a control group's folder in the unified hierarchy, where the child begins, if the kernel can do that (Linux 5.7);
    `begins_in_group` says whether it could.
    """
    global begins_in_group
    if group is not None and begins_in_group:
        # flags, pidfd, child_tid, parent_tid, exit_signal (the parent's), stack, stack_size, tls, set_tid, set_tid_size, cgroup
        arguments = struct.pack("=11Q", 0x200000000 | PARENT | flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, group)
        memory = ctypes.create_string_buffer(arguments, len(arguments))
        pid = _held.syscall(_clone3, memory, _clone3_size)
        if pid >= 0:
            return pid
        begins_in_group = False
    pid = _held.syscall(_clone, ctypes.c_ulong(PARENT | flags | signal.SIGCHLD), None, None, None, None)
    return pid if pid >= 0 else -ctypes.get_errno()


begins_in_group = True


def after_clone():
    ctypes.pythonapi.PyOS_AfterFork_Child()


_clone3, _clone3_size = ctypes.c_long(435), ctypes.c_size_t(88)
_clone = ctypes.c_long(SYSCALLS.get(os.uname()[4], {"clone": -1})["clone"])


class Waiter(object):
    """
    What the first process of a process namespace does: it waits for the end of a pipe, in code of the C library and in the memory of the process that
    started it, of which it needs no copy. It ignores the ends of its children, and when it ends, everything in its namespace does.
    """

    # In bytes. What has reached its wait needs its stack no more, since it only goes on to end; so they are used again, in turn.
    STACK, STACKS = 16384, 256

    def __init__(self, fd):
        _libc.fdopen.restype = _libc.mmap.restype = ctypes.c_void_p
        _libc.fdopen.argtypes = (ctypes.c_int, ctypes.c_char_p)
        _libc.setvbuf.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
        _libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
        _held.clone.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        self._file = _libc.fdopen(fd, b"r")
        _libc.setvbuf(self._file, None, 2, 0)  # _IONBF: nothing is to be allocated
        # PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS: what is copied must not share it.
        self._stacks = _libc.mmap(None, self.STACK * self.STACKS, 3, 0x22, -1, 0)
        if self._stacks in (None, ctypes.c_void_p(-1).value):
            _check(-1, "mmap")
        self._code = ctypes.cast(_libc.fgetc_unlocked, ctypes.c_void_p)
        self._started = 0

    def start(self, flags):
        """Returns the process's number, or that of the error, negative."""
        self._started = (self._started + 1) % self.STACKS
        top = self._stacks + self.STACK * (self._started + 1) - 64
        shared = 0x100 | 0x400  # CLONE_VM, CLONE_FILES
        pid = _held.clone(self._code, top, PARENT | flags | shared | signal.SIGCHLD, self._file)
        return pid if pid >= 0 else -ctypes.get_errno()


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
    close_range(first, 0xFFFFFFFF)


def close_all_but(kept):
    """Closes every descriptor but the standard ones and these."""
    first = 3
    for fd in sorted(fd for fd in kept if fd > 2):
        if fd > first:
            close_range(first, fd - 1)
        first = fd + 1
    close_from(first)


def close_range(first, last):
    if _libc.syscall(ctypes.c_long(436), ctypes.c_uint(first), ctypes.c_uint(last), 0) != 0:  # Linux 5.9
        os.closerange(first, min(last + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536))


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
