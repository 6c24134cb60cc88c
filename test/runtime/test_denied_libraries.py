import json
import os
import sys
import sysconfig
import unittest

from support import Case

SENTENCE = "/lib64/libc.so.6: version `GLIBC_2.28' not found (required by /var/task/native/fast.so)"


def an_extension():
    """An extension module of this interpreter's standard library."""
    folder = sysconfig.get_path("stdlib")
    for name in sorted(os.listdir(os.path.join(folder, "lib-dynload"))):
        if name.startswith("_bisect.") and name.endswith(".so"):
            return os.path.join(folder, "lib-dynload", name)
    return None


@unittest.skipUnless(sys.version_info >= (3, 8), "audit hooks came with 3.8")
class DeniedLibraries(Case):
    def test_an_extension_that_lambda_could_not_load_fails_with_the_loaders_sentence(self):
        extension = an_extension()
        if extension is None:
            self.skipTest("this interpreter has its extensions built in")
        code = "from native import _bisect\ndef handler(e, c):\n    return _bisect.bisect_right([1, 2, 3], 2)\n"
        for denied, expected in (({}, "2"), ({"native/_bisect.so": SENTENCE}, None)):
            answer = self.load(code, extension, denied)
            if expected is not None:
                self.assertEqual(answer.text, expected)
            else:
                self.assertEqual(answer.json["errorType"], "Runtime.ImportModuleError")
                self.assertEqual(answer.json["errorMessage"], "Unable to import module 'app': " + SENTENCE)

    def load(self, code, extension, denied):
        # The function's own first line puts the library in place, as if the package had brought it.
        prelude = "import shutil\nshutil.copy({0!r}, __file__.replace('app.py', 'native/_bisect.so'))\n".format(extension)
        environment = self.environment(
            {"app.py": prelude + code, "native/__init__.py": ""}, runtime="python3.12", variables={"_ZIPYARD_DENIED": json.dumps(denied)}
        )
        answer = environment.invoke(None) if environment.ready() else environment.init_error
        environment.close()
        return answer

    def test_ctypes_is_refused_too_by_path_and_by_name(self):
        code = (
            "import ctypes, os\n"
            "def attempt(name):\n"
            "    try:\n"
            "        ctypes.CDLL(name)\n"
            "        return 'loaded'\n"
            "    except OSError as error:\n"
            "        return str(error)\n"
            "def handler(e, c):\n"
            "    return [attempt(os.path.join(os.environ['LAMBDA_TASK_ROOT'], 'libfast.so')), attempt('libfast.so'), attempt(None)]\n"
        )
        answer = self.result(code, variables={"_ZIPYARD_DENIED": json.dumps({"libfast.so": SENTENCE})})
        self.assertEqual(answer.json, [SENTENCE, SENTENCE, "loaded"])


if __name__ == "__main__":
    unittest.main()
