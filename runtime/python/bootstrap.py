"""The program of a Python execution environment: visible as /var/runtime/bootstrap.py, run as `__main__`.

How a sandbox starts it (the agreement with launcher.py, zygote.py and src/sandbox):

exec    argv is `[python, -S, /var/runtime/bootstrap.py]`, the environment is the whole of `SandboxSpec.environment`. The sandbox
        guarantees two inherited descriptors: 3 is the write end of the telemetry pipe (`SandboxProcess.telemetry`), 4 is a stream socket
        connected to `SandboxSpec.apiSocket`. The environment names them: `_LAMBDA_TELEMETRY_LOG_FD=3`, `_ZIPYARD_API=fd:4`.
        A sandbox that cannot pass descriptors may write `_ZIPYARD_API=unix:/path` instead. Stdin is /dev/null.
zygote  imports this file under the name `bootstrap` (`import bootstrap; bootstrap.preload()`) while it is single-threaded, forks, and in the
        child, calls `bootstrap.rehearse()` while nobody waits, and when namespaces, descriptors and user are as they should be, `bootstrap.run(environ, connect, telemetry_fd)` with the
        function's whole environment as a dict, what waits until the function's files are there and returns the descriptor of the connected
        socket, and the descriptor of the telemetry pipe. It never returns: it ends by `sys.exit` or by a signal. What it does is what the
        exec path does.

Variables that begin with `_ZIPYARD_` are for this file only and gone before the function's code runs:
`_ZIPYARD_API` (above), `_ZIPYARD_OPT` (where /opt is, when it could not be mounted there), `_ZIPYARD_SDK` (folder of the runtime's AWS SDK),
`_ZIPYARD_SDK_LATE` (modules that folder will have, joined by `,`, when it is still empty),
`_ZIPYARD_DENIED` (JSON: native libraries that would not load on Lambda, with the loader's sentence), `_ZIPYARD_PYCACHE` (compiled files: `TREE=FOLDER` joined by `:`).

Standard library only; one copy for every Python from 3.8 to 3.14 (2.7, 3.6 and 3.7 as well as they go).
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def preload():
    """Imports what Lambda's own runtime has imported before the function's code: for the zygote, before it forks."""
    _import_runtime()
    import decimal  # noqa: F401
    import logging  # noqa: F401
    import site  # noqa: F401
    import socket  # noqa: F401
    import traceback  # noqa: F401


def rehearse():
    """
    What `run` will do, with nothing: a forked child writes to some hundred pages of the interpreter when it first does this, which copies them, and
    does it before anybody waits. It leaves nothing behind that a function could see.
    """
    import json
    import site

    os.environ.clear()
    os.environ.update(dict(("_ZIPYARD_%d" % number, "x" * 40) for number in range(32)))
    _take_settings()
    _set_locale()
    path = sys.path[:]
    site.addsitedir(HERE)
    _set_path(_runtime_minor(), {})
    sys.path[:] = path
    names = {}
    exec(compile("def handler(event, context):\n    return event\n", "", "exec"), names)
    _import_runtime().rehearse(names["handler"])
    json.loads(json.dumps({"environment": [path]}))


def run(environ, connect, telemetry_fd=None):
    """Serves invocations until the process is ended. `environ` replaces the whole environment; `connect` is called when files are needed."""
    os.environ.clear()
    os.environ.update(environ)
    import time

    if hasattr(time, "tzset"):
        time.tzset()
    if telemetry_fd is not None:
        os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(telemetry_fd)
    os.environ.pop("_ZIPYARD_API", None)
    sys.argv = [os.path.join(os.environ.get("LAMBDA_RUNTIME_DIR", HERE), "bootstrap.py")]
    # Held here: with the zygote's module its descriptors would be closed, by number, whatever they are by now.
    zygote = _become_main()  # noqa: F841
    _serve(lambda _: _socket_of(connect()))


def main():
    """The exec path: everything comes from the environment."""
    _serve(lambda taken: _connect(taken.get("API", "")))


def _serve(connect):
    taken = _take_settings()
    _set_locale()
    minor = _runtime_minor()
    # Before the function's folders are on the path: a copy of AWS's client in the package must not take this one's place.
    main_of_runtime = _import_runtime()
    api = connect(taken)
    if taken.get("SDK_LATE"):
        from awslambdaric import late_sdk

        late_sdk.install(taken["SDK"], taken["SDK_LATE"].split(","))
    _set_path(minor, taken)
    if taken.get("DENIED"):
        from awslambdaric import denied_libraries

        denied_libraries.install(taken["DENIED"])
    module = sys.modules["__main__"]
    # Where instrumentation (Sentry, Lumigo, Datadog) looks for the names it wraps: from 3.9 on in the client package, before in `__main__` itself.
    module.awslambdaricmain = main_of_runtime
    if minor <= (3, 8):
        module.handle_event_request = main_of_runtime.bootstrap.handle_event_request
        module.LambdaRuntimeClient = main_of_runtime.bootstrap.LambdaRuntimeClient
        main_of_runtime.bootstrap.hooks = module
    main_of_runtime.serve(os.environ.get("_HANDLER", ""), api)


def _import_runtime():
    if HERE not in sys.path:
        sys.path.insert(0, HERE)
        try:
            import awslambdaric.__main__ as found
        finally:
            sys.path.remove(HERE)
        return found
    import awslambdaric.__main__ as found

    return found


def _become_main():
    """In a forked child `__main__` is the zygote; from here on it is this module, as in a process of its own."""
    before = sys.modules.get("__main__")
    this = sys.modules[__name__]
    this.__name__ = "__main__"
    # What the interpreter gives the module it runs.
    this.__spec__ = this.__package__ = this.__cached__ = None
    if sys.version_info < (3, 14):  # since then annotations are made when they are asked for
        this.__dict__.setdefault("__annotations__", {})
    sys.modules["__main__"] = this
    # AWS has no module `bootstrap` in sys.modules from 3.9 on, and instrumentation decides by that.
    sys.modules.pop("bootstrap", None)
    return before


def _take_settings():
    taken = {}
    for name in [name for name in os.environ if name.startswith("_ZIPYARD_")]:
        taken[name[len("_ZIPYARD_"):]] = os.environ.pop(name)
    return taken


def _runtime_minor():
    """The function's runtime decides, not the interpreter: `AWS_Lambda_python3.13` is (3, 13)."""
    name = os.environ.get("AWS_EXECUTION_ENV", "")
    marker = "AWS_Lambda_python"
    if name.startswith(marker):
        try:
            major, minor = name[len(marker):].split(".")[:2]
            return int(major), int(minor)
        except ValueError:
            pass
    return sys.version_info[:2]


