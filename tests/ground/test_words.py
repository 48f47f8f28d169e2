"""Numbers and names on pages, cards and in the terminal read as a person would write them."""

import pytest

from lifecycle.ground.words import alike, as_scores, between, cut, percent, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7300000001, "0.73"),
        (1234567.8, "1,234,568"),
        (46291.3, "46,291"),  # never 4.629e+04
        (0.000123456, "0.0001235"),
        (2.4e-05, "0.000024"),
        (-2.5, "-2.5"),
        (0, "0"),
        (1e-7, "1×10⁻⁷"),
        (-1.234567e15, "-1.235×10¹⁵"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_a_number_has_the_digits_that_a_reader_needs(value, text):
    assert short(value) == text


def test_numbers_of_one_column_look_equally_exact():
    assert short(0.41, 3, zeros=True) == "0.410"
    assert between(0.4, 0.4567) == "0.400 to 0.457"
    assert between(None, 0.4) == "–"


@pytest.mark.parametrize(
    ("share", "text"), [(0.5, "50%"), (0.998, "99.8%"), (0.99996, "100.00%"), (1, "100%"), (0, "0%"), (None, "–")]
)
def test_a_percentage_is_not_rounded_to_all_or_nothing(share, text):
    assert percent(share) == text


def test_long_names_keep_the_end_that_tells_them_apart():
    names = [cut(f"sensor of the left hand oven number {i}", 20, middle=True) for i in range(3)]
    assert len(set(names)) == 3
    assert all(len(name) <= 20 for name in names)


def test_numbers_of_a_column_have_the_decimals_of_the_largest():
    assert alike([0.1624, 0.0478, -0.0000422, None]) == ["0.162", "0.048", "0.000", "–"]
    assert alike([46291.3, 12.5]) == ["46,291", "12"]
    assert alike([]) == []


def test_scores_keep_the_digits_by_which_they_are_compared():
    assert as_scores([0.0227, 1.0757]) == ["0.0227", "1.0757"]
    assert as_scores([0.555, 0.6107]) == ["0.5550", "0.6107"]
    assert as_scores([59848.2, 115606.0]) == ["59,848", "115,606"]
    assert as_scores([None, float("nan"), 0.5]) == ["–", "–", "0.5000"]
