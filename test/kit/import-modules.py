"""Imports modules, each in a fork of its own, and tells for which it failed.

usage: import-modules.py FOLDER      cases as JSON on stdin: [[MODULE, [MODULES THAT ARE TAKEN AWAY]], ...]; the answer is a JSON list of error texts, "" for none
"""

import json
import os
import signal
import sys

sys.path.insert(0, sys.argv[1])
cases = json.load(sys.stdin)


class Gone:
    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)


def attempt(module, gone):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(900)
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        error = ""
        try:
            sys.meta_path.insert(0, Gone(set(gone)))
            __import__(module)
        except BaseException as cause:
            error = "{0}: {1}".format(type(cause).__name__, cause)[:500] or "?"
        os.write(writer, error.encode("utf8", "replace"))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        error = pipe.read().decode("utf8", "replace")
    status = os.waitpid(child, 0)[1]
    return error or ("ended with status {0}".format(status) if status else "")


json.dump([attempt(module, gone) for module, gone in cases], sys.stdout)
