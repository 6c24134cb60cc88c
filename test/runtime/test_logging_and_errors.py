import json
import re
import unittest

from support import Case

REQUEST = "11111111-2222-3333-4444-555555555555"


class Errors(Case):
    def test_an_exception_is_answered_and_logged_and_the_process_lives_on(self):
        environment = self.environment(
            "def inner():\n    raise Exception('Handler fails')\ndef handler(event, context):\n    if event:\n        inner()\n    return 'fine'\n",
            runtime="python3.12",
        )
        self.assertTrue(environment.ready())
        answer = environment.invoke(1)
        self.assertEqual(answer.kind, "error")
        self.assertEqual(
            list(answer.json.items()),
            [
                ("errorMessage", "Handler fails"),
                ("errorType", "Exception"),
                ("requestId", REQUEST),
                (
                    "stackTrace",
                    [
                        '  File "{0}/app.py", line 5, in handler\n    inner()\n'.format(environment.task),
                        '  File "{0}/app.py", line 2, in inner\n    raise Exception(\'Handler fails\')\n'.format(environment.task),
                    ],
                ),
            ],
        )
        cause = json.loads(answer.headers["lambda-runtime-function-xray-error-cause"])
        self.assertEqual(cause["exceptions"][0]["type"], "Exception")
        self.assertEqual([frame["line"] for frame in cause["exceptions"][0]["stack"]], [5, 2])
        self.assertEqual(environment.invoke(None).json, "fine")
        code, _, err, frames = environment.close()
        self.assertEqual((code, err), (1, ""))
        self.assertEqual(len(frames), 1)
        self.assertEqual(frames[0][0], 0xA55A0017)
        self.assertEqual(
            frames[0][1].split("\n"),
            [
                "[ERROR] Exception: Handler fails",
                "Traceback (most recent call last):",
                u'\u00a0\u00a0File "{0}/app.py", line 5, in handler'.format(environment.task),
                u"\u00a0\u00a0\u00a0\u00a0inner()",
                u'\u00a0\u00a0File "{0}/app.py", line 2, in inner'.format(environment.task),
                u"\u00a0\u00a0\u00a0\u00a0raise Exception('Handler fails')",
            ],
        )

    def test_up_to_3_8_an_error_names_no_request(self):
        answer = self.result("def handler(e, c):\n    raise KeyError('x')\n", runtime="python3.8")
        self.assertEqual(list(answer.json), ["errorMessage", "errorType", "stackTrace"])
        self.assertEqual(answer.json["errorMessage"], "'x'")

    def test_what_is_no_exception_ends_the_process(self):
        for code, status in (("import sys; sys.exit(3)", 3), ("raise SystemExit", 0), ("raise BaseException('x')", 1), ("import os; os._exit(7)", 7)):
            environment = self.environment("def handler(e, c):\n    {0}\n".format(code))
            self.assertTrue(environment.ready())
            environment.reply(200, b"{}", [("Lambda-Runtime-Aws-Request-Id", "x"), ("Lambda-Runtime-Deadline-Ms", "1"), ("Content-Type", "application/json")])
            self.assertIsNone(environment.request())
            self.assertEqual(environment.close()[0], status)

    def test_a_bad_event_and_a_bad_client_context_are_named(self):
        environment = self.environment("def handler(e, c):\n    return e\n")
        self.assertTrue(environment.ready())
        answer = environment.invoke(None, raw=b"{not json")
        self.assertEqual(answer.json["errorType"], "Runtime.UnmarshalError")
        self.assertTrue(answer.json["errorMessage"].startswith("Unable to unmarshal input: Expecting property name"))
        answer = environment.invoke(None, headers=[("Lambda-Runtime-Client-Context", "{oops")])
        self.assertEqual(answer.json["errorType"], "Runtime.LambdaContextUnmarshalError")
        answer = environment.invoke(None, raw=b"abc", headers=[("Content-Type", "text/plain")])
        # An event that is not JSON reaches the handler as bytes, and bytes are a result as they are.
        self.assertEqual((answer.kind, answer.body), ("response", b"abc"))

    def test_instrumentation_that_wraps_the_loop_is_honoured(self):
        # How Sentry's integration finds and wraps it.
        wrap = (
            "import sys\n"
            "found = sys.modules['__main__'].awslambdaricmain.bootstrap\n"
            "old = found.handle_event_request\n"
            "def wrapped(client, handler, *args, **kwargs):\n"
            "    return old(client, lambda e, c: ['wrapped', handler(e, c)], *args, **kwargs)\n"
            "found.handle_event_request = wrapped\n"
            "def handler(event, context):\n    return 1\n"
        )
        self.assertEqual(self.result(wrap, runtime="python3.12").json, ["wrapped", 1])
        self.assertEqual(self.result(wrap.replace("sys.modules['__main__'].awslambdaricmain.bootstrap", "sys.modules['__main__']"), runtime="python3.8").json, ["wrapped", 1])


