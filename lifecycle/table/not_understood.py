"""A line for a column whose cells look like more than the texts that it is taken for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from lifecycle.table import dates, notation, recognise, vocabulary
from lifecycle.table.date_column import are_seasons
from lifecycle.table.draft import LEVELS, MAX_WORDS, Draft, Untyped, with_missing
from lifecycle.table.evidence import FileEvidence
from lifecycle.table.number_words import number_of
from lifecycle.table.roles import as_list, entry, written
from lifecycle.table.targets import labels_of_a_feature
from lifecycle.table.texts import Texts

SEVERAL = 4  # different texts, from which on their order may matter
MOST_SETS = 1_000  # different texts, among which sets of labels are looked for
MAX_BANDS = 40  # different ones; more are pairs of numbers


def note_not_understood(one: Untyped, draft: Draft, file: FileEvidence) -> None:
    """A line for a column whose cells look like more than the texts it is taken for."""
    texts = draft.texts
    total = texts.sample_counts.sum() if len(texts.sample) else 0
    if not total or one.is_target:
        return
    shown = ", ".join(repr(t.strip()[:40]) for t in texts.sample[:3])
    if orders := _both_orders(texts):
        draft.notes.append(
            f"some of its dates have the day first, such as {orders[0]}, and some the month, such as {orders[1]}, so that it is taken for "
            "texts; write them in one way, best as 2024-05-31"
        )
        return
    if _are_dates_in_words(texts):
        draft.notes.append(
            f"most of its cells look like dates with words for the months that are not known ({shown}), and it is taken for texts; to have "
            "them read, write them as 2024-05-31"
        )
        return
    if texts.different >= SEVERAL and (order := _order_of(texts)):
        draft.notes.append(
            f"most of its cells look like {order} ({shown}), and their order is not read; if it matters, give them as numbers "
            "or dates in a column of their own"
        )
        return
    if texts.different >= SEVERAL and all(number_of(t) is not None for t in texts.sample):
        draft.notes.append(
            f"its cells are numbers in words ({shown}), and it is taken for texts; if they are numbers: "
            f"{entry(one.name, type='number')}"
        )
        return
    if code := _code_among(texts, file):
        draft.notes.append(
            f"{code[1]} of its cells hold {code[0]}, which stands for no value in other columns; it is kept as a level; if it stands for "
            f"none here too: {entry(one.name, missingValues=with_missing(one, code[0]))}"
        )
        return
    words = texts.words(MAX_WORDS)
    others = len(texts.sample) - len(texts.spelled(words))
    units = {shape.words for shape in texts.numbers if shape and shape.words}
    numbers = sum(shape is not None and (not shape.words or len(units) == 1) for shape in texts.numbers)
    if words and not file.words.issuperset(words) and others > LEVELS and numbers >= 0.9 * others:
        said = " and ".join(f'"{w}"' for w in texts.spelled(words))
        missing = with_missing(one, *texts.spelled(words))
        draft.notes.append(
            f"{sum(words.values())} of its cells say {said}, the others are numbers ({_some_numbers(texts)}), and all are taken for "
            f"texts; if that stands for none: {entry(one.name, type='number', missingValues=missing)}"
        )
        return
    for kind, what in (("date", "dates"), ("number", "numbers")):
        if _would_be(one, texts, kind, file):
            like = texts.dates if kind == "date" else texts.numbers
            shown = ", ".join(repr(t.strip()[:40]) for t in _of_shape(texts, like))
            why = "codes, by its name" if vocabulary.is_code(one.name) else "texts"
            draft.notes.append(
                f"most of its cells look like {what} ({shown}), and it is taken for {why}; if it is {what}: "
                f"{entry(one.name, type=kind)}"
            )
            return
    example, labels = (
        labels_of_a_feature(texts.sample, texts.sample_counts) if len(texts.sample) <= MOST_SETS else ("", [])
    )
    if labels:
        draft.notes.append(
            f"several labels stand in a cell (such as {example[:40]!r}): {len(labels)} labels in {texts.different} combinations, each of "
            f"which is taken for a level of its own; to learn from each label, add a column for each that says yes or no, in the file or in "
            f"custom/features.py"
        )
        return
    many = texts.different > 20
    masks = {_mask(t) for t in texts.sample}
    numbered = all(_NUMBERED_NAME.fullmatch(mask) for mask in masks)
    few_forms = (many and len(masks) <= 10) or (len(masks) == 1 and texts.different >= SEVERAL and not numbered)
    one_number = len(masks) == 1 and texts.different > LEVELS and not _NAME_MASK.fullmatch(next(iter(masks)))
    if _share(texts, _is_list) > 0.5:
        draft.notes.append(
            f"most of its cells hold lists or records ({shown}), which are taken for texts; give each of their entries a column of its own, "
            f"or leave it out: problem.exclude: [{written(one.name)}]"
        )
    elif few_forms and (
        one_number or _share(texts, _STARTS_WITH_NUMBER.match) > 0.5 or _share(texts, _SEVERAL_NUMBERS.fullmatch) > 0.5
    ):
        draft.notes.append(
            f"most of its cells hold numbers among other text ({shown}), which are not read; if they are measures, give each a "
            f"column of its own; if they only name a row: {entry(one.name, role='id')}"
        )
    elif many and _share(texts, _is_code) > 0.5 and 0.5 * texts.total < texts.different <= 0.95 * texts.total:
        draft.notes.append(
            f"most of its cells look like names of things ({shown}); if it only names a row: {entry(one.name, role='id')}"
        )


_TITLED = re.compile(r"[A-Z][a-z]+")
_TWO_CAPITALS = re.compile(r"[A-Z]{2}")


def note_words_for_none(one: Untyped, draft: Draft) -> None:
    """A line where what is read as missing may be a level or a name: None among Milk and Nuts, NA among DE and FR, Nan among Ada and Bo."""
    texts = draft.texts
    if not texts.total or "missingValues" in one.override:
        return
    if one.is_target:
        _note_lost_answers(one, draft)
        return
    codes = _share(texts, lambda t: _TWO_CAPITALS.fullmatch(t.strip())) > 0.9
    titled = _share(texts, lambda t: t.strip()[:1].isupper()) > 0.9
    found = [word for word in one.seen if _may_be_a_level(word.strip(), codes, titled)]
    if not found or not any(c.isalpha() for t in texts.sample[:50] for c in t):
        return
    said = " and ".join(f'"{word.strip()}"' for word in found)
    kept = [word for word in one.seen if word.strip() and word not in found]
    cure = entry(one.name, missingValues=as_list(["", *kept]))
    draft.notes.append(f"cells that say {said} are read as missing; if that is a value of its own: {cure}")


def _note_lost_answers(one: Untyped, draft: Draft) -> None:
    """A line where a word for missing stands among the target's classes, since its rows are left out: NA beside EU and APAC."""
    words = [word for word in one.seen if any(c.isalpha() for c in word)]
    if not words or draft.kind:
        return
    said = " and ".join(f'"{word.strip()}"' for word in words)
    kept = [word for word in one.seen if word.strip() and word not in words]
    cure = entry(one.name, missingValues=as_list(["", *kept]))
    draft.notes.append(
        f"rows that say {said} are read as without an answer and set aside; if that is a class of its own: {cure}"
    )


