"""A column of dates: in which formats, and what is to be said of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from lifecycle.table import dates, notation
from lifecycle.table.draft import DATES, Draft, Untyped, second, with_missing
from lifecycle.table.evidence import FileEvidence
from lifecycle.table.notation import Notation
from lifecycle.table.roles import entry
from lifecycle.table.texts import Texts
from lifecycle.table.vocabulary import MONTH_WORDS, says_date, says_moment, says_time, words_of


def date_draft(one: Untyped, texts: Texts, file: FileEvidence, least: float) -> Draft | None:
    formats, doubt = _formats(one, texts, file, least)
    if not formats:
        return None
    parsed = texts.moments_in(formats)
    good = ~np.isnat(parsed)
    if texts.counts[good].sum() < least * texts.total or not good.any():
        return None
    gone = _open_ends(parsed, good) if "missingValues" not in one.override else np.zeros(len(good), dtype=bool)
    found = parsed[good & ~gone]
    if not one.forced and len(np.unique(found)) < 2 <= texts.different:
        return None
    timed = bool((found != found.astype("datetime64[D]")).any())
    keys: dict[str, Any] = {"type": one.forced or ("datetime" if timed else "date"), "format": formats[0]}
    if len(formats) > 1:
        keys["formats"] = list(formats[1:])
    keys["constraints"] = {"minimum": second(found.min()), "maximum": second(found.max())}
    notes = []
    if doubt:
        notes += _doubtful(one, texts, formats, doubt)
    other = "the Buddhist one (543 years ahead)" if found.min() >= _FAR_AHEAD else ""
    if found.max() < _FAR_BACK:
        other = "the Persian or the Islamic one (some 600 years behind)"
    if other:
        notes.append(
            f"its years are {str(found.min())[:4]} to {str(found.max())[:4]}; if they are of another calendar, such as {other}, "
            "bring them to the common one"
        )
    if any("%y" in form for form in formats):
        notes.append(
            "its years have two digits: 00 to 68 are read as 2000 to 2068, 69 to 99 as 1969 to 1999, so that they run from "
            f"{str(found.min())[:4]} to {str(found.max())[:4]}; where a century is wrong, write the years with four digits"
        )
    if len(formats) > 1:
        notes.append(f"its dates are written in {len(formats)} formats: {', '.join(formats)}")
    if formats[0] in (*dates.EPOCHS, dates.EXCEL, DAY_OF_YEAR):
        notes.append(
            f"its numbers are read as moments ({formats[0]}), such as {second(found[0])}; if they are not: {entry(one.name, type='number')}"
        )
    if gone.any():
        keys["sentinels"] = sorted({str(t) for t in texts.distinct[gone]})
        notes.append(
            f"{int(texts.counts[gone].sum())} cells that hold no real date ({', '.join(keys['sentinels'])}) are read as missing"
        )
    notes += _shared_ends(one, texts, parsed, good & ~gone)
    return Draft(texts, "date", keys, (), parsed, Notation(), notes)


def _doubtful(one: Untyped, texts: Texts, formats: tuple[str, ...], doubt: str) -> list[str]:
    """A line on dates that two formats fit, with one that both do."""
    for text in texts.sample:
        taken = next((form for form in formats if form != dates.ISO and dates.read(text, (form,))), "")
        if taken and dates.read(text, (doubt,)) and not dates.read(text, (dates.ISO,)):
            return [
                f"dates such as {text.strip()} are read as {taken}, and would fit {doubt} as well ({entry(one.name, format=repr(doubt))})"
            ]
    return []


def _open_ends(parsed: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Dates such as 9999-12-31 and 0001-01-01, where the others are of our time."""
    years = np.where(good, parsed.astype("datetime64[Y]").astype(np.int64) + 1970, 2000)
    odd = good & ((years >= 2999) | (years <= 1))
    return odd if (good & ~odd).any() else np.zeros(len(good), dtype=bool)


def _shared_ends(one: Untyped, texts: Texts, parsed: np.ndarray, good: np.ndarray) -> list[str]:
    """A line on a first date that many rows share, decades before all others (1900-01-01, 1970-01-01), and on such a last one
    (2099-12-31)."""
    distinct, places = np.unique(parsed[good], return_inverse=True)
    counts = np.bincount(places, weights=texts.counts[good])
    if len(distinct) < 12:
        return []
    notes = []
    for end, beside, where in ((0, 1, "before"), (-1, -2, "after")):
        far = abs(distinct[beside] - distinct[end]) >= np.timedelta64(7300, "D")
        if not far or counts[end] < max(5, 0.01 * texts.total):
            continue
        text = str(texts.distinct[good][parsed[good] == distinct[end]].iloc[0]).strip()
        notes.append(
            f"{int(counts[end])} cells hold {text}, decades {where} all others; it is kept as a date; if it stands for none: "
            f"{entry(one.name, missingValues=with_missing(one, text))}"
        )
    return notes


