"""The line of `train` says what the model is made of, and of how many candidates that were tried."""

import pytest
from tqdm import tqdm

from lifecycle.model.families import FAMILIES
from lifecycle.search.choose import chosen
from lifecycle.search.workers import BAR


@pytest.mark.parametrize(
    ("members", "tried", "said"),
    [
        ({"linear": 1.0}, 1, "linear, the only candidate"),
        ({"linear": 1.0}, 7, "linear, the best of 7 candidates"),
        ({"linear": 0.3, "additive": 0.7}, 2, "blend of 2 candidates: additive 70%, linear 30%"),
        ({"linear": 0.16, "additive": 0.839, "network": 0.001}, 10,
         "blend of 3 of 10 candidates: additive 84%, linear 16%, network 0.1%"),
    ],
)  # fmt: skip
def test_only_what_is_in_the_blend_is_counted_in_it(members, tried, said):
    assert chosen(members, tried) == said


def test_progress_is_of_the_planned_work_and_fits_80_columns():
    longest = max((f"{name} log" for name in FAMILIES), key=len)
    line = tqdm.format_meter(30, 120, 60, ncols=80, prefix="train", postfix=f"best -1234.5 ({longest})", bar_format=BAR)
    assert "25%" in line and "03:00 left" in line, "by the work that was planned, three quarters are to come"
    assert longest in line and len(line) <= 80