def note_read_twice(draft: Draft) -> None:
    """A line on texts that were UTF-8 and were read as something else before they came here: `CÃ¡ceres`."""
    for text in draft.texts.sample:
        if again := _read_once(text):
            draft.notes.append(
                f"its texts, such as {text.strip()[:40]!r}, were read in a wrong encoding before they were written to the file "
                f"({again.strip()[:40]!r} is meant, it seems); export the table anew"
            )
            return


def _read_once(text: str) -> str:
    """The text that was read as western Europe's, though it is UTF-8; "" for others."""
    if text.isascii():
        return ""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return ""


def _may_be_a_level(word: str, codes: bool, titled: bool) -> bool:
    if word.casefold() in ("none", "nil"):
        return True
    if word == "NA":
        return codes  # Namibia, North America
    return titled and word in ("Na", "Nan", "Null", "Missing") and _TITLED.fullmatch(word) is not None


def _some_numbers(texts: Texts) -> str:
    return ", ".join(t.strip()[:20] for t in _of_shape(texts, texts.numbers))


def _of_shape(texts: Texts, shapes: list[Any]) -> list[str]:
    """Three of the texts that have a shape."""
    return [t for t, shape in zip(texts.sample, shapes, strict=True) if shape is not None][:3]


def _code_among(texts: Texts, file: FileEvidence) -> tuple[str, int] | None:
    """(the number between words that stands for "no value" in other columns, its cells); None where other numbers are there."""
    bare = [at for at, shape in enumerate(texts.numbers) if shape is not None and not shape.words]
    if len(bare) != 1:
        return None
    text = texts.sample[bare[0]].strip()
    if notation.number(text) not in file.sentinels:
        return None
    return text, int(texts.sample_counts[bare[0]])


