"""The loop of an execution environment: load the handler, then one event after the other.

`handle_event_request` and the client's methods are looked up anew for every event, because instrumentation replaces them.
"""

import importlib
import json
import logging
import os
import sys
import time
import traceback

from . import handler_loader
from . import lambda_runtime_log_utils as log_utils
from .lambda_context import LambdaContext
from .lambda_runtime_client import LambdaRuntimeClient
from .lambda_runtime_exception import FaultException
from .lambda_runtime_log_utils import JsonFormatter, LogFormat
from .lambda_runtime_marshaller import to_json

# U+00A0, so that what shows the log does not fold the indentation of a traceback away.
_INDENT = u"\u00a0"

_INIT_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. However, in rare cases, a Lambda runtime"
    " update can cause unexpected function behavior. For functions using managed runtimes, runtime updates can be triggered by a function"
    " change, or can be applied automatically. To determine if the runtime has been updated, check the runtime version in the INIT_START log"
    " entry. If this error correlates with a change in the runtime version, you may be able to mitigate this error by temporarily rolling back"
    " to the previous runtime version. For more information, see"
    " https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)

# Where `handle_event_request` is looked up: this module, or `__main__` for runtimes up to python3.8.
hooks = sys.modules[__name__]

_GLOBAL_AWS_REQUEST_ID = None
_GLOBAL_TENANT_ID = None


def _get_handler(handler):
    modname, fname = handler_loader.split_handler(handler)
    try:
        if _follows_imp():
            module = handler_loader.load_like_imp(modname)
        else:
            if modname.split(".")[0] in sys.builtin_module_names:
                raise FaultException(
                    FaultException.BUILT_IN_MODULE_CONFLICT, "Cannot use built-in module {0} as a handler module".format(modname)
                )
            module = importlib.import_module(modname.replace("/", "."))
    except ImportError as error:
        raise FaultException(FaultException.IMPORT_MODULE_ERROR, "Unable to import module '{0}': {1}".format(modname, error))
    except SyntaxError as error:
        trace = ['  File "{0}" Line {1}\n    {2}'.format(error.filename, error.lineno, error.text)]
        raise FaultException(FaultException.USER_CODE_SYNTAX_ERROR, "Syntax error in module '{0}': {1}".format(modname, error), trace)
    try:
        return getattr(module, fname)
    except AttributeError:
        raise FaultException(FaultException.HANDLER_NOT_FOUND, "Handler '{0}' missing on module '{1}'".format(fname, modname))


def _follows_imp():
    """Whether the function's runtime is python3.8 or older."""
    name = os.environ.get("AWS_EXECUTION_ENV", "")
    return name in ("AWS_Lambda_python2.7", "AWS_Lambda_python3.6", "AWS_Lambda_python3.7", "AWS_Lambda_python3.8")


def make_error(error_message, error_type, stack_trace, invoke_id=None):
    if _follows_imp():
        # These runtimes name no request and leave out what is empty.
        parts = (("errorMessage", error_message), ("errorType", error_type), ("stackTrace", stack_trace))
        return dict(part for part in parts if part[1])
    return {
        "errorMessage": error_message or "",
        "errorType": error_type or "",
        "requestId": "" if invoke_id is None else invoke_id,
        "stackTrace": stack_trace or [],
    }


def extract_traceback(tb):
    return [(frame[0], frame[1], frame[2], frame[3]) for frame in traceback.extract_tb(tb)]


def _without_own_frames(frames):
    for place, frame in enumerate(frames):
        if "/bootstrap.py" not in frame[0] and "/awslambdaric/handler_loader.py" not in frame[0]:
            return frames[place:]
    return frames


def build_fault_result(exc_info, msg):
    etype, value, tb = exc_info
    frames = _without_own_frames(extract_traceback(tb))
    return make_error(msg or str(value), etype.__name__, traceback.format_list(frames))


def make_xray_fault(ex_type, ex_msg, working_dir, tb_tuples):
    return {
        "working_directory": working_dir,
        "exceptions": [
            {
                "message": ex_msg,
                "type": ex_type,
                "stack": [{"label": frame[2], "path": frame[0], "line": frame[1]} for frame in tb_tuples],
            }
        ],
        "paths": list(set(frame[0] for frame in tb_tuples)),
    }


