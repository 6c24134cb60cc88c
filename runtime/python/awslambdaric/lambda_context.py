"""The second argument of a handler."""

import os
import sys
import time

W3C_ALLOWED_FIELDS = ("traceparent", "tracestate", "baggage")

# The variables that a context repeats, in the order in which it takes them.
_VARIABLES = (
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
)
_STORED = tuple(name.encode("ascii") for name in _VARIABLES)
_last = (None, None)


def _read_variables():
    """Their values now. A function may change them; as long as the very same ones are stored, nothing is decoded again."""
    global _last
    stored = getattr(os.environ, "_data", None)
    if not isinstance(stored, dict):
        return tuple(map(os.environ.get, _VARIABLES))
    raw = tuple(map(stored.get, _STORED))
    known, values = _last
    if raw != known:
        values = tuple(map(os.environ.get, _VARIABLES))
        _last = (raw, values)
    return values


def _describe(thing, names):
    return "{0}([{1}])".format(type(thing).__name__, ",".join("{0}={1}".format(name, getattr(thing, name)) for name in names))


class _Fields(object):
    """An object with exactly the fields of `__slots__`, taken from a dict; what the dict lacks is None."""

    __slots__ = ()

    def __init__(self, values=None):
        for name in self.__slots__:
            setattr(self, name, None if values is None else values.get(name))

    def __repr__(self):
        return _describe(self, self._shown)


class CognitoIdentity(_Fields):
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]
    _shown = __slots__

    def __init__(self, values=None):
        # The same, without a loop: every invocation makes one.
        self.cognito_identity_id = None if values is None else values.get("cognito_identity_id")
        self.cognito_identity_pool_id = None if values is None else values.get("cognito_identity_pool_id")


class Client(_Fields):
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]
    _shown = __slots__


class ClientContext(_Fields):
    __slots__ = ["custom", "env", "client"]
    _shown = __slots__


class LambdaContext(object):
    _shown = (
        "aws_request_id",
        "log_group_name",
        "log_stream_name",
        "function_name",
        "memory_limit_in_mb",
        "function_version",
        "invoked_function_arn",
        "client_context",
        "identity",
        "tenant_id",
    )

    def __init__(
        self, invoke_id, client_context, cognito_identity, epoch_deadline_time_in_ms, invoked_function_arn=None, tenant_id=None
    ):
        self.aws_request_id = invoke_id
        group, stream, name, memory, version = _read_variables()
        self.log_group_name = group
        self.log_stream_name = stream
        self.function_name = name
        self.memory_limit_in_mb = memory
        self.function_version = version
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c_fields = {} if client_context is None else _take_w3c(client_context)
        self.client_context = None
        if client_context is not None:
            self.client_context = ClientContext(client_context)
            if self.client_context.client is not None:
                self.client_context.client = Client(self.client_context.client)
        self.identity = CognitoIdentity()
        if cognito_identity is not None:
            self.identity.cognito_identity_id = cognito_identity.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = cognito_identity.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = epoch_deadline_time_in_ms

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def w3c(self):
        """The W3C trace context that the caller sent inside the client context."""
        return dict(self._w3c_fields)

    def log(self, msg):
        """Writes to the log as it is: no line end is added."""
        import logging

        for handler in logging.getLogger().handlers:
            sink = getattr(handler, "log_sink", None)
            if sink is not None:
                sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    def __repr__(self):
        return _describe(self, self._shown)


def _take_w3c(client_context):
    if not isinstance(client_context, dict) or "w3c" not in client_context:
        return {}
    given = client_context.pop("w3c")
    if not isinstance(given, dict):
        return {}
    return dict((name, given[name]) for name in W3C_ALLOWED_FIELDS if isinstance(given.get(name), str))