class Logging(Case):
    def frames(self, body, **options):
        environment = self.environment("import logging, sys\n{0}".format(body), **options)
        self.assertTrue(environment.ready(), environment.init_error and environment.init_error.text)
        environment.invoke({})
        _, out, err, frames = environment.close()
        self.assertEqual(err, "")
        return out, frames

    def test_text_records_carry_level_time_and_request_and_basic_config_does_nothing(self):
        out, frames = self.frames(
            "logging.basicConfig(format='mine', level='DEBUG')\nlogging.warning('at init')\ndef handler(e, c):\n    logging.info('hidden')\n    logging.warning('two\\nlines')\n    print('printed')\n"
        )
        self.assertEqual(out, "printed\n")
        self.assertEqual([kind for kind, _, _ in frames], [0xA55A0003] * 2)
        self.assertRegex(frames[0][1], r"^\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t\tat init\n$")
        self.assertRegex(frames[1][1], r"^\[WARNING\]\t[^\t]*Z\t" + REQUEST + r"\ttwo\nlines\n$")

    def test_json_records_have_the_members_of_lambda(self):
        _, frames = self.frames(
            "def handler(e, c):\n    logging.getLogger('mine').info('hello %s', 'you', extra={'order': 7})\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        logging.exception('failed')\n    logging.debug('hidden')\n",
            variables={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
        )
        self.assertEqual([kind for kind, _, _ in frames], [0xA55A000E, 0xA55A0016])
        first = json.loads(frames[0][1])
        self.assertEqual(list(first), ["timestamp", "level", "message", "logger", "requestId", "order"])
        self.assertEqual((first["level"], first["message"], first["logger"], first["requestId"], first["order"]), ("INFO", "hello you", "mine", REQUEST, 7))
        self.assertTrue(re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", first["timestamp"]))
        second = json.loads(frames[1][1])
        self.assertEqual((second["errorType"], second["errorMessage"]), ("ZeroDivisionError", "division by zero"))
        self.assertTrue(second["location"].endswith("app.py:handler:7"), second["location"])
        self.assertIsInstance(second["stackTrace"], list)

    def test_trace_is_debug_and_text_with_a_level_names_it_in_the_frame(self):
        _, frames = self.frames("def handler(e, c):\n    logging.debug('seen')\n", variables={"AWS_LAMBDA_LOG_LEVEL": "TRACE"})
        self.assertEqual([kind for kind, _, _ in frames], [0xA55A000B])

    def test_context_log_writes_what_it_is_given(self):
        _, frames = self.frames("def handler(e, c):\n    c.log('no line end')\n")
        self.assertEqual(frames[0][1], "no line end")

    def test_the_trace_id_follows_the_invocation(self):
        environment = self.environment("import os\ndef handler(e, c):\n    return os.environ.get('_X_AMZN_TRACE_ID')\n")
        self.assertTrue(environment.ready())
        self.assertIn("Root=", environment.invoke(None).json)
        self.assertIsNone(environment.invoke(None, headers=[("Lambda-Runtime-Trace-Id", None)]).json)

    def test_the_context_has_every_member(self):
        answer = self.result("def handler(e, c):\n    return repr(c)\n")
        self.assertEqual(
            answer.json,
            "LambdaContext([aws_request_id=" + REQUEST + ",log_group_name=/aws/lambda/fn,log_stream_name=2026/01/01/[$LATEST]0,function_name=fn,memory_limit_in_mb=128,"
            "function_version=$LATEST,invoked_function_arn=arn:aws:lambda:us-east-1:123456789012:function:fn,client_context=None,"
            "identity=CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None]),tenant_id=None])",
        )


if __name__ == "__main__":
    unittest.main()