def handle_event_request(
    lambda_runtime_client,
    request_handler,
    invoke_id,
    event_body,
    content_type,
    client_context_json,
    cognito_identity_json,
    invoked_function_arn,
    epoch_deadline_time_in_ms,
    tenant_id,
    log_sink,
    invocation_id=None,
):
    error_result = None
    marshaller = lambda_runtime_client.marshaller
    try:
        lambda_context = create_lambda_context(
            client_context_json, cognito_identity_json, epoch_deadline_time_in_ms, invoke_id, invoked_function_arn, tenant_id
        )
        event = marshaller.unmarshal_request(event_body, content_type)
        result, result_content_type = marshaller.marshal_response(request_handler(event, lambda_context))
    except FaultException as error:
        xray_fault = make_xray_fault("LambdaValidationError", error.msg, os.getcwd(), [])
        error_result = make_error(error.msg, error.exception_type, error.trace, invoke_id)
    except Exception:
        etype, value, tb = sys.exc_info()
        frames = _without_own_frames(extract_traceback(tb))
        xray_fault = make_xray_fault(etype.__name__, str(value), os.getcwd(), frames)
        error_result = make_error(str(value), etype.__name__, traceback.format_list(frames), invoke_id)

    if error_result is None:
        lambda_runtime_client.post_invocation_result(invoke_id, result, result_content_type, invocation_id)
    else:
        log_error(error_result, log_sink)
        lambda_runtime_client.post_invocation_error(invoke_id, to_json(error_result), to_json(xray_fault), invocation_id)


def parse_json_header(header, name):
    try:
        return json.loads(header)
    except Exception as error:
        raise FaultException(
            FaultException.LAMBDA_CONTEXT_UNMARSHAL_ERROR, "Unable to parse {0} JSON: {1}".format(name, error)
        )


def create_lambda_context(
    client_context_json, cognito_identity_json, epoch_deadline_time_in_ms, invoke_id, invoked_function_arn, tenant_id
):
    return LambdaContext(
        invoke_id,
        parse_json_header(client_context_json, "Client Context") if client_context_json else None,
        parse_json_header(cognito_identity_json, "Cognito Identity") if cognito_identity_json else None,
        epoch_deadline_time_in_ms,
        invoked_function_arn,
        tenant_id,
    )


def log_error(error_result, log_sink):
    if _log_format() == LogFormat.JSON:
        timestamp = time.strftime(log_utils._DATETIME_FORMAT, time.gmtime())
        record = {"timestamp": timestamp, "level": "ERROR"}
        record.update(error_result)
        log_sink.log_error([to_json(record)])
        return
    headline = "[ERROR]"
    if error_result.get("errorType"):
        headline += " " + error_result["errorType"] + (":" if error_result.get("errorMessage") else "")
    if error_result.get("errorMessage"):
        headline += " " + error_result["errorMessage"]
    lines = [headline]
    trace = error_result.get("stackTrace")
    if trace is not None:
        lines.append("Traceback (most recent call last):")
        for entry in trace:
            lines.extend(_indent(line) for line in (entry.splitlines() or [""]))
    log_sink.log_error(lines)


def _indent(line):
    bare = line.lstrip(" ")
    return _INDENT * (len(line) - len(bare)) + bare


