"""What /var/runtime/bootstrap.py imports as `awslambdaricmain`: the name under which instrumentation finds the loop."""

import logging

from . import bootstrap
from .lambda_runtime_client import LambdaRuntimeClient
from .lambda_runtime_marshaller import LambdaMarshaller


def serve(handler, api_socket):
    bootstrap.run(handler, LambdaRuntimeClient(api_socket))


class _Nobody(object):
    """A service that has one event."""

    def sendall(self, data):
        pass

    def recv(self, size):
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: -\r\nLambda-Runtime-Deadline-Ms: 0\r\n"
            b"Lambda-Runtime-Invoked-Function-Arn: -\r\nLambda-Runtime-Trace-Id: -\r\nContent-Length: 2\r\n\r\n{}"
        )


def rehearse(handler):
    """One invocation that nobody asked for. The marshaller is its own: the real one must not look at the environment yet."""
    client = LambdaRuntimeClient(_Nobody())
    client.marshaller = LambdaMarshaller()
    request = client.wait_next_invocation()
    arguments = (request.event_body, request.content_type, None, None, request.invoked_function_arn, request.deadline_time_in_ms, None, None)
    root = logging.getLogger()
    handlers, level, converter = root.handlers[:], root.level, logging.Formatter.converter
    bootstrap._setup_logging(bootstrap._log_format(), None, bootstrap.StandardLogSink())
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.Formatter.converter = converter
    bootstrap.handle_event_request(client, handler, request.invoke_id, *arguments)
