"""The Runtime API over one connection that stays open: HTTP/1.1 written by hand.

A result and the request for the next event leave in one write, which halves the wake-ups of a warm invocation; only large results go alone, so that
the service can refuse them.
"""

import re
import select
import sys

from .lambda_runtime_exception import FaultException
from .lambda_runtime_marshaller import LambdaMarshaller, to_json

ERROR_TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"

_PREFIX = b"/2018-06-01/runtime/"
_NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n"
_TOGETHER_LIMIT = 1024 * 1024

# What the service says nearly every time, word for word (src/invoker/runtime-api.ts): read at one glance. Any other answer is read as HTTP.
_ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
_EVENT = re.compile(
    br"HTTP/1\.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: ([^\r]*)\r\nLambda-Runtime-Deadline-Ms: (\d+)\r\n"
    br"Lambda-Runtime-Invoked-Function-Arn: ([^\r]*)\r\nLambda-Runtime-Trace-Id: ([^\r]*)\r\nContent-Length: (\d+)\r\n\r\n"
)
_RESULT_HEAD = b"POST " + _PREFIX + b"invocation/%s/response HTTP/1.1\r\nHost: runtime\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_CAN_POLL = hasattr(select, "poll") and sys.version_info >= (3, 5)
_XRAY_LIMIT = 1024 * 1024


class LambdaRuntimeClientError(Exception):
    def __init__(self, endpoint, response_code, response_body):
        self.endpoint = endpoint
        self.response_code = response_code
        self.response_body = response_body
        Exception.__init__(
            self,
            "Request to Lambda Runtime '{0}' endpoint failed. Reason: '{1}'. Response body: '{2}'".format(
                endpoint, response_code, response_body
            ),
        )


class InvocationRequest(object):
    def __init__(self, **kwds):
        self.__dict__.update(kwds)

    def __eq__(self, other):
        return self.__dict__ == other.__dict__


class _Connection(object):
    """Requests and answers in order on one stream socket."""

    def __init__(self, sock):
        self._sock = sock
        self._buffer = b""
        self._wait = None
        if _CAN_POLL and hasattr(sock, "fileno"):
            # A thread that sleeps in `recv` on a unix socket is woken for nothing each time the service reads what was sent; one in `poll` is not.
            poll = select.poll()
            poll.register(sock.fileno(), select.POLLIN)
            self._wait = poll.poll

    def send(self, data):
        self._sock.sendall(data)

    def _receive_more(self, size=65536):
        if self._wait is not None:
            self._wait()
        more = self._sock.recv(size)
        if not more:
            # The service is gone, or done with us: nobody is left to report to.
            sys.exit(1)
        return more

    def receive_accepted(self):
        """Whether the next answer is the service's word for word; it is taken then."""
        buffered = self._buffer or self._receive_more()
        if buffered.startswith(_ACCEPTED):
            self._buffer = buffered[len(_ACCEPTED) :]
            return True
        self._buffer = buffered
        return False

    def receive_event(self):
        """The next answer when it is an event as the service says it and all of it is here: a match of `_EVENT` and the body. Else None: `receive` it."""
        buffered = self._buffer or self._receive_more()
        self._buffer = buffered
        found = _EVENT.match(buffered)
        if found is None:
            return None
        start = found.end()
        end = start + int(found.group(5))
        if len(buffered) < end:
            return None
        self._buffer = buffered[end:]
        return found, buffered[start:end]

    def receive(self):
        """The next answer: status, headers (names in lower case), body."""
        buffered = self._buffer
        end = buffered.find(b"\r\n\r\n")
        while end < 0:
            buffered += self._receive_more()
            end = buffered.find(b"\r\n\r\n")
        lines = buffered[:end].decode("latin-1").split("\r\n")
        status = int(lines[0][9:12])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        self._buffer = buffered[end + 4 :]
        length = headers.get("content-length")
        if length is not None:
            return status, headers, self._take(int(length))
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return status, headers, self._take_chunks()
        return status, headers, b""

    def _take(self, length):
        have = self._buffer
        if len(have) >= length:
            self._buffer = have[length:]
            return have[:length]
        parts = [have]
        missing = length - len(have)
        while missing > 0:
            more = self._receive_more(min(missing, 1 << 20))
            parts.append(more)
            missing -= len(more)
        self._buffer = b""
        return b"".join(parts)

    def _take_line(self):
        while True:
            end = self._buffer.find(b"\r\n")
            if end >= 0:
                line = self._buffer[:end]
                self._buffer = self._buffer[end + 2 :]
                return line
            self._buffer += self._receive_more()

    def _take_chunks(self):
        parts = []
        while True:
            size = int(self._take_line().split(b";")[0], 16)
            if size == 0:
                while self._take_line():
                    pass
                return b"".join(parts)
            parts.append(self._take(size))
            self._take_line()


