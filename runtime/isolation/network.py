"""Networks of environments: an interface on the host's bridge, and relays (relay.py) for programs that know TCP only."""

import os

import kernel
import relay


def connect(pid, port):
    """A pair of interfaces, one on the host's bridge, the other in the environment; the kernel removes both with the environment."""
    return _ip(
        "link add %s type veth peer name eth0 netns %d" % (port["interface"], pid),
        "link set %s master %s" % (port["interface"], port["bridge"]),
        "link set %s type bridge_slave isolated on" % port["interface"],
        "link set %s up" % port["interface"],
    )


def configure(port):
    """Inside, once `connect` has been done outside. Both return what went wrong."""
    return _ip("addr add %s dev eth0" % port["address"], "link set eth0 up", "route add default via %s" % port["gateway"])


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


def open_relay(number, wanted, folder):
    """Listens at an address of its own on the loopback of this network. `folder` is the descriptor of the folder of the host's socket."""
    if number == 0:
        kernel.add_loopback_address(number, wanted["address"])
    listener = relay.listen(wanted["address"], wanted["port"])
    return listener, "/proc/self/fd/%d/%s" % (folder, os.path.basename(wanted["socket"]))


def run_relays(relays):
    """Does not return."""
    kernel.set_capabilities(())
    try:
        relay.serve(relays)
    finally:
        os._exit(0)
