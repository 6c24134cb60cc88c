"""What a function has of the host's files, mounted into an environment by the zygote, which enters its mount namespace for the moment.

An environment lets go of the host while it is made ready: what is mounted is picked up here, outside, and put down inside (open_tree and
move_mount, Linux 5.2). On an older kernel the environment keeps the host until now.
"""

import os

import kernel
from kernel import HOST


def mount_for_function(namespace, binds, temporary_bytes):
    """`namespace` is the mount namespace's descriptor. None of the function's code has run in there."""
    picked_up = [(_pick_up(bind["source"]), bind) for bind in binds]
    ours = os.open(HOST + "/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.setns(namespace, kernel.NEWNS)
        try:
            for tree, bind in picked_up:
                _put_down(tree, bind["source"], bind["target"])
            options = "mode=1777,size=%d,nr_inodes=%d" % (temporary_bytes, max(65536, temporary_bytes // 4096))
            kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
            if not kernel.has_open_tree:
                kernel.umount(HOST)
        finally:
            try:
                kernel.setns(ours, kernel.NEWNS)
            except OSError:
                os._exit(1)  # In a function's root this process must not go on; all environments end with it.
    finally:
        for fd in [ours] + [tree for tree, _ in picked_up if tree is not None]:
            os.close(fd)


def _pick_up(source):
    return kernel.open_tree(HOST + source) if kernel.has_open_tree else None


def _put_down(tree, source, target):
    if not os.path.exists(target):
        _make_target(target, os.path.isdir(HOST + source) if tree is None else _is_folder(tree))
    if tree is None:
        kernel.bind(HOST + source, target)
    else:
        kernel.move_tree(tree, target)
        kernel.restrict(target)


def _is_folder(fd):
    return (os.fstat(fd).st_mode & 0o170000) == 0o040000


def _make_target(target, is_folder):
    kernel.mount(None, "/", None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_NOSUID)
    try:
        os.makedirs(target if is_folder else os.path.dirname(target), 0o755, exist_ok=True)
        if not is_folder:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    finally:
        kernel.mount(None, "/", None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID)
