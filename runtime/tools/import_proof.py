"""Imports a handler as the runtime would, and tells what came of it: the program of the import proof, `zipyard check --import`.

usage: import_proof.py      seen at /var/proof; the function at /var/task, layers at /opt, the runtime's own modules at /var/runtime

Everything comes by environment variables, as for a function. What is observed goes to descriptor 3, one JSON array per line, at once, so that it is there
when the process is killed in the middle of an import:

["begin", NAME]                                              an import begins
["end", NAME, DEPTH, BEGAN, TOOK, BYTES, FILE or null, OK]   it ended; times in microseconds, BYTES is how much the process grew
["open" | "connect" | "start", WHAT]                         a file outside of the package, an address, a program
["done", TOOK]  or  ["error", TOOK, ERROR]                   ERROR is what Lambda would answer

Standard library only, any Python from 3.8 on.
"""

import json
import os
import sys
import time

_most_observations = 2000


def main():
    runtime = os.environ["LAMBDA_RUNTIME_DIR"]
    # /var/task is read-only on Lambda; where it could not be mounted so, it is a folder of somebody.
    sys.dont_write_bytecode = True
    # A descriptor of our own: what the function closes or writes to by number is not this one.
    report = Report(os.dup(3))
    # Not the program's folder, and of the runtime's only what it puts there itself.
    sys.path[:] = [entry for entry in sys.path if entry and os.path.abspath(entry) != os.path.dirname(os.path.abspath(__file__))]
    sys.path.insert(0, runtime)
    import bootstrap

    sys.path.remove(runtime)
    taken = bootstrap._take_settings()
    bootstrap._set_locale()
    runtime_main = bootstrap._import_runtime()
    bootstrap._set_path(bootstrap._runtime_minor(), taken)
    if taken.get("DENIED"):
        from awslambdaric import denied_libraries

        denied_libraries.install(taken["DENIED"])
    loop = runtime_main.bootstrap
    sys.argv = [os.path.join(runtime, "bootstrap.py")]
    sys.modules.pop("bootstrap", None)
    os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    handler = os.environ.get("_HANDLER", "")
    known = [os.environ["LAMBDA_TASK_ROOT"], taken.get("OPT", "/opt"), runtime, sys.prefix, sys.base_prefix, taken.get("SDK") or runtime]
    loop._setup_logging(loop._log_format(), None, loop.StandardLogSink())
    _watch_imports(report)
    _watch_events(report, tuple(os.path.join(folder, "") for folder in known))
    began = report.now()
    try:
        loop._get_handler(handler)
        outcome = ["done", report.now() - began]
    except loop.FaultException as fault:
        outcome = ["error", report.now() - began, loop.make_error(fault.msg, fault.exception_type, fault.trace)]
    except Exception:
        outcome = ["error", report.now() - began, _without_our_frames(loop.build_fault_result(sys.exc_info(), None))]
    except BaseException as error:
        # SystemExit and the like: the runtime does not catch them, the process ends.
        code = error.code if isinstance(error, SystemExit) else 1
        status = 0 if code is None else code if isinstance(code, int) else 1
        text = "Error: Runtime exited with error: exit status {0}".format(status) if status else "Error: Runtime exited without providing a reason"
        outcome = ["error", report.now() - began, {"errorType": "Runtime.ExitError", "errorMessage": text, "stackTrace": []}]
    report.say(outcome)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads and exit handlers of the function have no say any more.
    os._exit(0)


def _without_our_frames(error):
    error["stackTrace"] = [frame for frame in error.get("stackTrace", []) if "import_proof.py" not in frame]
    return error


class Report(object):
    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._process = os.getpid()
        self._clock = time.perf_counter
        self._write = os.write
        self._identify = os.getpid
        self._dumps = json.dumps

    def now(self):
        return int(self._clock() * 1000000)

    def say(self, record):
        if self._identify() != self._process:
            return  # a fork of the function
        line = (self._dumps(record) + "\n").encode("ascii")
        while line:
            try:
                line = line[self._write(self._descriptor, line) :]
            except OSError:
                return  # nobody listens any more


def _memory():
    """Resident bytes of this process; 0 where they cannot be had."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _page
    except (OSError, ValueError, IndexError):
        return 0


_page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

# Named like the import system's own frames, so that tracebacks leave it out as they leave those out.
_wrapper = """
def _find_and_load_unlocked(name, import_):
    began, before = enter(name)
    found = None
    try:
        found = original(name, import_)
        return found
    finally:
        leave(name, began, before, found)
"""


def _watch_imports(report):
    import importlib._bootstrap as system

    depth = [0]

    def enter(name):
        report.say(["begin", name])
        depth[0] += 1
        before = _memory()
        return report.now(), before

    def leave(name, began, before, found):
        took = report.now() - began
        depth[0] -= 1
        grown = _memory() - before
        file = getattr(found, "__file__", None)
        report.say(["end", name, depth[0], began, took, grown, file if isinstance(file, str) else None, found is not None])

    names = {"enter": enter, "leave": leave, "original": system._find_and_load_unlocked}
    exec(compile(_wrapper, "<frozen importlib._bootstrap>", "exec"), names)
    system._find_and_load_unlocked = names["_find_and_load_unlocked"]


def _watch_events(report, known):
    said = set()
    # What our own code opens is not the function's doing: its memory, and this file for a stack trace.
    ours = ("/proc/self/statm", os.path.abspath(__file__))

    def hear(event, args):
        if event == "open":
            kind, what = "open", args[0]
            if isinstance(what, bytes):
                what = os.fsdecode(what)
            if not isinstance(what, str) or what in ours:
                return
            if not os.path.isabs(what):
                what = os.path.join(os.getcwd(), what)
            if what.startswith(known):
                return
        elif event == "socket.connect":
            kind, what = "connect", "{0}".format(args[1])
        elif event in ("subprocess.Popen", "os.posix_spawn", "os.exec"):
            kind, what = "start", "{0}".format(args[0])
        elif event == "os.system":
            kind, what = "start", os.fsdecode(args[0])
        elif event in ("os.fork", "os.forkpty"):
            kind, what = "start", "fork"
        else:
            return
        record = (kind, what[:1000])
        if record in said or len(said) >= _most_observations:
            return
        said.add(record)
        report.say(list(record))

    sys.addaudithook(hear)


if __name__ == "__main__":
    main()
