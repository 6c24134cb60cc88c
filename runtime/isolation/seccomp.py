"""The system calls that a function may not make, as a program for the kernel (seccomp, classic BPF).

A deny list over what Lambda's own environments do not offer either: mounting, namespaces, modules, keys, tracing, clocks, BPF, io_uring.
Everything else works as without it. `clone3` and io_uring answer "no such call", so that libraries fall back to what the filter can judge.

Run as a program it writes the filter for this machine to stdout, for sandboxes that load it themselves (`bwrap --seccomp`).
"""

import os
import struct

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97

# Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux (x86_64, aarch64); None where there is none.
DENIED = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "uselib": (134, None),
    "vhangup": (153, 58),
}
ABSENT = {
    "clone3": (435, 435),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
}
CLONE = (56, 220)
SOCKET = (41, 198)

# Flags of clone() that make namespaces: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
NAMESPACE_FLAGS = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

# Families that a network namespace does not confine (AF_VSOCK reaches the hypervisor's host) or that are attack surface only.
DENIED_FAMILIES = {"AF_ALG": 38, "AF_VSOCK": 40, "AF_XDP": 44}

# AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
X32_BIT = 0x40000000

LOAD, JEQ, JGE, JSET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW = 0x7FFF0000


def _errno(number):
    return 0x00050000 | number


def program(machine=None):
    """The filter as the bytes of an array of `struct sock_filter`, or None for a machine without a table."""
    column, audit = ARCHITECTURES.get(machine or os.uname()[4], (None, None))
    if column is None:
        return None
    code = []

    def step(operation, value, then=0, otherwise=0):
        code.append(struct.pack("=HBBI", operation, then, otherwise, value))

    def answer(number, action):
        """One test and one return: longer jumps would have to be counted, and the kernel compiles this to a tree anyway."""
        step(JEQ, number, 0, 1)
        step(RETURN, action)

    step(LOAD, 4)  # architecture
    step(JEQ, audit, 1, 0)
    step(RETURN, _errno(ENOSYS))
    step(LOAD, 0)  # number of the call
    if machine == "x86_64" or (machine is None and column == 0):
        step(JGE, X32_BIT, 0, 1)
        step(RETURN, _errno(ENOSYS))
    for table, error in ((DENIED, EPERM), (ABSENT, ENOSYS)):
        for numbers in table.values():
            if numbers[column] is not None:
                answer(numbers[column], _errno(error))
    # clone(flags, …): the low half of the first argument
    step(JEQ, CLONE[column], 0, 4)
    step(LOAD, 16)
    step(JSET, NAMESPACE_FLAGS, 0, 1)
    step(RETURN, _errno(EPERM))
    step(RETURN, ALLOW)
    # socket(family, …)
    step(JEQ, SOCKET[column], 0, 1 + 2 * len(DENIED_FAMILIES))
    step(LOAD, 16)
    for family in DENIED_FAMILIES.values():
        answer(family, _errno(EAFNOSUPPORT))
    step(RETURN, ALLOW)
    return b"".join(code)


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(program() or b"")
