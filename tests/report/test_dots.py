"""A dot is where its value is on the axis, and what is far outside squeezes nothing."""

from lifecycle.report.dots import Row, plot, ticks


def test_dots_and_intervals_are_placed_by_their_values():
    drawn = plot("skill", [Row("a", 0.0, -1.0, 1.0), Row("b", 1.0, None, None)], {"all": 0.5, "unknown": None})
    first, second = drawn.dots
    (mark,) = drawn.marks
    assert first.start < first.at < mark.at < second.at <= 100
    assert second.start == second.at and second.width == 0
    assert first.start + first.width == second.at


def test_an_interval_far_beyond_the_others_is_cut_at_the_edge():
    drawn = plot("skill", [Row("a", 0.1, 0.0, 0.2), Row("b", 0.2, -50.0, 0.3)], {})
    a, b = drawn.dots
    assert b.start >= 0 and b.start + b.width <= 100
    assert b.at - a.at > 20


def test_equal_values_still_have_an_axis():
    (dot,) = plot("x", [Row("a", 5.0, 5.0, 5.0)], {"none": 5.0}).dots
    assert 0 <= dot.at <= 100


def test_ticks_are_round_numbers():
    assert ticks(-0.13, 0.42) == [0.0, 0.2, 0.4]
    assert ticks(0, 62_897) == [0, 20_000, 40_000, 60_000]
