"""First stage of a zygote: builds the root that every environment of one interpreter shares, goes into it, and becomes zygote.py.

Started by src/sandbox/zygote.ts with the host's file system, as root or as an ordinary user; descriptor 3 is the control socket, whose first line
is the settings. What it builds, in a mount namespace of its own:

    /usr /bin /sbin /lib*      the host's, read-only          /var/lang     the interpreter's prefix, read-only
    /etc                       made here, read-only           /var/runtime  the bootstrap, read-only
    /dev                       six nodes and four links       /.host        the whole host, until the child lets go of it
    /tmp /proc /var/task /opt  empty, for the child to mount over

An ordinary user first becomes root of a user namespace: with the ids of /etc/subuid when `newuidmap` is there, so that each
environment gets a user of its own, else with no other id than its own.
"""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import kernel  # noqa: E402
from kernel import HOST  # noqa: E402

SHARED = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/gnu")
COPIED = ("ld.so.cache", "ld.so.conf", "services", "protocols", "mime.types", "resolv.conf", "gai.conf", "host.conf", "ethertypes", "rpc")
BOUND = ("ssl", "pki", "ca-certificates", "alternatives", "ld.so.conf.d", "crypto-policies")
DEVICES = ("null", "zero", "full", "random", "urandom")
MADE = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:Kernel Overflow User:/:/sbin/nologin\n"
    "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n",
    "group": "root:x:0:\nnobody:x:65534:\nsbx_user1051:x:990:\n",
    "hosts": "127.0.0.1 localhost localhost.localdomain\n::1 localhost localhost.localdomain\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    "hostname": "localhost\n",
}


def main():
    settings = json.loads(_read_line(3))
    try:
        if settings["tier"] == "userns":
            _become_root_of_user_namespace(settings.get("subordinate"))
        kernel.unshare(kernel.NEWNS)
        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_SLAVE)
        program = _build(settings)
        _enter(settings["root"])
        settings["host"] = HOST
        _hand_over(settings)
        os.execve(program[0], program, settings["environment"])
    except OSError as error:
        os.write(3, (json.dumps({"event": "broken", "because": str(error)}) + "\n").encode())
        sys.exit(1)


def _become_root_of_user_namespace(subordinate):
    uid, gid = os.getuid(), os.getgid()
    if not subordinate:
        # A function would be the host's root towards everything that asks for an id and not for a capability, /proc/sys among it.
        if uid == 0:
            raise OSError(1, "root cannot give its own id to functions")
        kernel.unshare(kernel.NEWUSER)
        return kernel.map_user(0, 0, uid, gid)
    # The maps are written from outside, by root itself or by programs that may: a helper that stays behind does it.
    ready, go = os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(go)
        os.read(ready, 1)
        try:
            _write_maps(os.getppid(), uid, gid, subordinate)
        except OSError as error:
            os.write(2, str(error).encode())
            os._exit(1)
        os._exit(0)
    os.close(ready)
    kernel.unshare(kernel.NEWUSER)
    os.write(go, b"x")
    os.close(go)
    if os.waitpid(helper, 0)[1] != 0:
        raise OSError(1, "newuidmap and newgidmap could not give this user its ids of /etc/subuid and /etc/subgid")
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _write_maps(pid, uid, gid, subordinate):
    for name, own, ids in (("uid", uid, subordinate["uids"]), ("gid", gid, subordinate["gids"])):
        lines = ("0", str(own), "1"), ("1", str(ids["first"]), str(ids["count"]))
        if uid == 0:
            kernel.write("/proc/%d/%s_map" % (pid, name), "\n".join(" ".join(line) for line in lines))
        else:
            run = subprocess.run(["new%smap" % name, str(pid), *lines[0], *lines[1]], capture_output=True)
            if run.returncode != 0:
                raise OSError(1, run.stderr.decode(errors="replace"))


