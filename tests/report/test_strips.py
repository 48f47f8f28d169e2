"""A figure over time: gaps are gaps, and what is known is drawn where it belongs."""

import pytest

from lifecycle.report.strips import strip

TICKS = ["May", "June", "July", "August"]


def test_values_are_placed_between_the_highest_and_the_lowest():
    one = strip("Rows", "", {"": [1.0, 3.0, 2.0, 1.0]}, TICKS, [])
    assert [point.top for point in one.lines[0].points] == [100, 0, 50, 100] and (one.top, one.bottom) == ("3", "1")
    assert [point.left for point in one.lines[0].points] == [12.5, 37.5, 62.5, 87.5]


def test_a_line_is_broken_where_nothing_is_known():
    (line,) = strip("Score", "", {"": [1.0, None, float("nan"), 2.0]}, TICKS, []).lines
    assert len(line.paths) == 2 and line.last == "2" and line.points[0].text == "May: 1"


@pytest.mark.parametrize("values", [[None] * 4, [float("nan")] * 4])
def test_of_nothing_there_is_no_strip(values):
    assert strip("Score", "", {"": values}, TICKS, []) is None


def test_equal_values_still_have_an_axis():
    one = strip("Rows", "", {"": [5.0] * 4}, TICKS, [])
    assert all(0 <= point.top <= 100 for point in one.lines[0].points)


def test_a_band_goes_along_the_upper_ends_and_back_along_the_lower_ones():
    one = strip(
        "Score", "", {"": [2.0, 2.0, None, 2.0]}, TICKS, [], band=([1.0, 1.0, None, 1.0], [3.0, 3.0, None, 3.0])
    )
    assert one.band == ["12.5,0 37.5,0 37.5,100 12.5,100", "87.5,0 87.5,100"]


def test_releases_and_levels_are_marked():
    one = strip("Score", "", {"": [0.0, 1.0, 1.0, 1.0]}, TICKS, [(2, "v2")], {"at release": 0.5, "none": None})
    assert one.releases == [(50, "v2")] and one.levels == [(50, "at release")]
