"""Native libraries that this machine could load and Lambda could not: they fail here too, with the loader's own sentence.

The service knows them from the package's audit: paths inside /var/task or /opt, each with what the loader of the function's runtime would say.
"""

import json
import os
import sys


def install(text):
    denied = json.loads(text)
    roots = [os.environ.get("LAMBDA_TASK_ROOT", "/var/task")]
    by_path = {}
    by_name = {}
    for path, sentence in denied.items():
        full = path if path.startswith("/") else os.path.join(roots[0], path)
        by_path[full] = sentence
        by_name[os.path.basename(full)] = sentence

    def check(event, args):
        # `import` names the file of an extension module just before it is loaded; `ctypes.dlopen` what is asked for.
        if event == "import":
            sentence = by_path.get(args[1]) if args[1] is not None else None
            if sentence is not None:
                raise ImportError(sentence, name=args[0], path=args[1])
        elif event == "ctypes.dlopen" and isinstance(args[0], str):
            sentence = by_path.get(args[0]) or (by_name.get(args[0]) if "/" not in args[0] else None)
            if sentence is not None:
                raise OSError(sentence)

    if hasattr(sys, "addaudithook"):
        sys.addaudithook(check)
