import unittest

from support import Case


class Results(Case):
    def text_of(self, expression, runtime="python3.13", prelude=""):
        answer = self.result("{0}\ndef handler(event, context):\n    return {1}\n".format(prelude, expression), runtime=runtime)
        return answer.text

    def test_a_handler_that_returns_nothing_answers_null(self):
        self.assertEqual(self.text_of("None"), "null")

    def test_text_is_escaped_up_to_3_11_and_raw_from_3_12_on_by_the_functions_runtime(self):
        self.assertEqual(self.text_of("{'a': '\\u00e4'}", runtime="python3.11"), '{"a": "\\u00e4"}')
        self.assertEqual(self.text_of("{'a': '\\u00e4'}", runtime="python3.12"), u'{"a": "\u00e4"}')

    def test_separators_and_numbers_are_those_of_lambda(self):
        self.assertEqual(
            self.text_of("[1, 2.5, True, None, float('nan'), float('inf'), {1: 2, True: 3, None: 4, 1.5: 5}]"),
            '[1, 2.5, true, null, NaN, Infinity, {"1": 3, "null": 4, "1.5": 5}]',
        )

    def test_named_tuples_are_objects_and_plain_tuples_are_lists(self):
        prelude = "import collections\nP = collections.namedtuple('P', 'x y')"
        self.assertEqual(self.text_of("[P(1, 2), (3, 4), {'p': P(P(1, 1), [])}]", prelude=prelude), '[{"x": 1, "y": 2}, [3, 4], {"p": {"x": {"x": 1, "y": 1}, "y": []}}]')

    def test_decimals_are_written_as_they_are(self):
        prelude = "from decimal import Decimal"
        self.assertEqual(self.text_of("{'a': Decimal('1.10'), 'b': Decimal('-NaN'), 'c': [Decimal('1E+2')]}", prelude=prelude), '{"a": 1.10, "b": NaN, "c": [1E+2]}')

    def test_bytes_inside_a_result_are_text_and_bytes_alone_are_sent_as_they_are(self):
        self.assertEqual(self.text_of("{'a': b'x', b'k': 1}"), '{"a": "x", "k": 1}')
        answer = self.result("def handler(event, context):\n    return b'\\x00\\xff'\n")
        self.assertEqual(answer.body, b"\x00\xff")
        self.assertEqual(answer.headers["content-type"], "application/unknown")

    def test_enumerations_and_subclasses_are_their_values(self):
        prelude = "import enum, collections\nclass E(enum.IntEnum):\n    A = 7\nclass S(str):\n    pass"
        self.assertEqual(self.text_of("[E.A, S('x'), collections.OrderedDict(a=1), collections.defaultdict(list, b=[E.A])]", prelude=prelude), '[7, "x", {"a": 1}, {"b": [7]}]')

    def test_what_json_cannot_say_is_a_marshal_error(self):
        for expression, reason in (
            ("{1, 2}", "Object of type set is not JSON serializable"),
            ("object()", "Object of type object is not JSON serializable"),
            ("(n for n in [])", "Object of type generator is not JSON serializable"),
            ("{(1, 2): 3}", "keys must be str, int, float, bool or None, not tuple"),
            ("[b'\\xff']", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ):
            answer = self.result("def handler(event, context):\n    return {0}\n".format(expression), runtime="python3.12")
            self.assertEqual(answer.kind, "error")
            self.assertEqual(
                list(answer.json.items()),
                [
                    ("errorMessage", "Unable to marshal response: " + reason),
                    ("errorType", "Runtime.MarshalError"),
                    ("requestId", "11111111-2222-3333-4444-555555555555"),
                    ("stackTrace", []),
                ],
            )

    def test_a_circular_result_is_a_marshal_error(self):
        answer = self.result("def handler(event, context):\n    a = []\n    a.append(a)\n    return a\n")
        self.assertEqual(answer.json["errorMessage"], "Unable to marshal response: Circular reference detected")

    def test_a_large_result_arrives_whole(self):
        answer = self.result("def handler(event, context):\n    return 'x' * 5000000\n")
        self.assertEqual(len(answer.body), 5000002)


if __name__ == "__main__":
    unittest.main()
