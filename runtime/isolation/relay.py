"""Between the network of a function and sockets of the host, for programs that know TCP only: they reach the Runtime API by it.

Run as a program (src/sandbox/bwrap.ts): `relay.py ADDRESS PORT SOCKET`. It returns once it listens, and goes on as a process that nobody waits for.
"""

import os
import socket


def listen(address, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener


def serve(relays):
    """Connects whoever connects to a listener to its unix socket. Does not return."""
    import threading  # not before: whoever forks must have one thread, and no more modules than it needs

    def accept(listener, path):
        while True:
            inside, _ = listener.accept()
            outside = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                outside.connect(path)
            except OSError:
                inside.close()
                continue
            for pair in ((inside, outside), (outside, inside)):
                threading.Thread(target=_pump, args=pair, daemon=True).start()

    threads = [threading.Thread(target=accept, args=relay, daemon=True) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _pump(source, target):
    try:
        while True:
            piece = source.recv(65536)
            if not piece:
                break
            target.sendall(piece)
    except OSError:
        pass
    for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def main(address, port, path):
    listener = listen(address, int(port))
    if os.fork():
        os._exit(0)
    os.setsid()
    # The program's own pipes would not end with it otherwise.
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    own = listener.fileno()
    os.closerange(3, own)
    os.closerange(own + 1, 256)
    serve([(listener, path)])


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
