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
    codes = _codes_side_by_side(values, counts)
    for value, columns in (of_file or {}).items():
        beside = _beside(value, values, counts, codes)
        if beside is None or beside.distinct < least:
            continue
        # that most cells hold it is no objection where other columns have it too
        if beside.far or (columns > 1 and beside.gap > 0 and beside.apart(value)):
            found.missing.append(value)
            values, counts = _without(value, values, counts)
    is_ladder = _go_on_below(codes, values)
    ends = _shared_ends(values, counts)
    for value in dict.fromkeys((*USUAL, *ends, *codes)):
        beside = _beside(value, values, counts, codes)
        needed = least if value in USUAL else max(least, 11)
        if beside is None or beside.distinct < least:
            continue
        if beside.share > 0.5 or beside.distinct < needed:
            _suspect(value, beside, found, codes)
            continue
        if value in USUAL or value < 0 or _is_repeated(value) or (value in codes and is_code(value)):
            if beside.far or (_is_lonely_minus(value, beside) and not is_ladder):
                found.missing.append(value)
                values, counts = _without(value, values, counts)
                continue
        # 365 nights among 1 to 30: a year, far off though it is
        _suspect(value, beside, found, codes)
    _with_their_company(found, codes)
    _judge_zero(values, counts, found)
    return found


def _with_their_company(found: Verdict, codes: tuple[float, ...]) -> None:
    """Where one of several codes side by side stands for no value, the others do."""
    if not any(value in codes for value in found.missing):
        return
    company = [value for value in found.suspected if value in codes and is_code(value)]
    found.missing += company
    for value in company:
        del found.suspected[value]


def _suspect(value: float, beside: Split, found: Verdict, codes: tuple[float, ...]) -> None:
    """Name a value that may stand for none, where many cells hold it."""
    others = f"({beside.low:,.6g} to {beside.high:,.6g})"
    if not 0.01 <= beside.share <= 0.95 or beside.distinct < 3:
        return
    if value < 0 <= beside.low:
        below = "a number below 0" if value in codes else "the only number below 0"
        found.suspected[value] = f"{beside.share:.1%} of the cells hold {value:g}, {below} among others {others}"
    elif beside.far:
        found.suspected[value] = f"{beside.share:.1%} of the cells hold {value:g}, far from all others {others}"


def _merged(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each value once: 9999 and 9999.0 are one."""
    distinct, places = np.unique(values, return_inverse=True)
    return distinct, np.bincount(places, weights=counts, minlength=len(distinct)).astype(np.int64)


def _without(value: float, values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values[values != value], counts[values != value]


def _beside(value: float, values: np.ndarray, counts: np.ndarray, codes: tuple[float, ...] = ()) -> Split | None:
    """None where no cell, or each, holds the value; `codes`: what no value is compared with, since it may be one."""
    if value not in values:
        return None  # as most: the rest would be in vain
    others = values[(values != value) & ~np.isin(values, codes)]
    if not len(others):
        return None
    share = counts[values == value].sum() / counts.sum()
    low, high = float(others[0]), float(others[-1])
    return Split(float(share), len(others), low, high, max(value - high, low - value))


MOST_CODES = 4  # 96, 97, 98 and 99: refused, does not know, does not apply, no answer


def _codes_side_by_side(values: np.ndarray, counts: np.ndarray) -> tuple[float, ...]:
    """Two to four numbers at an end of the range, far off all others, as a survey's 98 and 99 are, or -1 and -2."""
    for size in range(2, min(MOST_CODES, len(values) - 3) + 1):
        top, others = values[-size:], values[:-size]
        far = top[0] - others[-1] > 2 * (others[-1] - others[0])
        if far and _are_codes(top, counts[-size:], counts.sum()):
            return tuple(top.tolist())
        low, others = values[:size], values[size:]
        gap, width = others[0] - low[-1], others[-1] - others[0]
        far = gap > 2 * width or (low[-1] < 0 <= others[0] and gap > max(0.1 * width, np.diff(others).min()))
        if far and _are_codes(low, counts[:size], counts.sum()):
            return tuple(low.tolist())
    return ()


def _go_on_below(codes: tuple[float, ...], values: np.ndarray) -> bool:
    """Whether the codes are the next steps down but for 0, as -1 and -2 below 1 to 12 are, which may be floors as well."""
    others = values[~np.isin(values, codes)]
    if not codes or max(codes) > others[0]:
        return False
    return bool(others[0] - max(codes) <= 2 * np.diff(others).min())


def _are_codes(block: np.ndarray, counts: np.ndarray, total: int) -> bool:
    """Whether each is written as a code for no value is, and one at least is shared by many rows."""
    if (block != np.floor(block)).any() or counts.max() < max(5, 0.01 * total):
        return False
    return all(is_code(value) or value < 0 or value in (7, 8, 9) for value in block.tolist())


def _shared_ends(values: np.ndarray, counts: np.ndarray) -> list[float]:
    """Whole numbers at the ends of the range that many rows share."""
    if not len(values):
        return []
    enough = max(5, 0.01 * counts.sum())
    ends = [(float(values[0]), counts[0]), (float(values[-1]), counts[-1])]
    return [value for value, count in ends if value and value == int(value) and count >= enough]


def is_code(value: float) -> bool:
    """Whether people fill a field with this number where they have none."""
    return value in USUAL or _is_repeated(value) or _is_below_nines(value)


def _is_below_nines(value: float) -> bool:
    """97, 998: one of the last numbers of so many digits, of which a survey takes several."""
    digits = str(abs(int(value)))
    return len(digits) > 1 and set(digits[:-1]) == {"9"} and digits[-1] in "678"


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
