"""Numbers that stand for "no value": -999, 9999, and what a file uses in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

# what instruments and people write for "no value"
USUAL = (9999.0, 99999.0, 999999.0, -9999.0, -99999.0, -999.0, 999.0, -99.0, -1.0, 9999999.0)


@dataclass
class Verdict:
    """`missing`: values that are no measure. `suspected`: those that may be none, {value: why}; they are kept."""

    missing: list[float] = field(default_factory=list)
    suspected: dict[float, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """A value's cells beside all others."""

    share: float
    distinct: int
    low: float
    high: float
    gap: float

    @property
    def far(self) -> bool:
        """Further off than the others are wide, twice over."""
        return self.gap > 2 * (self.high - self.low)

    def apart(self, value: float) -> bool:
        """Clearly off the others' range, or the one negative number."""
        return value < 0 <= self.low or self.gap > 0.1 * (self.high - self.low)


def judge(
    values: np.ndarray, counts: np.ndarray, least: int = 3, of_file: Mapping[float, int] | None = None
) -> Verdict:
    """`values`: finite numbers, met `counts` times each; `least`: the other values that must be left, since 0 and 999, or
    -1 and 1, are two codes that both mean something; `of_file`: {what stands for "no value" in other columns: in how many}.
    """
    found = Verdict()
    values, counts = _merged(values, counts)
    for value, columns in (of_file or {}).items():
        beside = _beside(value, values, counts)
        if beside is None or beside.distinct < least:
            continue
        # that most cells hold it is no objection where other columns have it too
        if beside.far or (columns > 1 and beside.gap > 0 and beside.apart(value)):
            found.missing.append(value)
            values, counts = _without(value, values, counts)
    ends = _shared_ends(values, counts)
    for value in dict.fromkeys((*USUAL, *ends)):
        beside = _beside(value, values, counts)
        needed = least if value in USUAL else max(least, 11)
        if beside is None or beside.distinct < least:
            continue
        if beside.share > 0.5 or beside.distinct < needed:
            _suspect(value, beside, found)
            continue
        if value in USUAL or value < 0 or _is_repeated(value):
            if beside.far or _is_lonely_minus(value, beside):
                found.missing.append(value)
                values, counts = _without(value, values, counts)
                continue
        # 365 nights among 1 to 30: a year, far off though it is
        _suspect(value, beside, found)
    _judge_zero(values, counts, found)
    return found


def _suspect(value: float, beside: Split, found: Verdict) -> None:
    """Name a value that may stand for none, where many cells hold it."""
    others = f"({beside.low:,.6g} to {beside.high:,.6g})"
    if not 0.01 <= beside.share <= 0.95 or beside.distinct < 3:
        return
    if value < 0 <= beside.low:
        found.suspected[value] = (
            f"{beside.share:.1%} of the cells hold {value:g}, the only number below 0 among others {others}"
        )
    elif beside.far:
        found.suspected[value] = f"{beside.share:.1%} of the cells hold {value:g}, far from all others {others}"


def _merged(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each value once: 9999 and 9999.0 are one."""
    distinct, places = np.unique(values, return_inverse=True)
    return distinct, np.bincount(places, weights=counts, minlength=len(distinct)).astype(np.int64)


def _without(value: float, values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values[values != value], counts[values != value]


def _beside(value: float, values: np.ndarray, counts: np.ndarray) -> Split | None:
    """None where no cell, or each, holds the value."""
    others = values[values != value]
    if len(others) in (0, len(values)):
        return None
    share = counts[values == value].sum() / counts.sum()
    low, high = float(others[0]), float(others[-1])
    return Split(float(share), len(others), low, high, max(value - high, low - value))


def _shared_ends(values: np.ndarray, counts: np.ndarray) -> list[float]:
    """Whole numbers at the ends of the range that many rows share."""
    if not len(values):
        return []
    enough = max(5, 0.01 * counts.sum())
    ends = [(float(values[0]), counts[0]), (float(values[-1]), counts[-1])]
    return [value for value, count in ends if value and value == int(value) and count >= enough]


def is_code(value: float) -> bool:
    """Whether people fill a field with this number where they have none."""
    return value in USUAL or _is_repeated(value)


def _is_repeated(value: float) -> bool:
    """99, 888, 7777: a number made of one digit that people fill a field with."""
    digits = str(abs(int(value)))
    return len(digits) > 1 and len(set(digits)) == 1 and digits[0] in "789"


def _is_lonely_minus(value: float, beside: Split) -> bool:
    """The one negative number among others that cannot be: -999 grams, -200 degrees below."""
    alone = value < 0 <= beside.low and beside.share < 0.2 and (value <= -99 or beside.low > 0)
    return alone and beside.gap > 0.1 * (beside.high - beside.low)


def _judge_zero(values: np.ndarray, counts: np.ndarray, found: Verdict) -> None:
    """A length or weight of nothing, where that is rare; where it is not, it is only named."""
    others = values[values != 0]
    if not len(others) or len(others) == len(values) or others[0] <= 0:
        return
    other_counts = counts[values != 0]
    share = counts[values == 0].sum() / counts.sum()
    median = _quantile(others, other_counts, 0.5)
    measured = not np.all(others == np.floor(others))
    if measured and share < 0.01 and others[0] > 0.25 * median:
        found.missing.append(0.0)
        return
    # had 0 been the least of many sizes, small ones would be met as well
    jump = others[0] > 0.3 * _quantile(others, other_counts, 0.05)
    large = others[0] >= 20 or (measured and others[0] > 0.25 * median)
    if jump and large and len(others) >= 20 and 0.01 <= share <= 0.9:
        found.suspected[0.0] = (
            f"{share:.1%} of the cells hold 0, and all others {others[0]:,.6g} or more: 0 may stand for not known"
        )


def _quantile(values: np.ndarray, counts: np.ndarray, share: float) -> float:
    """Of sorted values that are met `counts` times."""
    at = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    return float(values[min(at, len(values) - 1)])


def lone(values: np.ndarray, counts: np.ndarray) -> tuple[float, float, float] | None:
    """(value, lowest, highest of the others) of one or two cells far outside all others, such as 19 among ratings of 1 to 5."""
    values, counts = _merged(values, counts)
    total = counts.sum()
    if total < 50 or len(values) < 4:
        return None
    for value, count in ((float(values[-1]), counts[-1]), (float(values[0]), counts[0])):
        beside = _beside(value, values, counts)
        if beside and beside.far and count <= 2:
            return value, beside.low, beside.high
    return None