def _formats(one: Untyped, texts: Texts, file: FileEvidence, least: float) -> tuple[tuple[str, ...], str]:
    """(formats of a column, the rarest last; a format that fits as well)."""
    if one.override.get("format"):
        return (str(one.override["format"]),), ""
    if not one.forced and are_seasons(texts):
        return (), ""
    numbers = compact_dates(one.name, texts) or (counted_moments(texts) if one.forced in DATES else "")
    if numbers in ("%d%m%Y", "%m%d%Y"):
        forms = _eight_digits(texts.plain_sample)
        return (forms[:1], forms[1]) if file.day_first is not False or not forms[1] else (forms[1:], "")
    if numbers:
        return (numbers,), ""
    if sum(shape is not None for shape in texts.dates) < max(0.5 * least, 1e-9) * len(texts.sample):
        return (), ""
    found = dates.recognise(texts.dates, texts.sample_counts, file.day_first)
    if found is None or (not one.forced and not says_time(one.name) and all("%j" in form for form in found.formats)):
        return (), ""  # 2021-280 may be the 280th file of the year as well
    return found.formats, found.doubt


DAY_OF_YEAR = "%Y%j"
_FAR_AHEAD, _FAR_BACK = np.datetime64("2200-01-01"), np.datetime64("1600-01-01")
_PADDED_MONTH = re.compile(r"(0[1-9]|1[0-2])\.(19|20)\d\d")


def compact_dates(name: str, texts: Texts) -> str:
    """The format of numbers that are dates: 20240131, 202401311530, seconds since 1970, days of a spreadsheet; "" for others."""
    sample = [t.removesuffix(".0") for t in texts.plain_sample]
    lengths = {len(t) for t in sample}
    if all(_PADDED_MONTH.fullmatch(t) for t in sample) and any(t[0] == "0" for t in sample):
        return "%m.%Y"
    if not all(t.isascii() and t.isdigit() for t in sample):
        return dates.EXCEL if says_moment(name) and _are_serials(sample) else ""
    if lengths == {12} or lengths == {14}:
        form = "%Y%m%d%H%M" + ("%S" if lengths == {14} else "")
        return form if _fit(sample, form) > 0.99 else ""
    if lengths == {8}:
        sure = says_date(name) or len(set(sample)) >= 20 and len({t[:6] for t in sample}) >= 3
        return _eight_digits(sample)[0] if sure else ""
    if lengths == {6}:
        return _six_digits(name, sample)
    if says_time(name) and are_days_of_years(sample):
        return DAY_OF_YEAR
    if not says_time(name):
        return ""
    return counted_moments(texts) if says_moment(name) or min(lengths) >= 10 else ""


def are_days_of_years(sample: list[str]) -> bool:
    """Whether numbers are a year with the day that is counted in it, 2021280, and more of them than chance explains."""
    return {len(t) for t in sample} == {7} and len(set(sample)) >= 12 and _fit(sample, DAY_OF_YEAR) > 0.99


def counted_moments(texts: Texts) -> str:
    """Seconds, milli-, micro- or nanoseconds since 1970, or days of a spreadsheet, by their size; or the days of years."""
    sample = [t.removesuffix(".0") for t in texts.plain_sample]
    if all(t.isascii() and t.isdigit() for t in sample) and are_days_of_years(sample):
        return DAY_OF_YEAR
    if all(t.isdigit() for t in sample):
        for form, scale in dates.EPOCHS.items():
            if np.mean([2.5e14 <= int(t) * scale <= 2.6e15 for t in sample]) > 0.99:  # 1977 to 2052
                return form
    return dates.EXCEL if _are_serials(sample) else ""


def _are_serials(sample: list[str]) -> bool:
    others = 0
    for text in sample:
        others += not 18_000 <= notation.number(text) <= 60_000  # 1949 to 2064
        if others >= 0.01 * len(sample):
            return False
    return bool(sample)


def _eight_digits(sample: list[str]) -> tuple[str, str]:
    """(the format of 20240131, 31012024 or 01312024, "" for none; another one that fits as well)."""
    fits = [form for form in ("%Y%m%d", "%d%m%Y", "%m%d%Y") if _fit(sample, form) > 0.99]
    return (fits[0] if fits else ""), (fits[1] if fits[1:] else "")


def _six_digits(name: str, sample: list[str]) -> str:
    """202401 is a month of a year; 310124 a day, where the name says so."""
    month = any(w in MONTH_WORDS for w in words_of(name)) or says_date(name)
    if (month or len(set(sample)) >= 12) and _fit(sample, "%Y%m") > 0.99:
        return "%Y%m"
    if says_date(name):
        order = dates.order_of_six(sample)
        if _fit(sample, order) > 0.99:
            return order
    return ""


def _fit(sample: list[str], form: str) -> float:
    """The share of texts that are dates between 1900 and 2100."""
    found = [dates.read(t, (form,)) for t in sample]
    return float(np.mean([moment is not None and 1900 <= moment.year <= 2100 for moment in found]))


def are_seasons(texts: Texts) -> bool:
    """2005-06, 2006-07, 2007-08: years, each with the next one, not the months of some."""
    return len(texts.sample) >= 3 and all(notation.is_season(notation.plain(t)) for t in texts.sample)


def is_span(texts: Texts) -> bool:
    """Clocks that are durations: hours beyond a day's, or never two digits of them."""
    found = [re.fullmatch(r"(\d+):[0-5]\d(:[0-5]\d(?:[.,]\d+)?)?", notation.plain(t)) for t in texts.sample]
    if not any(found) or not all(found):
        return False
    hours = [int(m[1]) for m in found if m]
    with_seconds = all(m[2] for m in found if m)
    unpadded = all(len(m[1]) == 1 for m in found if m)
    return max(hours) > 23 or (with_seconds and unpadded and len(hours) >= 3)
