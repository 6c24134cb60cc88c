"""Runtime hooks of SnapStart: the function registers them through `snapshot_restore_py`, which is part of the runtime."""

import sys


def _registered(getter):
    module = sys.modules.get("snapshot_restore_py")
    return getattr(module, getter)() if module is not None else []


def run_before_snapshot():
    # Last registered, first run.
    pending = list(_registered("get_before_snapshot"))
    while pending:
        func, args, kwargs = pending.pop()
        func(*args, **kwargs)


def run_after_restore():
    for func, args, kwargs in list(_registered("get_after_restore")):
        func(*args, **kwargs)
