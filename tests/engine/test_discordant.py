"""Counting the starts from which only one of two results succeeds."""

import subprocess
import sys

from bczoo.engine.bank import Episode
from bczoo.engine.discordant import discordant


def result(*wins, first=0):
    return [Episode(index=first + i, seed=7, success=won) for i, won in enumerate(wins)]


def test_wins_of_one_alone_are_counted_whichever_order_the_starts_have():
    before, after = result(True, True, True, False, False), result(True, False, False, True, False)
    found = discordant(before, after[::-1])
    assert (found.won, found.lost) == (1, 2) == found
    assert discordant(after, before) == (2, 1)


def test_a_start_that_only_one_has_and_one_of_another_seed_count_for_nothing():
    assert discordant(result(False), result(True, True)) == (1, 0)
    assert discordant(result(False, False), result(True, first=1)) == (1, 0)
    assert discordant([Episode(index=0, seed=8)], result(True)) == (0, 0)
    assert discordant([], []) == (0, 0)


def test_counting_needs_no_statistics():
    program = (
        "import sys, bczoo.engine.discordant; "
        "sys.exit(any(name.partition('.')[0] in ('torch', 'scipy', 'numpy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