class Unbuffered(object):
    """A text stream whose every write arrives at once."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, exc_tb):
        pass

    def __getattr__(self, attr):
        return getattr(self.stream, attr)

    def write(self, msg):
        self.stream.write(msg)
        self.stream.flush()

    def writelines(self, msgs):
        self.stream.writelines(msgs)
        self.stream.flush()


class StandardLogSink(object):
    """Without a telemetry pipe: standard output, where `\\r` keeps a traceback one event."""

    def log(self, msg, frame_type=None):
        sys.stdout.write(msg)

    def log_error(self, message_lines):
        sys.stdout.write("\r".join(message_lines) + "\n")


class FramedTelemetryLogSink(object):
    """One frame per event: type, length, microseconds since the epoch, all big-endian, then UTF-8."""

    def __init__(self, fd):
        self.fd = int(fd)
        self.error_type = (log_utils._JSON_FRAME_TYPES if _log_format() == LogFormat.JSON else log_utils._TEXT_FRAME_TYPES)[logging.ERROR]

    def log(self, msg, frame_type=None):
        import struct

        body = msg.encode("utf8")
        head = struct.pack(">IQ", len(body), int(time.time() * 1000000))
        frame = memoryview((frame_type or log_utils._DEFAULT_FRAME_TYPE) + head + body)
        while frame:
            frame = frame[os.write(self.fd, frame) :]

    def log_error(self, message_lines):
        self.log("\n".join(message_lines), frame_type=self.error_type)


def create_log_sink():
    fd = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    return StandardLogSink() if fd is None else FramedTelemetryLogSink(fd)


class LambdaLoggerHandler(logging.Handler):
    def __init__(self, log_sink):
        logging.Handler.__init__(self)
        self.log_sink = log_sink

    def emit(self, record):
        self.log_sink.log(self.format(record))


class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
    """With a log level or the JSON format each frame names its level, so that the service can filter."""

    def emit(self, record):
        text = self.format(record)
        kind = getattr(record, "_frame_type", None) or log_utils._TEXT_FRAME_TYPES.get(log_utils._format_log_level(record))
        self.log_sink.log(text, frame_type=kind)


class LambdaLoggerFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = _GLOBAL_AWS_REQUEST_ID or ""
        record.tenant_id = _GLOBAL_TENANT_ID
        return True


def _log_format():
    return LogFormat.from_str(os.environ.get("AWS_LAMBDA_LOG_FORMAT"))


def _setup_logging(log_format, log_level, log_sink):
    # Installed before the function's code: its `logging.basicConfig()` then does nothing, as on Lambda.
    logging.Formatter.converter = time.gmtime
    root = logging.getLogger()
    if log_format == LogFormat.JSON or log_level:
        handler = LambdaLoggerHandlerWithFrameType(log_sink)
    else:
        handler = LambdaLoggerHandler(log_sink)
    if log_format == LogFormat.JSON:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
        )
    if log_level in ("CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"):
        root.setLevel(log_level)
    handler.addFilter(LambdaLoggerFilter())
    root.addHandler(handler)


def update_xray_env_variable(xray_trace_id):
    if xray_trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = xray_trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def _make_fault_handler(fault):
    def fault_handler(event, context):
        raise fault

    return fault_handler


def run(handler, lambda_runtime_client):
    """Serves events until the connection or the process ends."""
    global _GLOBAL_AWS_REQUEST_ID, _GLOBAL_TENANT_ID
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    log_sink = create_log_sink()
    log_level = log_utils._get_log_level_from_env_var(os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
    _setup_logging(_log_format(), log_level, log_sink)

    request_handler = error_result = None
    # A handler may be None: that is for its first event to find out.
    is_loaded = False
    try:
        request_handler = _get_handler(handler)
        is_loaded = True
    except FaultException as fault:
        if _follows_imp():
            # The process lives on and every event gets the same answer; nothing is imported again.
            request_handler, is_loaded = _make_fault_handler(fault), True
        else:
            error_result = make_error(fault.msg, fault.exception_type, fault.trace)
    except Exception:
        error_result = build_fault_result(sys.exc_info(), None)
        if _follows_imp():
            fault = FaultException(error_result.get("errorType"), error_result.get("errorMessage", ""), error_result.get("stackTrace"))
            request_handler, is_loaded = _make_fault_handler(fault), True

    if not is_loaded:
        logging.warning(_INIT_WARNING)
        log_error(error_result, log_sink)
        lambda_runtime_client.post_init_error(error_result)
        sys.exit(1)

    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        _restore(lambda_runtime_client, log_sink)

    while True:
        request = lambda_runtime_client.wait_next_invocation()
        _GLOBAL_AWS_REQUEST_ID = request.invoke_id
        _GLOBAL_TENANT_ID = request.tenant_id
        update_xray_env_variable(request.x_amzn_trace_id)
        hooks.handle_event_request(
            lambda_runtime_client,
            request_handler,
            request.invoke_id,
            request.event_body,
            request.content_type,
            request.client_context,
            request.cognito_identity,
            request.invoked_function_arn,
            request.deadline_time_in_ms,
            request.tenant_id,
            log_sink,
            request.invocation_id,
        )


def _restore(lambda_runtime_client, log_sink):
    from . import lambda_runtime_hooks_runner

    try:
        lambda_runtime_hooks_runner.run_before_snapshot()
        lambda_runtime_client.restore_next()
    except BaseException:
        error_result = build_fault_result(sys.exc_info(), None)
        log_error(error_result, log_sink)
        lambda_runtime_client.post_init_error(error_result, FaultException.BEFORE_SNAPSHOT_ERROR)
        sys.exit(64)
    try:
        lambda_runtime_hooks_runner.run_after_restore()
    except BaseException:
        error_result = build_fault_result(sys.exc_info(), None)
        log_error(error_result, log_sink)
        lambda_runtime_client.report_restore_error(error_result)
        sys.exit(65)
