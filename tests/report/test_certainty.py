"""What the report says of sets of classes: at least as often as asked, and why more often where it is."""

import pytest

from lifecycle.report import certainty

ROWS = 1000


def said(low, size, classes=("a", "b", "c")):
    coverage = {"value": low + 0.01, "low": low, "high": min(low + 0.02, 1.0)}
    found = {"level": 0.9, "coverage": coverage, "size": size, "sizes": [ROWS, 0, 0]}
    return certainty.in_words({"certainty": found, "classes": list(classes), "n_rows": ROWS}, "kind")


@pytest.mark.parametrize(
    ("low", "size", "explained"),
    [
        (0.97, 1.0, True),  # the likeliest class alone is right more often than asked
        (0.97, 1.6, False),  # sets of several classes hold too much: not for that reason
        (0.89, 1.0, False),  # as often as asked
    ],
)
def test_sets_that_hold_more_than_asked_say_why_only_where_that_is_why(low, size, explained):
    assert ("a set cannot be smaller than that" in said(low, size)) is explained


def test_the_level_is_said_as_the_least_of_each_class():
    assert "at least 90% of the time, for each class alike" in said(0.89, 1.0)
    assert "The set is a single class for 100% of the rows." in said(0.89, 1.0)
