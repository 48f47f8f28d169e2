"""A bar only where there is much to do and somebody to see it; the items are always the same."""

import sys

import pytest

from lifecycle.ground.progress import MANY, shown


@pytest.mark.parametrize("watched", [True, False])
def test_much_work_says_how_far_it_is_on_a_terminal_alone(capsys, monkeypatch, watched):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: watched, raising=False)
    assert list(shown(range(MANY), "define: types", MANY)) == list(range(MANY))
    assert ("define: types" in capsys.readouterr().err) == watched


def test_little_work_says_nothing(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(shown(range(9), "define: types", 9)) == list(range(9))
    assert not capsys.readouterr().err
