"""From `module.function` to the function, by the rules of the function's runtime.

Up to python3.8 the module was loaded by `imp`: its own body first, the `__init__.py` of its packages not at all unless the body asks for them.
From python3.9 on it is imported. The interpreter that happens to run has no say: `imp` is gone from 3.12 on, so its rules are kept here.
"""

import os
import sys

from .lambda_runtime_exception import FaultException


def split_handler(handler):
    try:
        modname, fname = handler.rsplit(".", 1)
    except ValueError as error:
        raise FaultException(FaultException.MALFORMED_HANDLER_NAME, "Bad handler '{0}': {1}".format(handler, error))
    return modname, fname


def load_like_imp(modname):
    found = None
    kind = None
    for segment in modname.split("."):
        if found is None and segment in sys.builtin_module_names:
            raise FaultException(
                FaultException.BUILT_IN_MODULE_CONFLICT, "Cannot use built-in module {0} as a handler module".format(modname)
            )
        found, kind = _find(segment, sys.path if found is None else [found])
    return _load(modname, found, kind)


def _find(segment, folders):
    """Where a module stands: its file, or the folder of a package. A folder without `__init__.py` is no package here."""
    import importlib.machinery as machinery

    for folder in folders:
        if not isinstance(folder, str):
            continue
        base = os.path.join(folder, segment)
        for suffix in machinery.SOURCE_SUFFIXES + machinery.BYTECODE_SUFFIXES:
            if os.path.isfile(os.path.join(base, "__init__" + suffix)):
                return base, "package"
        for kind, suffixes in (
            ("extension", machinery.EXTENSION_SUFFIXES),
            ("source", machinery.SOURCE_SUFFIXES),
            ("bytecode", machinery.BYTECODE_SUFFIXES),
        ):
            for suffix in suffixes:
                if os.path.isfile(base + suffix):
                    return base + suffix, kind
    raise ImportError("No module named {0!r}".format(segment), name=segment)


def _load(modname, found, kind):
    import importlib.util as util
    import importlib.machinery as machinery

    search = None
    if kind == "package":
        search = [found]
        for suffix in machinery.SOURCE_SUFFIXES + machinery.BYTECODE_SUFFIXES:
            path = os.path.join(found, "__init__" + suffix)
            if os.path.isfile(path):
                break
        found = path
    spec = util.spec_from_file_location(modname, found, submodule_search_locations=search)
    module = util.module_from_spec(spec)
    sys.modules[modname] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(modname, None)
        raise
    return sys.modules.get(modname, module)
