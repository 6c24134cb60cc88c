"""What the zygote does before it is copied (runtime/isolation/settle.py)."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "runtime", "isolation"))
import settle  # noqa: E402


class Settle(unittest.TestCase):
    def test_after_the_gaps_are_taken_new_objects_lie_in_a_row(self):
        for size in (64, 128, 400):
            kept = [bytes(size) for _ in range(4000)][::2]  # every second place is a gap
            del kept[::5]
            settle.take_gaps()
            fresh = [id(one) for one in [bytes(size) for _ in range(40)]]
            steps = [after - before for before, after in zip(fresh, fresh[1:])]
            place = -(-sys.getsizeof(bytes(size)) // 16) * 16
            # Pools of 4 KiB, which Python had up to 3.9, hold nine of the largest.
            self.assertGreaterEqual(steps.count(place), 30, (size, place, steps))

    def test_rehearsing_leaves_the_variables_as_they_were(self):
        calls = []

        class Bootstrap(object):
            @staticmethod
            def rehearse():
                calls.append(1)
                os.environ.clear()

        before = dict(os.environ)
        settle.rehearse(Bootstrap)
        self.assertEqual(dict(os.environ), before)
        self.assertGreater(len(calls), 8)


if __name__ == "__main__":
    unittest.main()