def _build(settings):
    """Returns the program of the second stage and its arguments, as seen from the new root."""
    root = settings["root"]
    kernel.mount("tmpfs", root, "tmpfs", kernel.MS_NOSUID, "mode=0755,size=8m")
    inside = lambda path: root + path  # noqa: E731
    # The loader notes on its first search which folders of LD_LIBRARY_PATH there are, and never looks into the others again: not in any copy of the warm
    # interpreter. So those that a package or a layer may bring are there from the start, empty.
    for folder in ("/var/task/lib", "/opt/lib", "/etc", "/dev", "/proc", "/tmp", "/var/lang", "/var/runtime", "/home", "/root", HOST):
        os.makedirs(inside(folder), 0o755)
    for folder in SHARED:
        if os.path.islink(folder):
            os.symlink(os.readlink(folder), inside(folder))
        elif os.path.isdir(folder):
            os.mkdir(inside(folder), 0o755)
            kernel.bind(folder, inside(folder))
    _make_etc(inside("/etc"))
    _make_dev(inside("/dev"))
    prefix = settings["interpreter"]["prefix"]
    kernel.bind(prefix, inside("/var/lang"))
    # Shared libraries and compiled-in paths name the place where it was installed.
    for place in {prefix, settings["launcher"]["prefix"]}:
        if not os.path.isdir(inside(place)):
            os.makedirs(inside(place), 0o755)
            kernel.bind(place, inside(place))
    second = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zygote.py")
    script = HOST + second
    if settings.get("runtimeFolder"):
        _make_runtime(settings["runtimeFolder"], inside("/var/runtime"))
        if settings["launcher"]["prefix"] == prefix:
            # The second stage is read from where the bootstrap will be, so that its command line is the one that Lambda's has.
            kernel.mount(second, inside("/var/runtime/bootstrap.py"), None, kernel.MS_BIND)
            script = "/var/runtime/bootstrap.py"
    return [_inside_program(settings["launcher"], prefix, inside), "-S", script]


def _inside_program(launcher, prefix, inside):
    if launcher["prefix"] == prefix:
        name = "/var/lang/bin/python" + ".".join(launcher["version"].split(".")[:2])
        if os.path.exists(inside(name)):
            return name
    return launcher["executable"]


def _make_runtime(source, target):
    """Entry by entry, so that a folder for the SDK can be mounted beside them."""
    os.mkdir(os.path.join(target, "site-packages"), 0o755)
    for name in os.listdir(source):
        place = os.path.join(target, name)
        if os.path.isdir(os.path.join(source, name)):
            os.makedirs(place, 0o755, exist_ok=True)
        else:
            _put(place, b"")
        kernel.bind(os.path.join(source, name), place)


def _make_etc(etc, mounts=True):
    for name, text in MADE.items():
        _put(os.path.join(etc, name), text.encode())
    for name in COPIED:
        try:
            with open("/etc/" + name, "rb") as file:
                content = file.read()
            if name == "resolv.conf" and b"nameserver 127." in content:
                # A resolver on the host's loopback cannot be asked from another network; this is whom it asks itself.
                with open("/run/systemd/resolve/resolv.conf", "rb") as file:
                    content = file.read()
        except OSError:
            if name != "resolv.conf" or not os.path.exists("/etc/resolv.conf"):
                continue
        _put(os.path.join(etc, name), content)
    for name in BOUND:
        if os.path.isdir("/etc/" + name):
            os.mkdir(os.path.join(etc, name), 0o755)
            if mounts:
                kernel.bind("/etc/" + name, os.path.join(etc, name))
    os.symlink("/proc/self/mounts", os.path.join(etc, "mtab"))
    os.symlink("/usr/share/zoneinfo/UTC", os.path.join(etc, "localtime"))
    if os.path.exists("/usr/lib/os-release"):
        os.symlink("/usr/lib/os-release", os.path.join(etc, "os-release"))


def _make_dev(dev):
    for name in DEVICES:
        node = os.path.join(dev, name)
        _put(node, b"")
        kernel.bind("/dev/" + name, node, writable=True, devices=True)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink("/proc/self/fd" + target, os.path.join(dev, name))


def _put(path, content):
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, 0o644)


def _enter(root):
    os.chdir(root)
    kernel.pivot_root(".", root + HOST)
    os.chdir("/")
    kernel.mount(None, "/", None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID)


def _hand_over(settings):
    """The settings go on through a pipe, not a variable: a function may read what its process was started with."""
    out, into = os.pipe()
    os.write(into, json.dumps(settings).encode())
    os.close(into)
    if out != 5:
        os.dup2(out, 5)
        os.close(out)
    os.set_inheritable(3, True)
    os.set_inheritable(5, True)


def _read_line(fd):
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(fd, 1)
        if not byte:
            sys.exit(0)
        line += byte
    return bytes(line)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--etc"]:  # for a sandbox that mounts by itself (src/sandbox/bwrap.ts); empty folders are places for the host's
        _make_etc(sys.argv[2], mounts=False)
    else:
        main()
