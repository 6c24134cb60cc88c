"""The runtime's copy of the AWS SDK while it is still being made, as in the first seconds of a new service: who needs it waits, nobody else does.

Its folder is in its place and on `sys.path` from the start. The service (src/service/sdk-copies.ts) fills it when the copy is made, and last of all puts a
file there: an empty one, or one that says why there is no copy. Until then three things wait for it: the import of a module that it will have and that
nothing before it on the path has; whoever lists the folder or opens what is in it (`importlib.metadata`, `pkgutil`, `pkg_resources`); and the start of
another program, which could be a Python of its own. So nothing that a function sees depends on when it looked.

Installed only where the copy is missing at the start; once it is there, nothing of this is asked any more.
"""

import os
import sys
from importlib.machinery import FileFinder, PathFinder
from time import monotonic, sleep

from . import bootstrap

_SETTLED = ".zipyard-sdk"
# An empty frame of a type of our own (src/invoker/log-pipe.ts): no time runs for the function while it waits for this.
_WAITS = b"\xa5\x5a\xff\xff" + b"\0" * 12
_LOOK_EVERY_SECONDS = 0.01
# The service gives up sooner, and says so.
_PATIENCE_SECONDS = 900
_LOOKS = frozenset(["open", "os.listdir", "os.scandir"])
_STARTS = frozenset(["subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"])


def install(folder, modules):
    """`folder` as it will stand on `sys.path`, which must not hold it yet; `modules` are the names that the copy will have."""
    late = _LateFolder(folder, modules, os.environ.get("_LAMBDA_TELEMETRY_LOG_FD"))
    sys.path_hooks.insert(0, late)
    sys.path_importer_cache.pop(folder, None)
    sys.addaudithook(late.heed)
    bootstrap.create_lambda_context = late.create_lambda_context


class _LateFolder(FileFinder):
    """The hook of `sys.path_hooks` for one folder, and its finder. By its class `pkg_resources` knows that what it finds lies in a folder, and lists that."""

    def __init__(self, folder, modules, telemetry):
        self.path = self._folder = folder
        self._within = folder + "/"
        self._settled = self._within + _SETTLED
        self._modules = frozenset(modules)
        self._telemetry = None if telemetry is None else int(telemetry)
        self._create = bootstrap.create_lambda_context
        self._context = self._extended = None
        self._is_there = False

    def __call__(self, path):
        if path != self._folder:
            raise ImportError("another folder", path=path)
        return self

    def find_spec(self, fullname, target=None):
        if fullname not in self._modules:
            return None
        why_not = self._wait()
        if why_not is None:
            return PathFinder.find_spec(fullname, [self._folder], target)
        if _is_import(sys._getframe(1)):
            raise ModuleNotFoundError("No module named '{0}': {1}".format(fullname, why_not), name=fullname)
        return None

    def iter_modules(self, prefix=""):
        """For `pkgutil`."""
        import pkgutil

        return iter(()) if self._wait() else pkgutil.iter_importer_modules(pkgutil.get_importer(self._folder), prefix)

    def invalidate_caches(self):
        pass

    def heed(self, event, args):
        """Hears of whatever the interpreter does. It cannot be taken away again."""
        if self._is_there:
            return
        if event in _STARTS or (event in _LOOKS and self._is_inside(args[0])):
            self._wait()

    def create_lambda_context(self, *args):
        self._context = self._create(*args)
        return self._context

    def _is_inside(self, path):
        return isinstance(path, str) and (path == self._folder or path.startswith(self._within)) and path != self._settled

    def _wait(self):
        """Waits until it is decided. Returns None when the copy is there, otherwise why it is not."""
        size = self._look()
        if size is None:
            size = self._wait_patiently()
        if size == 0:
            self._step_aside()
            return None
        if size is None:
            return "the runtime's copy of the AWS SDK is still being made"
        with open(self._settled) as file:
            return file.read().strip()

    def _wait_patiently(self):
        context = self._context
        since = monotonic()
        self._tell()
        size = None
        while size is None and monotonic() - since < _PATIENCE_SECONDS:
            sleep(_LOOK_EVERY_SECONDS)
            size = self._look()
        if context is not None and context is not self._extended:
            # The service moves the end of the invocation as well.
            self._extended = context
            context._epoch_deadline_time_in_ms += int((monotonic() - since) * 1000)
        return size

    def _look(self):
        try:
            return os.stat(self._settled).st_size
        except OSError:
            return None

    def _tell(self):
        try:
            if self._telemetry is not None:
                os.write(self._telemetry, _WAITS)
        except OSError:
            pass  # The function closed it: then its time runs on.

    def _step_aside(self):
        self._is_there = True
        try:
            sys.path_hooks.remove(self)
        except ValueError:
            pass  # another thread has done so
        if sys.path_importer_cache.get(self._folder) is self:
            sys.path_importer_cache.pop(self._folder, None)
        if bootstrap.create_lambda_context == self.create_lambda_context:
            bootstrap.create_lambda_context = self._create
        self._context = self._extended = None


def _is_import(frame):
    """Whether a finder was asked for an import, and not by `importlib.util.find_spec`, whose answer is None when there is no such module."""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib._bootstrap"):
        if frame.f_code.co_name == "_find_and_load_unlocked":
            return True
        frame = frame.f_back
    return False
