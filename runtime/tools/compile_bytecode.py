"""Compiles the Python files of an unpacked package into a folder of its own; nothing of the package is run.

usage: compile_bytecode.py TREE TARGET OUT   where functions see TREE at TARGET

What must behave as without a cache is left out: files that the function could not read, and files whose compilation warns (the warning belongs into the
function's log at every cold start, as on Lambda). Standard library only, any Python from 3.7 on.
"""

import os
import py_compile
import stat
import sys
import warnings


def main(tree, target, out):
    tag = sys.implementation.cache_tag
    os.umask(0o022)
    written = 0
    for folder, names, files in os.walk(tree):
        # Lambda's user belongs to "others".
        names[:] = [name for name in names if _others_may(os.path.join(folder, name), stat.S_IROTH | stat.S_IXOTH) and name != "__pycache__"]
        for name in files:
            source = os.path.join(folder, name)
            if not name.endswith(".py") or os.path.islink(source) or not _others_may(source, stat.S_IROTH):
                continue
            inside = os.path.relpath(source, tree)
            compiled = os.path.join(out, os.path.dirname(inside), "{0}.{1}.pyc".format(name[:-3], tag))
            try:
                with warnings.catch_warnings(record=True) as said:
                    warnings.simplefilter("always")
                    py_compile.compile(
                        source,
                        cfile=compiled,
                        dfile=os.path.join(target, inside),
                        doraise=True,
                        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                    )
                if said:
                    os.unlink(compiled)
                else:
                    written += 1
            except (py_compile.PyCompileError, ValueError, RecursionError, MemoryError, OSError):
                continue
    print(written)


def _others_may(path, bits):
    try:
        return os.lstat(path).st_mode & bits == bits
    except OSError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