_ROMAN = re.compile(r"(?=[IVXLC])(?:X?L|L?X{0,3}|XC)(?:I[XV]|V?I{0,3})\.?")
_PERIOD = re.compile(
    r"(?:(?:FY|AY|GJ|SJ|Q|KW|CW|WK|W|wk|week|Woche|semaine|semana) ?'?\d{1,4}|H ?[12]|T ?[1-4]|S ?[12])(?:[ /-]?'?\d{2,4})?|[1-4][QH] ?'?\d{2,4}"
    r"|(?:19|20)\d\d ?[-/]? ?(?:H|Q|S|T|P|K|KW|W)\d{1,2}",
    re.I,
)
_RANKED = re.compile(r"\d{1,3}(?:st|nd|rd|th|e|er|\.)? ?[-/]? ?[^\W\d_]{2,12}|\d{1,3} [^\W\d_]{1,6} \d{1,3}")


_MONTH_AND_NUMBER = re.compile(r"\d{1,2}[-/ ][^\W\d_]{3,9}\.?|[^\W\d_]{3,9}\.?[-/ ]\d{1,2}")


def _is_month_and_number(text: str) -> bool:
    """Sep-63, 3-Feb."""
    word = re.sub(r"[\d\W]", "", text).casefold()
    return word in dates.MONTHS and _MONTH_AND_NUMBER.fullmatch(text) is not None


_DATE_IN_WORDS = re.compile(
    r"(?:\D{1,12} )?(?P<day>\d{1,2})[. /-]{1,2}(?P<month>[^\d\s.,/-]{2,}(?:\.[^\d\s.,/-]+)?)[.,]?[ /-](?P<year>\d{4})\D{0,4}"
    r"|(?P<year2>\d{4})\D{1,4}(?P<month2>[^\d\s.,/-]{2,})[ /-](?P<day2>\d{1,2})\D{0,4}"
)


def _both_orders(texts: Texts) -> tuple[str, str] | None:
    """(a date whose day stands first, one whose month does), where there are many of both, written alike."""
    if not texts.are_dates:
        return None
    found: dict[tuple[str, bool], list[str]] = {}
    for text, one in zip(texts.sample, texts.dates, strict=True):
        if one is None or len(one.parts) != 2 or not 12 < max(one.parts) <= 31 or min(one.parts) > 12:
            continue
        found.setdefault((one.form, one.parts[0] > 12), []).append(text.strip())
    for (form, is_first), examples in found.items():
        others = found.get((form, False), [])
        if is_first and min(len(examples), len(others)) > 0.1 * len(texts.sample):
            return examples[0], others[0]
    return None


FIRST = 10  # texts
MOST_MONTHS = 36  # words for months, of which some are shortened or declined


def _are_dates_in_words(texts: Texts) -> bool:
    """5. rujna 2021: a day, one of few words that come again and again, and a year."""
    if len(texts.sample) < SEVERAL:
        return False
    if not any(_DATE_IN_WORDS.fullmatch(notation.plain(t)) for t in texts.sample[:FIRST]):
        return False  # a cheap look first
    found = [_DATE_IN_WORDS.fullmatch(notation.plain(t)) for t in texts.sample]
    matches = [m for m in found if m]
    if len(matches) < 0.9 * len(found):
        return False
    months = {(m["month"] or m["month2"]).casefold() for m in matches}
    days = [int(m["day"] or m["day2"]) for m in matches]
    years = [int(m["year"] or m["year2"]) for m in matches]
    in_a_year = all(1300 <= year <= 2700 for year in years) and max(years) - min(years) < 150
    return 3 <= len(months) <= MOST_MONTHS and 2 * len(months) <= len(matches) and max(days) <= 31 and in_a_year


_COUNTED = re.compile(r"([^\w\s])\1*[☆✩○]*")  # ★★★☆☆, $$$
_BAND = re.compile(r"[\[(] ?-?[\d.]+ ?(?:[,;–-]|to) ?-?(?:[\d.]+|inf|∞) ?[\])]")  # [10-20), (0.5, 10.0]
_NUMBERED = re.compile(
    r"\d{1,2} ?[-.:)=] ?[^\W\d].*"  # 1 - disagree
    r"|(?:x|levels?|lvl|lv|grade|stage|step|tier|phase|rank|class|year|klasse|stufe|grad|rang|nivel|niveau|grado|livello|уровень|day|month|season|"
    r"wave|round|period|semester|term|tag|monat|jahr|welle|runde|jour|mois|année|vague|mes|día|ronda|dia|mese|giorno|anno|fase|месяц|день)[ .:_-]*\d{1,3}",
    re.I,
)