def _post(path, body, headers=()):
    head = [b"POST ", _PREFIX, path, b" HTTP/1.1\r\nHost: runtime\r\n"]
    for name, value in headers:
        head.append("{0}: {1}\r\n".format(name, value).encode("latin-1", "replace"))
    head.append("Content-Length: {0}\r\n\r\n".format(len(body)).encode("ascii"))
    head.append(body)
    return b"".join(head)


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


class LambdaRuntimeClient(object):
    # Functions may put a marshaller of their own here, as with AWS's client.
    marshaller = LambdaMarshaller()

    def __init__(self, lambda_runtime_address, use_thread_for_polling_next=False):
        """`lambda_runtime_address` is a connected socket."""
        self.lambda_runtime_address = lambda_runtime_address
        self.use_thread_for_polling_next = use_thread_for_polling_next
        self._connection = _Connection(lambda_runtime_address)
        # A result that was handed over and has not been sent yet.
        self._pending = None

    def wait_next_invocation(self):
        connection = self._connection
        pending = self._pending
        if pending is None:
            connection.send(_NEXT)
        else:
            self._pending = None
            connection.send(pending + _NEXT)
            if not connection.receive_accepted():
                self._expect_accepted("invocation result")
        event = connection.receive_event()
        if event is not None:
            found, body = event
            invoke_id, deadline, arn, trace_id, _length = found.groups()
            request = InvocationRequest()
            request.invoke_id = invoke_id.decode("latin-1")
            request.x_amzn_trace_id = trace_id.decode("latin-1")
            request.invoked_function_arn = arn.decode("latin-1")
            request.deadline_time_in_ms = int(deadline)
            request.client_context = request.cognito_identity = request.tenant_id = request.invocation_id = None
            request.content_type = "application/json"
            request.event_body = body
            return request
        status, headers, body = connection.receive()
        if status != 200:
            raise FaultException(
                FaultException.LAMBDA_RUNTIME_CLIENT_ERROR,
                "LAMBDA_RUNTIME Failed to get next invocation: {0} {1}".format(status, body),
            )
        get = headers.get
        return InvocationRequest(
            invoke_id=get("lambda-runtime-aws-request-id"),
            x_amzn_trace_id=get("lambda-runtime-trace-id"),
            invoked_function_arn=get("lambda-runtime-invoked-function-arn"),
            deadline_time_in_ms=int(get("lambda-runtime-deadline-ms", 0)),
            client_context=_header_text(get("lambda-runtime-client-context")),
            cognito_identity=_header_text(get("lambda-runtime-cognito-identity")),
            tenant_id=get("lambda-runtime-aws-tenant-id"),
            content_type=get("content-type"),
            event_body=body,
            invocation_id=get("lambda-runtime-invocation-id"),
        )

    def post_invocation_result(self, invoke_id, result_data, content_type="application/json", invocation_id=None):
        body = _bytes(result_data)
        if content_type == "application/json":
            return self._hand_over(_RESULT_HEAD % (invoke_id.encode("ascii"), len(body)) + body, "invocation result")
        path = "invocation/{0}/response".format(invoke_id).encode("ascii")
        self._hand_over(_post(path, body, (("Content-Type", content_type),)), "invocation result")

    def post_invocation_error(self, invoke_id, error_response_data, xray_fault, invocation_id=None):
        headers = [("Content-Type", "application/json")]
        if xray_fault and len(xray_fault) < _XRAY_LIMIT and "\n" not in xray_fault:
            headers.append(("Lambda-Runtime-Function-XRay-Error-Cause", xray_fault))
        path = "invocation/{0}/error".format(invoke_id).encode("ascii")
        self._hand_over(_post(path, _bytes(error_response_data), headers), "invocation error")

    def post_init_error(self, error_response_data, error_type_override=None):
        error_type = error_type_override or error_response_data.get("errorType", "")
        headers = (("Content-Type", "application/json"), (ERROR_TYPE_HEADER, error_type))
        self._connection.send(_post(b"init/error", _bytes(to_json(error_response_data)), headers))
        self._expect_accepted("init error")

    def restore_next(self):
        self._connection.send(b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: runtime\r\n\r\n")
        self._connection.receive()

    def report_restore_error(self, restore_error_data):
        headers = ((ERROR_TYPE_HEADER, FaultException.AFTER_RESTORE_ERROR),)
        self._connection.send(_post(b"restore/error", _bytes(to_json(restore_error_data)), headers))
        self._expect_accepted("restore error")

    def _hand_over(self, request, what):
        if len(request) <= _TOGETHER_LIMIT:
            self._pending = request
            return
        self._connection.send(request)
        self._expect_accepted(what)

    def _expect_accepted(self, what):
        status, _headers, body = self._connection.receive()
        if status != 202:
            raise RuntimeError("Failed to post {0}: {1} {2}".format(what, status, body.decode("utf-8", "replace")))


def _header_text(value):
    """Header bytes are UTF-8 here; the connection read them as latin-1."""
    return value if value is None else value.encode("latin-1").decode("utf-8", "replace")
