import unittest

from support import Case, RUNTIME_ID

PACKAGES = {
    "a/__init__.py": "print('init a')\n",
    "a/b/__init__.py": "print('init a.b')\n",
    "a/b/sibling.py": "name = 'sibling'\n",
    "a/b/mod.py": "print('body', __name__, __package__)\ndef handler(event, context):\n    return __name__\n",
    "a/b/relative.py": "print('body')\nfrom . import sibling\nprint('after')\ndef handler(event, context):\n    return sibling.name\n",
    "n/mod.py": "def handler(event, context):\n    return __name__\n",
}


class Loading(Case):
    """Rows of section 1.5 of the execution environment reference: the function's runtime decides, whatever interpreter runs."""

    def load(self, handler, runtime, files=PACKAGES):
        environment = self.environment(files, handler=handler, runtime=runtime)
        answer = environment.invoke(None) if environment.ready() else environment.init_error
        _, out, err, _ = environment.close()
        self.assertEqual(err, "")
        return answer, out.splitlines()

    def test_from_3_9_on_the_packages_of_the_handler_are_initialised_first(self):
        for handler in ("a.b.mod.handler", "a/b/mod.handler", "a/b.mod.handler"):
            answer, printed = self.load(handler, "python3.9")
            self.assertEqual((answer.json, printed), ("a.b.mod", ["init a", "init a.b", "body a.b.mod a.b"]))

    def test_up_to_3_8_they_are_not(self):
        answer, printed = self.load("a.b.mod.handler", "python3.8")
        self.assertEqual((answer.json, printed), ("a.b.mod", ["body a.b.mod a.b"]))

    def test_up_to_3_8_an_import_in_the_body_initialises_them_late(self):
        answer, printed = self.load("a.b.relative.handler", "python3.8")
        self.assertEqual((answer.json, printed), ("sibling", ["body", "init a", "init a.b", "after"]))

    def test_up_to_3_8_a_path_is_the_modules_name(self):
        answer, printed = self.load("a/b/mod.handler", "python3.8")
        self.assertEqual((answer.json, printed), ("a/b/mod", ["body a/b/mod "]))
        answer, printed = self.load("a/b.mod.handler", "python3.8")
        self.assertEqual((answer.json, printed), ("a/b.mod", ["body a/b.mod a/b"]))

    def test_up_to_3_8_a_path_has_no_relative_imports(self):
        answer, _ = self.load("a/b/relative.handler", "python3.8")
        self.assertEqual(answer.json["errorMessage"], "Unable to import module 'a/b/relative': attempted relative import with no known parent package")
        answer, _ = self.load("a/b.relative.handler", "python3.8")
        self.assertEqual(answer.json["errorMessage"], "Unable to import module 'a/b.relative': No module named 'a/b'")

    def test_a_folder_without_init_is_a_package_from_3_9_on_only(self):
        answer, _ = self.load("n.mod.handler", "python3.9")
        self.assertEqual(answer.json, "n.mod")
        answer, _ = self.load("n.mod.handler", "python3.8")
        self.assertEqual(answer.json, {"errorMessage": "Unable to import module 'n.mod': No module named 'n'", "errorType": "Runtime.ImportModuleError"})
        answer, _ = self.load("n/mod.handler", "python3.8")
        self.assertEqual(answer.json, "n/mod")

    def test_up_to_3_8_a_failed_load_is_answered_at_every_event_by_a_process_that_lives_on(self):
        environment = self.environment("print('loading')\nimport does_not_exist\n", runtime="python3.8")
        self.assertTrue(environment.ready())
        for _ in range(2):
            self.assertEqual(
                environment.invoke(None).json,
                {"errorMessage": "Unable to import module 'app': No module named 'does_not_exist'", "errorType": "Runtime.ImportModuleError"},
            )
        _, out, _, _ = environment.close()
        self.assertEqual(out, "loading\n")

    def test_from_3_9_on_a_failed_load_is_an_init_error_and_the_process_exits(self):
        environment = self.environment("import does_not_exist\n", runtime="python3.9")
        self.assertFalse(environment.ready())
        self.assertEqual(
            list(environment.init_error.json.items()),
            [
                ("errorMessage", "Unable to import module 'app': No module named 'does_not_exist'"),
                ("errorType", "Runtime.ImportModuleError"),
                ("requestId", ""),
                ("stackTrace", []),
            ],
        )
        self.assertEqual(environment.init_error.headers["lambda-runtime-function-error-type"], "Runtime.ImportModuleError")
        code, _, _, frames = environment.close()
        self.assertEqual(code, 1)
        self.assertTrue(frames[0][1].startswith("[WARNING]\t"))
        self.assertIn("LAMBDA_WARNING: Unhandled exception.", frames[0][1])
        self.assertEqual(
            frames[1][1], "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'does_not_exist'\nTraceback (most recent call last):"
        )

    def test_what_is_wrong_with_a_handler_is_said_in_the_words_of_lambda(self):
        for files, handler, kind, message in (
            ("x = 1\n", "app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
            ("x = 1\n", "app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
            ("x = 1\n", "sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
            ("x = 1\n", "src/app.handler", "Runtime.ImportModuleError", "Unable to import module 'src/app': No module named 'src'"),
        ):
            environment = self.environment(files, handler=handler, runtime="python3.12")
            self.assertFalse(environment.ready())
            self.assertEqual((environment.init_error.json["errorType"], environment.init_error.json["errorMessage"]), (kind, message))

    def test_a_syntax_error_names_file_and_line(self):
        environment = self.environment("x = 1\ndef handler(:\n", runtime="python3.12")
        self.assertFalse(environment.ready())
        error = environment.init_error.json
        self.assertEqual(error["errorType"], "Runtime.UserCodeSyntaxError")
        self.assertRegex(error["errorMessage"], r"^Syntax error in module 'app': invalid syntax \(app\.py, line 2\)$")
        self.assertEqual(error["stackTrace"], ['  File "{0}/app.py" Line 2\n    def handler(:\n'.format(environment.task)])

    def test_an_exception_at_import_keeps_its_type_and_the_frames_of_importlib(self):
        environment = self.environment("raise ValueError('no')\n", runtime="python3.12")
        self.assertFalse(environment.ready())
        error = environment.init_error.json
        self.assertEqual((error["errorType"], error["errorMessage"]), ("ValueError", "no"))
        self.assertIn("importlib/__init__.py", error["stackTrace"][0])
        self.assertEqual(error["stackTrace"][-1], '  File "{0}/app.py", line 1, in <module>\n    raise ValueError(\'no\')\n'.format(environment.task))


class Path(Case):
    def path(self, runtime, variables=None, opt=None):
        environment = self.environment("import sys\ndef handler(event, context):\n    return sys.path\n", runtime=runtime, variables=variables, opt=opt)
        self.assertTrue(environment.ready())
        found = environment.invoke(None).json
        places = {environment.task: "task", "/sdk": "sdk"}
        from support import RUNTIME

        places[RUNTIME] = "runtime"
        return [places.get(entry, entry.replace(environment.opt, "opt")) for entry in found]

    def test_the_sdk_comes_after_var_runtime_up_to_3_10_and_before_it_from_3_11_on(self):
        opt = {"python/lib/{0}/site-packages/x.py".format(RUNTIME_ID): "", "python/lib/python3.10/site-packages/x.py": "", "python/lib/python3.11/site-packages/x.py": ""}
        old = self.path("python3.10", {"_ZIPYARD_SDK": "/sdk"}, opt)
        self.assertEqual(old[:5], ["task", "opt/python/lib/python3.10/site-packages", "opt/python", "runtime", "sdk"])
        new = self.path("python3.11", {"_ZIPYARD_SDK": "/sdk"}, opt)
        self.assertEqual(new[:5], ["task", "opt/python/lib/python3.11/site-packages", "opt/python", "sdk", "runtime"])
        for path in (old, new):
            self.assertNotIn("", path)
            self.assertEqual([entry for entry in path if entry.endswith(("site-packages", "dist-packages")) and not entry.startswith("opt")], [])

    def test_a_pythonpath_of_the_customer_makes_layers_vanish(self):
        path = self.path("python3.12", {"PYTHONPATH": "/somewhere"})
        self.assertEqual(path[0], "task")
        self.assertIn("/somewhere", path)
        self.assertEqual([entry for entry in path if entry.startswith("opt")], [])

    def test_pth_files_of_the_package_are_processed(self):
        answer = self.result({"app.py": "import sys\ndef handler(e, c):\n    return [p for p in sys.path if p.endswith('vendored')]\n", "deps.pth": "vendored\n", "vendored/x.py": ""})
        self.assertEqual(len(answer.json), 1)

    def test_nothing_of_ours_is_left_in_the_environment_and_the_standard_helpers_are_there(self):
        answer = self.result(
            "import os, builtins, sys\ndef handler(e, c):\n    return [[n for n in os.environ if 'ZIPYARD' in n or n == '_LAMBDA_TELEMETRY_LOG_FD'], hasattr(builtins, 'exit'), sys.argv, os.environ['PYTHONPATH']]\n"
        )
        from support import BOOTSTRAP, RUNTIME

        self.assertEqual(answer.json, [[], True, [BOOTSTRAP], RUNTIME])

    def test_lc_ctype_is_there_from_3_12_on_only(self):
        code = "import os\ndef handler(e, c):\n    return os.environ.get('LC_CTYPE')\n"
        self.assertEqual(self.result(code, runtime="python3.11").json, None)
        self.assertEqual(self.result(code, runtime="python3.12").json, "C.UTF-8")


if __name__ == "__main__":
    unittest.main()