def _order_of(texts: Texts) -> str:
    """What the texts are, where they have an order that is lost in levels: "" for others."""
    if are_seasons(texts):
        return "years, each with the next one"
    for form, what in ((_ROMAN, "Roman numerals"), (_PERIOD, "periods of time")):
        if all(form.fullmatch(notation.plain(t)) for t in texts.sample):
            return what
    plain = [notation.plain(t) for t in texts.sample]
    if all(_NUMBERED.fullmatch(t) for t in plain):
        return "numbered levels"
    if all(_is_month_and_number(t) for t in plain):
        return "months, with a day or a year"
    if all(_COUNTED.fullmatch(t) for t in plain) and len({t[0] for t in plain} - set("☆✩○")) == 1:
        return "marks that are counted"
    if len(plain) <= MAX_BANDS and all(_BAND.fullmatch(t) for t in plain):
        return "bands of numbers"
    alike = len({_mask(t) for t in texts.sample}) == 1
    return "numbers of something" if alike and all(_RANKED.fullmatch(notation.plain(t)) for t in texts.sample) else ""


_STARTS_WITH_NUMBER = re.compile(
    r"\s*(?:[^\W\d_]{1,4}\.? |[^\w\s] ?)\d|\s*[-+~<>=(]?\s?(?:[^\W\d_]{0,2}[$€£¥₹₽₩₺₫฿]|[A-Z]{3} )?\s?\d"
)


# POINT (-73.95 40.79), (52.1, 4.3)
_SEVERAL_NUMBERS = re.compile(r"\D*\d+\.\d+\D+\d+\.\d+\D*")


def _mask(text: str) -> str:
    """The text with # for its numbers: 120/80 is #/#."""
    return re.sub(r"\d+(?:[.,]\d+)*", "#", notation.plain(text))


def _share(texts: Texts, holds: Callable[[str], Any]) -> float:
    """The share of cells of which `holds` is true."""
    found = sum(int(c) for t, c in zip(texts.sample, texts.sample_counts, strict=True) if holds(t))
    return found / texts.sample_counts.sum()


def _would_be(one: Untyped, texts: Texts, kind: str, file: FileEvidence) -> bool:
    """Whether most cells would be read, if the user said that they are of this kind."""
    shapes = texts.dates if kind == "date" else texts.numbers
    like = sum(int(c) for shape, c in zip(shapes, texts.sample_counts, strict=True) if shape is not None)
    if like <= 0.5 * texts.sample_counts.sum():
        return False
    if kind == "number" and len({core for shape in texts.numbers if shape for core in shape.cores}) < 3:
        return False  # 1.usa.gov among other names
    if kind == "date":
        if (vocabulary.is_id(one.name) or vocabulary.is_numbered(one.name)) and _are_days_of_years(texts):
            return False  # 2021-280 is the 280th file of the year
        formats = dates.recognise(texts.dates, texts.sample_counts, file.day_first)
        read = _of_our_time(texts, formats.formats) if formats else np.zeros(texts.different, bool)
    else:
        found = recognise.recognise(
            one.name, texts.sample, texts.numbers, texts.sample_counts, texts.marks, file.decimal, True, True
        )
        if found is None or notation.MINUS_BEHIND in found.notation.forms:
            return False
        if notation.RANGE in found.notation.forms and texts.different > recognise.MANY_RANGES:
            return False  # so many would have been taken for ranges, were they
        read = np.isfinite(notation.numbers(texts.distinct, found.notation))
    return bool(texts.counts[read].sum() > 0.5 * texts.total)


def _of_our_time(texts: Texts, formats: tuple[str, ...]) -> np.ndarray:
    """Mask of the distinct texts that are moments of the years 1200 to 2700, in whatever calendar; 01111001 is rather eight bits."""
    moments = dates.moments(texts.distinct, formats)
    years = np.where(np.isnat(moments), 0, moments.astype("datetime64[Y]").astype(np.int64) + 1970)
    return (years >= 1200) & (years <= 2700)


def _are_days_of_years(texts: Texts) -> bool:
    return all("%j" in shape.form for shape in texts.dates if shape is not None)


_NAME_MASK = re.compile(r"[^\W\d_]{0,8}[-_.#:/]?\#[A-Za-z]?|[^#]*")  # P001, USW-27589: a name, and no measure


_NUMBERED_NAME = re.compile(r"[^\W\d_]+ \#")  # ward 3


def _is_list(text: str) -> bool:
    """['a', 'b'] and {"a": 1}"""
    text = text.strip()
    return len(text) > 2 and text[0] + text[-1] in ("[]", "{}") and any(c.isalpha() for c in text)


def _is_code(text: str) -> bool:
    """Letters or marks and digits without a blank: B-0017, 3f2a-11."""
    text = text.strip()
    return " " not in text and any(c.isdigit() for c in text) and len(text) > 3
