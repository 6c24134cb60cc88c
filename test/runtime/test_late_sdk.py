import ensurepip
import glob
import json
import os
import select
import shutil
import sys
import tempfile
import unittest
import zipfile

from support import Case

MODULES = "boto3,six"
WAITS = b"\xa5\x5a\xff\xff" + b"\0" * 12
COPY = {"boto3/__init__.py": "__version__ = '1.2.3'\n", "boto3-1.2.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: boto3\nVersion: 1.2.3\n", "six.py": "x = 1\n"}
ANSWER = "\ndef handler(event, context):\n    return answer\n"


def bundled_pkg_resources():
    """The sources of `pkg_resources`, as a package would bring them: from the wheel that Python keeps for new virtual environments, up to 3.11."""
    wheels = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "setuptools-*.whl")) + glob.glob("/usr/share/python-wheels/setuptools-*.whl")
    for wheel in wheels[:1]:
        with zipfile.ZipFile(wheel) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("pkg_resources/") and name.endswith(".py")}


@unittest.skipUnless(sys.version_info >= (3, 8), "older runtimes have no copy here")
class LateSdk(Case):
    """The folder of the SDK is empty at the start. No test looks at a clock: that somebody waits is heard from the telemetry pipe."""

    def setUp(self):
        self.make_folder()

    def make_folder(self):
        self.sdk = tempfile.mkdtemp(prefix="zipyard-sdk-")
        self.addCleanup(shutil.rmtree, self.sdk)

    def start(self, files, **options):
        return self.environment(files, variables={"_ZIPYARD_SDK": self.sdk, "_ZIPYARD_SDK_LATE": MODULES}, **options)

    def fill(self, why_not=""):
        for path, text in {} if why_not else COPY.items():
            full = os.path.join(self.sdk, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as out:
                out.write(text)
        ready = os.path.join(self.sdk, "..", os.path.basename(self.sdk) + "-settled")
        with open(ready, "w") as out:
            out.write(why_not)
        os.rename(ready, os.path.join(self.sdk, ".zipyard-sdk"))

    def hear_wait(self, environment):
        """Returns when the process has said that it waits, and not before."""
        said = b""
        while len(said) < len(WAITS):
            readable, _, _ = select.select([environment._telemetry, environment._api], [], [], 120)
            self.assertEqual(readable, [environment._telemetry], "it did not wait")
            said += os.read(environment._telemetry, len(WAITS) - len(said))
        self.assertEqual(said, WAITS)

    def after_waiting(self, code, **files):
        """What a function answers whose body waits for the copy."""
        environment = self.start(dict({"app.py": code + ANSWER}, **files))
        self.hear_wait(environment)
        self.fill()
        self.assertTrue(environment.ready(), environment.init_error and environment.init_error.text)
        return environment.invoke(None).json

    def without_waiting(self, code, **files):
        environment = self.start(dict({"app.py": code + ANSWER}, **files))
        self.assertTrue(environment.ready(), environment.init_error and environment.init_error.text)
        answer = environment.invoke(None).json
        self.assertEqual(environment.close()[3], [])
        return answer

    def test_what_the_copy_will_not_have_is_imported_at_once(self):
        code = "import email.mime.text, importlib, sys\ntry:\n    import does_not_exist\nexcept ImportError as error:\n    answer = [str(error), importlib.util.find_spec('neither') is None]\n"
        self.assertEqual(self.without_waiting("import importlib.util\n" + code), ["No module named 'does_not_exist'", True])

    def test_an_import_waits_until_the_copy_is_there(self):
        self.assertEqual(self.after_waiting("import boto3, six\nanswer = [boto3.__version__, boto3.__file__]\n"), ["1.2.3", os.path.join(self.sdk, "boto3/__init__.py")])

    def test_a_module_of_the_package_comes_first_and_waits_for_nothing(self):
        files = {"boto3/__init__.py": "__version__ = 'own'\n", "boto3-9.dist-info/METADATA": "Metadata-Version: 2.1\nName: boto3\nVersion: 9\n"}
        code = "import boto3, importlib.metadata\nanswer = [boto3.__version__, importlib.metadata.version('boto3')]\n"
        self.assertEqual(self.without_waiting(code, **files), ["own", "9"])

    def test_so_do_questions_after_it(self):
        for code, expected in (
            ("import importlib.util\nanswer = importlib.util.find_spec('boto3').name\n", "boto3"),
            ("import importlib.metadata\nanswer = importlib.metadata.version('boto3')\n", "1.2.3"),
            ("import importlib.metadata\nanswer = 'boto3' in [d.metadata['Name'] for d in importlib.metadata.distributions()]\n", True),
            ("import pkgutil\nanswer = 'boto3' in [m.name for m in pkgutil.iter_modules()]\n", True),
            ("import os, sys\nanswer = [sorted(os.listdir(p)) for p in sys.path if 'zipyard-sdk-' in p][0][1:]\n", sorted(["boto3", "boto3-1.2.3.dist-info", "six.py"])),
            ("import subprocess, sys\nfolder = [p for p in sys.path if 'zipyard-sdk-' in p][0]\nanswer = subprocess.check_output([sys.executable, '-c', 'import boto3; print(boto3.__version__)'], env={'PYTHONPATH': folder}).decode().strip()\n", "1.2.3"),
            ("import os, threading\nfound = []\nthreads = [threading.Thread(target=lambda: found.append(__import__('boto3').__version__)) for _ in range(4)]\n[t.start() for t in threads], [t.join() for t in threads]\nanswer = found\n", ["1.2.3"] * 4),
            ("import os\nread, write = os.pipe()\nif os.fork() == 0:\n    import boto3\n    os.write(write, boto3.__version__.encode())\n    os._exit(0)\nanswer = os.read(read, 100).decode()\n", "1.2.3"),
        ):
            with self.subTest(code=code):
                self.make_folder()
                self.assertEqual(self.after_waiting(code), expected)

    def test_pkg_resources_lists_the_folder_and_so_waits(self):
        files = sys.version_info < (3, 12) and bundled_pkg_resources()
        if not files:
            self.skipTest("this Python brings no setuptools")
        code = "import warnings\nwarnings.simplefilter('ignore')\nimport pkg_resources\nanswer = pkg_resources.get_distribution('boto3').version\n"
        self.assertEqual(self.after_waiting(code, **files), "1.2.3")

    def test_nothing_of_the_hook_is_left_afterwards(self):
        code = "import boto3, sys\nanswer = [len(sys.path_hooks), type(sys.path_importer_cache[boto3.__path__[0]]).__name__ if boto3.__path__[0] in sys.path_importer_cache else None, [type(sys.path_importer_cache.get(p)).__name__ for p in sys.path if 'zipyard-sdk-' in p]]\nimport six\nanswer[2] = [type(sys.path_importer_cache.get(p)).__name__ for p in sys.path if 'zipyard-sdk-' in p]\n"
        self.assertEqual(self.after_waiting(code), [2, None, ["FileFinder"]])

    def test_the_path_is_the_same_before_and_after(self):
        late = self.without_waiting("import sys\nanswer = sys.path[2:]\n")
        self.fill()
        environment = self.environment("import sys\nanswer = sys.path[2:]" + ANSWER, variables={"_ZIPYARD_SDK": self.sdk})
        self.assertTrue(environment.ready())
        strip = lambda path: [entry for entry in path if "zipyard-runtime" not in entry]  # noqa: E731
        self.assertEqual(strip(late), strip(environment.invoke(None).json))
        self.assertIn(self.sdk, late)

    def test_a_copy_that_could_not_be_made_is_told_with_the_reason(self):
        environment = self.start("import boto3" + ANSWER, runtime="python3.12")
        self.hear_wait(environment)
        self.fill("no index answers")
        self.assertFalse(environment.ready())
        self.assertEqual(environment.init_error.json["errorMessage"], "Unable to import module 'app': No module named 'boto3': no index answers")
        self.assertEqual(environment.init_error.json["errorType"], "Runtime.ImportModuleError")

    def test_without_a_copy_who_only_asks_is_answered_as_for_any_missing_module(self):
        code = """
import importlib.util, importlib.metadata, pkgutil, subprocess, sys
answer = [importlib.util.find_spec('boto3'), 'boto3' in [m.name for m in pkgutil.iter_modules()], subprocess.call([sys.executable, '-c', ''])]
try:
    importlib.metadata.version('boto3')
except importlib.metadata.PackageNotFoundError:
    answer.append('not found')
try:
    import boto3
except ImportError as error:
    answer.append(error.name)
"""
        self.fill("no index answers")
        self.assertEqual(self.without_waiting(code), [None, False, 0, "not found", "boto3"])

    def test_who_waits_inside_an_invocation_keeps_the_time_that_was_left(self):
        code = "def handler(event, context):\n    ends = context._epoch_deadline_time_in_ms\n    import boto3\n    return context._epoch_deadline_time_in_ms - ends\n"
        environment = self.start(code)
        self.assertTrue(environment.ready())
        head = ("Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Trace-Id")
        environment.reply(200, b"{}", [(name, "1") for name in head])
        self.hear_wait(environment)
        self.fill()
        # It looks every ten milliseconds, so that it has waited for as many at least.
        self.assertGreaterEqual(json.loads(environment.request()[3]), 10)


if __name__ == "__main__":
    unittest.main()
