"""Events in, results out: the encoding of simplejson, which Lambda's runtime uses, from the standard library.

The C encoder of `json` does the work whenever it gives the same text; what it would write differently (named tuples, Decimal, bytes, subclasses
that describe themselves) is written by `_Writer`.
"""

import json
import os
import sys

from .lambda_runtime_exception import FaultException

# Runtimes that write UTF-8 as it is; earlier ones write \uXXXX. The function's runtime decides, not the interpreter.
_RAW_UTF8 = ("AWS_Lambda_python3.12", "AWS_Lambda_python3.13", "AWS_Lambda_python3.14", "AWS_Lambda_python3.15")

_text = str if sys.version_info[0] >= 3 else unicode  # noqa: F821
_integers = (int,) if sys.version_info[0] >= 3 else (int, long)  # noqa: F821
_LEAVES = frozenset([str, _text, int, float, bool, type(None)] + list(_integers))
_NAMES = frozenset([str, _text, int, float, bool, type(None)])


def _is_plain(value):
    """Whether `json` writes `value` exactly as simplejson does. Looks at whole containers at once, so a large result costs little."""
    pending = [value]
    seen = 0
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind in _LEAVES:
            continue
        if kind is dict:
            if not _NAMES.issuperset(map(type, item)):
                return False
            inner = item.values()
        elif kind is list or kind is tuple:
            inner = item
        else:
            return False
        if not _LEAVES.issuperset(map(type, inner)):
            pending.extend(child for child in inner if type(child) not in _LEAVES)
            seen += 1
            if seen > 100000:
                return False  # Deep or circular: the writer says what is wrong.
    return True


class _Writer(object):
    """Writes what `json` alone would not: slower, and only used when it is needed."""

    def __init__(self, ensure_ascii):
        self._string = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
        self._open = set()

    def write(self, value):
        parts = []
        self._value(value, parts.append)
        return "".join(parts)

    def _value(self, value, out):
        if isinstance(value, (str, _text)):
            out(self._string(value))
        elif isinstance(value, bytes):
            out(self._string(value.decode("utf-8")))
        elif value is None:
            out("null")
        elif value is True:
            out("true")
        elif value is False:
            out("false")
        elif isinstance(value, _integers):
            out(str(int(value)))
        elif isinstance(value, float):
            out(_float(value))
        else:
            raw = _decimal(value)
            if raw is not None:
                out(raw)
                return
            self._container(value, out)

    def _container(self, value, out):
        mark = id(value)
        if mark in self._open:
            raise ValueError("Circular reference detected")
        self._open.add(mark)
        describe = None if isinstance(value, dict) else getattr(value, "_asdict", None)
        if isinstance(value, list):
            self._list(value, out)
        elif callable(describe):
            described = describe()
            if not isinstance(described, dict):
                raise TypeError("_asdict() must return a dict, not {0}".format(type(described).__name__))
            self._dict(described, out)
        elif isinstance(value, dict):
            self._dict(value, out)
        elif isinstance(value, tuple):
            self._list(value, out)
        else:
            raise TypeError("Object of type {0} is not JSON serializable".format(type(value).__name__))
        self._open.discard(mark)

    def _list(self, items, out):
        lead = "["
        for item in items:
            out(lead)
            self._value(item, out)
            lead = ", "
        out("[]" if lead == "[" else "]")

    def _dict(self, items, out):
        lead = "{"
        for key, item in items.items():
            out(lead)
            out(self._string(self._name(key)))
            out(": ")
            self._value(item, out)
            lead = ", "
        out("{}" if lead == "{" else "}")

    @staticmethod
    def _name(key):
        if isinstance(key, (str, _text)):
            return key
        if isinstance(key, bytes):
            return key.decode("utf-8")
        if key is True:
            return "true"
        if key is False:
            return "false"
        if key is None:
            return "null"
        if isinstance(key, float):
            return _float(key)
        if isinstance(key, _integers):
            return str(int(key))
        raise TypeError("keys must be str, int, float, bool or None, not {0}".format(type(key).__name__))


def _float(value):
    if value != value:
        return "NaN"
    if value == float("inf"):
        return "Infinity"
    if value == float("-inf"):
        return "-Infinity"
    return float.__repr__(value)


def _decimal(value):
    # Nobody holds a Decimal before the module was imported.
    module = sys.modules.get("decimal")
    if module is None or not isinstance(value, module.Decimal):
        return None
    # simplejson would write -NaN for a negative one, which no parser takes.
    return "NaN" if value.is_nan() else str(value)


def _plain_encoder(ensure_ascii):
    """Writes what `_is_plain`. `json` makes the C encoder anew for every value; here it is made once, without looking for circles, as there are none."""
    encoder = json.JSONEncoder(ensure_ascii=ensure_ascii, allow_nan=True)
    make, string = json.encoder.c_make_encoder, json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    try:
        write = make(None, encoder.default, string, None, ": ", ", ", False, False, True)
        if "".join(write({"a": [1, "b"]}, 0)) != '{"a": [1, "b"]}':
            return encoder.encode
    except TypeError:
        # No C encoder in this interpreter, or another one.
        return encoder.encode
    return lambda value: "".join(write(value, 0))


class Encoder(object):
    def __init__(self):
        self.ensure_ascii = os.environ.get("AWS_EXECUTION_ENV") not in _RAW_UTF8
        self._plain = _plain_encoder(self.ensure_ascii)

    def encode(self, value):
        try:
            if _is_plain(value):
                return self._plain(value)
            return _Writer(self.ensure_ascii).write(value)
        except RecursionError:
            if sys.version_info < (3, 12):
                raise
            # From 3.12 on simplejson's words are others than those of `json`.
            raise RecursionError("maximum recursion depth exceeded while calling a Python object")


_encoder = None


def to_json(obj):
    global _encoder
    # Made late: a zygote imports this module before it knows the function's runtime.
    if _encoder is None:
        _encoder = Encoder()
    return _encoder.encode(obj)


if sys.version_info >= (3, 6):
    _scan = json.JSONDecoder().scan_once

    def _loads(request):
        """What `json.loads` says, without looking for an encoding and for white space that are hardly ever there."""
        try:
            text = request.decode("utf-8")
            value, end = _scan(text, 0)
            if end == len(text):
                return value
        except (AttributeError, StopIteration, ValueError):
            pass
        return json.loads(request)

else:
    _loads = json.loads


class LambdaMarshaller(object):
    def __init__(self):
        self.jsonEncoder = None

    def unmarshal_request(self, request, content_type="application/json"):
        if content_type != "application/json":
            return request
        try:
            return _loads(request)
        except Exception as error:
            raise FaultException(FaultException.UNMARSHAL_ERROR, "Unable to unmarshal input: {0}".format(error))

    def marshal_response(self, response):
        if isinstance(response, bytes) and bytes is not str:
            return response, "application/unknown"
        try:
            if self.jsonEncoder is None:
                self.jsonEncoder = Encoder()
            return self.jsonEncoder.encode(response), "application/json"
        except Exception as error:
            raise FaultException(FaultException.MARSHAL_ERROR, "Unable to marshal response: {0}".format(error))