def _set_locale():
    """`LC_CTYPE=C.UTF-8` is there from 3.12 on (PEP 538 on a system without en_US) and on no earlier runtime, whatever this host has."""
    coerced = os.environ.get("LC_CTYPE") == "C.UTF-8"
    if _runtime_minor() >= (3, 12):
        os.environ.setdefault("LC_CTYPE", "C.UTF-8")
    elif coerced:
        del os.environ["LC_CTYPE"]


def _set_path(minor, taken):
    import site

    task_root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    runtime_dir = os.environ.get("LAMBDA_RUNTIME_DIR", HERE)
    opt = taken.get("OPT", "/opt")
    sdk = taken.get("SDK")
    version = "python{0}.{1}".format(*minor)
    layer_dirs = [os.path.join(opt, "python", "lib", version, "site-packages"), os.path.join(opt, "python")]
    custom = "PYTHONPATH" in os.environ

    # The host's own packages must never be importable, or a function works here and fails on Lambda.
    library = [
        entry
        for entry in sys.path
        if entry and os.path.basename(entry) not in ("site-packages", "dist-packages") and os.path.abspath(entry) not in (HERE, runtime_dir)
    ]
    if custom:
        given = [entry for entry in os.environ["PYTHONPATH"].split(os.pathsep) if entry]
        library = [entry for entry in library if entry not in given]
    else:
        given = []
    if sdk:
        own = [sdk, runtime_dir] if minor >= (3, 11) else [runtime_dir, sdk]
    else:
        own = [runtime_dir]
    # PYTHONPATH precedes the standard library; the script's folder precedes PYTHONPATH, but site-packages was moved before it from 3.11 on.
    sys.path[:] = own + given + library

    if sys.flags.no_site:
        for name in ("setquit", "setcopyright", "sethelper"):
            getattr(site, name)()
        if custom:
            site.execsitecustomize()
    if not custom:
        sys.path[0:0] = layer_dirs
    sys.path.insert(0, task_root)
    site.addsitedir(task_root)
    if not custom:
        for folder in layer_dirs:
            site.addsitedir(folder)
        os.environ["PYTHONPATH"] = runtime_dir
    if taken.get("PYCACHE"):
        _use_bytecode(taken["PYCACHE"])


def _use_bytecode(places):
    """Compiled files of read-only trees stand elsewhere: `/var/task=/var/pycache/0:/opt=/var/pycache/1`. All other modules keep their `__pycache__`."""
    import importlib._bootstrap_external as external

    pairs = [(tree + "/", cache + "/") for tree, cache in (pair.split("=") for pair in places.split(":"))]
    suffix = "." + sys.implementation.cache_tag + ".pyc"
    original = external.cache_from_source

    def cache_from_source(path, *args, **kwargs):
        if isinstance(path, str) and path.endswith(".py"):
            for tree, cache in pairs:
                if path.startswith(tree):
                    return cache + path[len(tree) : -3] + suffix
        return original(path, *args, **kwargs)

    external.cache_from_source = cache_from_source


def _connect(where):
    import socket

    if where.startswith("fd:"):
        try:
            return _socket_of(int(where[3:]))
        except (OSError, ValueError):
            where = ""  # A wrapper closed it: the address that every other runtime uses still answers.
    if where.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(where[5:])
        return connection
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _socket_of(api_socket):
    import socket

    if isinstance(api_socket, int):
        if sys.version_info >= (3, 7):
            api_socket = socket.socket(fileno=api_socket)
        else:
            api_socket = socket.fromfd(api_socket, socket.AF_UNIX, socket.SOCK_STREAM)
    if hasattr(os, "set_inheritable"):
        os.set_inheritable(api_socket.fileno(), False)
    api_socket.settimeout(None)
    return api_socket


if __name__ == "__main__":
    main()
