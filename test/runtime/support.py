"""A Runtime API for the tests: runs the real bootstrap in a process of its own, hands it events, and keeps what it says."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

RUNTIME = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "runtime", "python"))
BOOTSTRAP = os.path.join(RUNTIME, "bootstrap.py")
RUNTIME_ID = "python{0}.{1}".format(*sys.version_info[:2])


class Answer(object):
    def __init__(self, path, headers, body):
        self.path = path
        self.kind = path.rsplit("/", 1)[1]
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)


class Environment(object):
    """One execution environment: its folder of code, its process, its side of the Runtime API."""

    def __init__(self, files, handler="app.handler", runtime=RUNTIME_ID, variables=None, modes=None, opt=None):
        self.root = tempfile.mkdtemp(prefix="zipyard-runtime-")
        self.task = os.path.join(self.root, "task")
        _write(self.task, files)
        for path, mode in (modes or {}).items():
            os.chmod(os.path.join(self.task, path), mode)
        self.opt = os.path.join(self.root, "opt")
        _write(self.opt, opt or {})
        self.frames = []
        ours, theirs = socket.socketpair()
        telemetry, telemetry_end = os.pipe()
        environ = {
            "_HANDLER": handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_" + runtime,
            "LAMBDA_TASK_ROOT": self.task,
            "LAMBDA_RUNTIME_DIR": RUNTIME,
            "AWS_LAMBDA_FUNCTION_NAME": "fn",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/fn",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_ZIPYARD_API": "fd:{0}".format(theirs.fileno()),
            "_ZIPYARD_OPT": self.opt,
            "_LAMBDA_TELEMETRY_LOG_FD": str(telemetry_end),
        }
        environ.update(variables or {})
        self.process = subprocess.Popen(
            [sys.executable, "-S", BOOTSTRAP],
            env=environ,
            cwd=self.task,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(), telemetry_end),
        )
        theirs.close()
        os.close(telemetry_end)
        self._telemetry = telemetry
        self._api = ours
        self._api.settimeout(120)
        self._buffer = b""
        self._answers = []

    def request(self):
        """The next request of the process: (method, path, headers, body), or None when it hung up."""
        while b"\r\n\r\n" not in self._buffer:
            more = self._api.recv(1 << 16)
            if not more:
                return None
            self._buffer += more
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            rest += self._api.recv(1 << 16)
        self._buffer = rest[length:]
        return method, path, headers, rest[:length]

    def reply(self, status, body=b"", headers=()):
        lines = ["HTTP/1.1 {0} X".format(status)] + ["{0}: {1}".format(*pair) for pair in headers]
        lines.append("Content-Length: {0}".format(len(body)))
        self._api.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + body)

    def ready(self):
        """Whether init succeeded: the process asked for an event. Otherwise `self.init_error` is what it said, or None if it died silently."""
        self.init_error = None
        got = self.request()
        if got is None:
            return False
        if got[1].endswith("/runtime/init/error"):
            self.init_error = Answer(got[1], got[2], got[3])
            self.reply(202, b'{"status":"OK"}\n')
            return False
        assert got[:2] == ("GET", "/2018-06-01/runtime/invocation/next"), got
        return True

    def invoke(self, event, request_id="11111111-2222-3333-4444-555555555555", headers=(), raw=None):
        """Sends one event to the waiting process and returns its Answer; the process then waits for the next one."""
        given = [
            ("Lambda-Runtime-Aws-Request-Id", request_id),
            ("Lambda-Runtime-Deadline-Ms", "99999999999999"),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:fn"),
            ("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0"),
            ("Content-Type", "application/json"),
        ]
        named = dict((name.lower(), True) for name, _ in headers)
        given = [pair for pair in given if pair[0].lower() not in named] + [pair for pair in headers if pair[1] is not None]
        self.reply(200, json.dumps(event).encode("utf-8") if raw is None else raw, given)
        got = self.request()
        if got is None:
            return None
        self.reply(202, b'{"status":"OK"}\n')
        after = self.request()
        assert after is None or after[1].endswith("/invocation/next"), after
        return Answer(got[1], got[2], got[3])

    def close(self):
        """Hangs up, waits, and returns (exit code, stdout, stderr, frames)."""
        self._api.close()
        out, err = self.process.communicate(timeout=120)
        data = b""
        while True:
            more = os.read(self._telemetry, 1 << 16)
            if not more:
                break
            data += more
        os.close(self._telemetry)
        while data:
            kind, length, micros = struct.unpack(">IIQ", data[:16])
            self.frames.append((kind, data[16 : 16 + length].decode("utf-8"), micros))
            data = data[16 + length :]
        for folder, names, _ in os.walk(self.root):
            for name in names:
                os.chmod(os.path.join(folder, name), 0o755)
        shutil.rmtree(self.root, ignore_errors=True)
        return self.process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), self.frames


def _write(folder, files):
    os.makedirs(folder)
    for path, text in files.items():
        full = os.path.join(folder, path)
        if not os.path.isdir(os.path.dirname(full)):
            os.makedirs(os.path.dirname(full))
        with open(full, "w") as out:
            out.write(text)


class Case(unittest.TestCase):
    maxDiff = None

    def environment(self, files, **options):
        if isinstance(files, str):
            files = {"app.py": files}
        made = Environment(files, **options)

        def end():
            if made.process.poll() is None:
                made.process.kill()
                made.close()

        self.addCleanup(end)
        return made

    def result(self, files, event=None, **options):
        """One event, one answer, all in order."""
        environment = self.environment(files, **options)
        self.assertTrue(environment.ready(), environment.init_error and environment.init_error.text)
        answer = environment.invoke(event)
        environment.close()
        return answer
