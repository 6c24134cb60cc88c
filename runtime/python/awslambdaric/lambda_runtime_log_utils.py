"""Log records as Lambda writes them: text or JSON, and the frames in which they reach the service."""

import json
import logging
import traceback

_DATETIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

# Attributes of every record; what else a record carries came from `extra` and is written too.
_RESERVED_FIELDS = (frozenset(vars(logging.makeLogRecord({}))) | frozenset(["aws_request_id", "tenant_id", "_frame_type"])) - frozenset(["taskName"])

_FRAME_MAGIC = 0xA55A0000
_LEVELS = (logging.NOTSET, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def _frame_types(lowest):
    """Frame types differ in the low bits: 2 for JSON and 3 for text, and the level's place above them."""
    types = {}
    for place, level in enumerate(_LEVELS):
        low = lowest if place == 0 else lowest + 4 * (place + 1)
        types[level] = bytearray(((_FRAME_MAGIC + low) >> shift) & 0xFF for shift in (24, 16, 8, 0))
    return types


_JSON_FRAME_TYPES = dict((level, bytes(kind)) for level, kind in _frame_types(2).items())
_TEXT_FRAME_TYPES = dict((level, bytes(kind)) for level, kind in _frame_types(3).items())
_DEFAULT_FRAME_TYPE = _TEXT_FRAME_TYPES[logging.NOTSET]


class LogFormat(object):
    JSON = 0
    TEXT = 1

    @classmethod
    def from_str(cls, value):
        return cls.JSON if value and value.upper() == "JSON" else cls.TEXT


def _get_log_level_from_env_var(log_level):
    if not log_level:
        return ""
    return "DEBUG" if log_level.upper() == "TRACE" else log_level.upper()


def _format_log_level(record):
    return min(50, max(0, record.levelno)) // 10 * 10


class JsonFormatter(logging.Formatter):
    def __init__(self):
        logging.Formatter.__init__(self, datefmt=_DATETIME_FORMAT)
        self._encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

    def format(self, record):
        record.levelno = _format_log_level(record)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = _JSON_FRAME_TYPES.get(record.levelno, _JSON_FRAME_TYPES[logging.NOTSET])
        error = record.exc_info or None
        structured = isinstance(record.msg, dict) and not record.args
        result = [
            ("timestamp", self.formatTime(record, self.datefmt)),
            ("level", record.levelname),
            ("message", record.msg if structured else record.getMessage()),
            ("logger", record.name),
            ("stackTrace", traceback.format_tb(error[2]) if error else None),
            ("errorType", error[0].__name__ if error else None),
            ("errorMessage", str(error[1]) if error else None),
            ("requestId", getattr(record, "aws_request_id", None)),
            ("location", "{0}:{1}:{2}".format(record.pathname, record.funcName, record.lineno) if error else None),
            ("tenantId", getattr(record, "tenant_id", None)),
        ]
        written = dict(result)
        extra = [(name, value) for name, value in vars(record).items() if name not in _RESERVED_FIELDS and name not in written]
        return self._encode(dict(pair for pair in result + extra if pair[1] is not None)) + "\n"
