"""From text cells to fields: a type for each column, in the terms of the Frictionless Table Schema.

Two passes over the distinct texts: the first collects what the whole file shows (lifecycle.table.evidence), the second types
each column by it. What is decided, and what was not understood, is a note of the field.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.progress import shown
from lifecycle.table import cells, dates, evidence, notation, recognise, sentinels, units, vocabulary
from lifecycle.table.evidence import FileEvidence
from lifecycle.table.notation import Notation
from lifecycle.table.number_words import AMBIGUOUS, number_of
from lifecycle.table.texts import Texts, look_together, odd_texts

SAMPLE = 2_000  # distinct values looked at for a pattern; the share that fits is then counted on all
MAX_ENUM = 200  # more levels than this are not listed in the contract
MAX_WORDS = 5  # different words between numbers that may all say that there is none
CODED = 3  # columns that hold a number far from all others, which then stands for "no value"
NAMED = 0.8  # share of the cells that must be dates, where the name says so
SEVERAL = 4  # different texts, from which on their order may matter
MAX_BANDS = 40  # different ones; more are pairs of numbers
LEVELS = 10  # different numbers; beside one word, so few are levels, and the word is one more
NUMBERS, DATES = ("number", "integer"), ("date", "datetime")

_DATE_WORDS = frozenset(
    "date datum fecha data dato tarih pvm dátum dt datetime timestamp tag jour dia día giorno dag dob".split()
)
_TIME_WORDS = frozenset(
    "time timestamp ts epoch unixtime unix start end begin stop seen login posted registered created updated modified zeit zeitpunkt zeitstempel hora heure ora stamp moment when".split()
)
_SPANNED = frozenset("time zeit hora heure ora when moment start end begin stop seen".split())
_SPAN_WORDS = frozenset(
    "duration durations elapsed runtime laptime lap dauer laufzeit spielzeit fahrzeit durée duree duración duracion durata length finish split".split()
)
_MONTH_WORDS = frozenset("month period ym yearmonth yyyymm monat periode mois mes mese maand monthid month_id".split())


def words_of(name: str) -> list[str]:
    """`orderDate_utc` as order, date, utc."""
    parted = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", name)
    return [w.casefold() for w in re.findall(r"[^\W\d_]+", parted)]


def _without_to_date(words: list[str]) -> list[str]:
    """Sales to date are sums."""
    return words[:-2] if words[-2:] == ["to", "date"] else words


def names_a_date(name: str) -> bool:
    """Whether a word of the name is that for a date, and no other that may stand for one, such as data and day; year to date is none."""
    return any(
        w.endswith(("datum", "date", "fecha", "timestamp")) and not w.endswith(("update", "candidate", "mandate"))
        for w in _without_to_date(words_of(name))
    )


def says_date(name: str) -> bool:
    """Whether a column's name says that it holds dates."""
    words = _without_to_date(words_of(name))
    return names_a_date(name) or bool(_DATE_WORDS.intersection(words[:1] + words[-1:]))


def says_time(name: str) -> bool:
    words = words_of(name)
    return says_date(name) or bool(_TIME_WORDS.intersection(words)) or words[-1:] == ["at"]


def says_moment(name: str) -> bool:
    """Whether a name says that a number of days may be meant: not that of a time, which may be a span."""
    return says_date(name) or bool(_TIME_WORDS.intersection(words_of(name)) - _SPANNED)


# ---- all columns -------------------------------------------------------------------------------------------------------


@dataclass
class Draft:
    """What a column was found to be. `kind`: number, date, boolean, or "" where it is none of these. `words`: what stands
    for "no value" between numbers or dates."""

    texts: Texts
    kind: str = ""
    keys: dict[str, Any] = dataclasses.field(default_factory=dict)
    words: tuple[str, ...] = ()
    values: np.ndarray | None = None
    notation: Notation = dataclasses.field(default_factory=Notation)
    notes: list[str] = dataclasses.field(default_factory=list)


def infer_fields(
    frame: pd.DataFrame,
    define: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, Any]],
    target: str,
    delimiter: str = ",",
) -> list[dict[str, Any]]:
    """A field for each column of text cells, with `notes`; `columns` is the user's word from params.yaml, and wins.

    `delimiter`: what parts the cells in the files, which says something about the decimal mark; "" where nothing does.
    """
    return [field for field, _ in look(frame, define, columns, target, delimiter)]


def look(
    frame: pd.DataFrame,
    define: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, Any]],
    target: str,
    delimiter: str = ",",
) -> list[tuple[dict[str, Any], Texts]]:
    """The same, and the texts of each column's filled cells."""
    names = shown(frame.columns, "define: texts", frame.shape[1])
    odd = odd_texts(frame.shape[1])
    looked = {name: _Looked(name, frame[name], columns.get(name) or {}, name == target, odd) for name in names}
    look_together([one.texts for one in looked.values()])
    file = evidence.of_marks((one.texts for one in looked.values()), delimiter)
    typing = shown(looked.items(), "define: types", len(looked))
    drafts = {name: _draft(one, file, define) for name, one in typing}
    words = evidence.missing_words({name: d.words for name, d in drafts.items() if d.kind in ("number", "date")})
    file = replace(file, words=words, sentinels=_sentinels_of_file(drafts, looked))
    fields = []
    for name, one in looked.items():
        draft = drafts[name]
        if one.takes_words and one.texts.holds(_words_for(draft, file)):
            draft = _draft(one, file, define)
        fields.append((_field(one, draft, file, define), one.texts))
    return fields


class _Looked:
    """A column's cells, and what the user says of it."""

    def __init__(self, name: str, values: pd.Series, override: Mapping[str, Any], is_target: bool, odd: int) -> None:
        self.name, self.override, self.is_target = name, override, is_target
        tokens = cells.MISSING_TARGET if is_target else cells.MISSING
        if "missingValues" in override:
            tokens = frozenset(cells.fold(str(t)) for t in override["missingValues"]) | {""}
        self.tokens = tokens
        self.texts, self.seen = Texts.of(name, values, tokens, odd)

    @property
    def forced(self) -> str:
        return str(self.override.get("type") or "")

    @property
    def takes_words(self) -> bool:
        """Whether the file's words for "no value" go for this column."""
        return "missingValues" not in self.override and not self.is_target


def _sentinels_of_file(drafts: Mapping[str, Draft], looked: Mapping[str, _Looked]) -> dict[float, int]:
    """{number: columns in which it stands for "no value" beyond doubt}."""
    found: dict[float, int] = {}
    doubted: Counter[float] = Counter()
    for name, draft in drafts.items():
        if draft.kind == "number" and "missingValues" not in looked[name].override:
            verdict = _verdict(looked[name], draft, FileEvidence())
            for value in filter(None, verdict.missing):
                found[value] = found.get(value, 0) + 1
            doubted.update(value for value in verdict.suspected if sentinels.is_code(value))
    # one column's far 99 may be a value; three that have it, on a scale of 1 to 5, have a code
    return found | {value: count for value, count in doubted.items() if count >= CODED and value not in found}


def _words_for(draft: Draft, file: FileEvidence) -> frozenset[str]:
    """The file's words for "no value" as they go for a column: in a category, only those that never are a level."""
    if draft.kind in ("number", "date"):
        return frozenset()
    with_digits = not draft.texts.wordless and any(one is not None for one in draft.texts.numbers)
    return file.words if with_digits else file.words & evidence.UNKNOWN


# ---- one column ----------------------------------------------------------------------------------------------------------


def _draft(one: _Looked, file: FileEvidence, define: Mapping[str, Any]) -> Draft:
    """The type of a column's filled cells; words that say "no value" are set apart."""
    texts = one.texts
    words: list[str] = []
    if file.words and one.takes_words:
        words = texts.holds(_words_for(Draft(texts), file))
        texts = texts.without(words)
    if not texts.total:
        return Draft(texts, words=tuple(words))
    if not one.forced and not one.is_target and _are_codes(one, texts):
        return Draft(texts, words=tuple(words))
    draft = _with_number_words(one, texts, file, define) or _recognised(one, texts, file, define)
    if draft is None:
        return Draft(texts, words=tuple(words))
    draft.words = (*words, *draft.words)
    return draft


def _recognised(one: _Looked, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    draft = _looked_at(one, texts, file, define)
    if draft is None and one.forced in ("", *NUMBERS, *DATES):
        draft = _without_words(one, texts, file, define)
    if (
        draft is None
        and not one.forced
        and not one.is_target
        and (names_a_date(one.name) or "year" in words_of(one.name))
    ):
        # of what is named a date, the others are slips: 30 Feb, 23 -07-2008
        draft = _date(one, texts, file, min(NAMED, float(define["min_typed"])))
    return draft


def _with_number_words(one: _Looked, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    """Numbers between which some are written out: 25, forty, 60. Of words alone only the user says that they are numbers."""
    if one.forced not in ("", *NUMBERS) or texts.wordless:
        return None
    if not one.forced and not any(shape is not None for shape in texts.numbers):
        return None
    spelled = _number_words(texts)
    rest = texts.without(spelled)
    if not spelled:
        return None
    if one.forced and not rest.total:
        draft: Draft | None = Draft(texts, "number")
    else:
        draft = _recognised(one, rest, file, define) if rest.total else None
    if draft is None or draft.kind != "number":
        return None
    draft.notation = replace(draft.notation, words={**draft.notation.words, **spelled})
    draft.texts, draft.values = _with_words(draft, texts, draft.words)
    said = " and ".join(f'"{word}" ({value:g})' for word, value in list(spelled.items())[:3])
    count = int(texts.total - rest.total)
    draft.notes.append(f"{count} cells that say a number in words, such as {said}, are read as that number")
    return draft


def _number_words(texts: Texts) -> dict[str, float]:
    """{folded text: the number that it writes out}"""
    found = {units.key(t): number_of(t) for t in texts.sample if not any(c.isdigit() for c in t)}
    spelled = {word: value for word, value in found.items() if value is not None}
    return {} if AMBIGUOUS.issuperset(spelled) else spelled


_YEAR = re.compile(r"(19|20)\d\d")


def _are_codes(one: _Looked, texts: Texts) -> bool:
    """By the name; but a release may be a day or a year, and a postcode, such as 2018, is none."""
    if vocabulary.is_surely_code(one.name):
        return True
    return vocabulary.is_code(one.name) and not _are_days_or_years(texts)


def _are_days_or_years(texts: Texts) -> bool:
    """Whether (nearly) all cells are written-out dates or years: the release is of 3 May 2019, and no code."""
    if all(_YEAR.fullmatch(t) for t in texts.plain_sample):
        return True
    dated = [shape is not None and len(t) >= 8 for t, shape in zip(texts.plain_sample, texts.dates, strict=True)]
    return sum(dated) > 0.9 * len(dated)


def _without_words(one: _Looked, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    """Numbers or dates but for a few words, such as "unknown" or "never": these say that there is none."""
    words = texts.words(MAX_WORDS)
    rest = texts.without(words)
    clear = all(evidence.says_none(w) or w in units.FREE for w in words)
    if not words or rest.total <= (0.05 if clear else 0.5) * texts.total:
        return None
    draft = _looked_at(one, rest, file, define)
    if draft is None or draft.kind == "boolean":
        return None
    free = [w for w in words if w in units.FREE]
    if free and draft.kind == "number":
        draft.notation = replace(draft.notation, words=dict.fromkeys(free, 0.0))
        draft.texts, draft.values = _with_words(draft, texts, [w for w in words if w not in free])
        said = " and ".join(f'"{w}"' for w in free)
        draft.notes.append(f"{sum(words[w] for w in free)} cells that say {said} are read as 0")
        words = {w: c for w, c in words.items() if w not in free}
    few = len(rest.distinct) <= max(LEVELS, len(words))
    if few and not one.forced and not all(evidence.says_none(w) for w in words):
        return None  # 1, 2, 3 and "other" are four levels
    draft.words = tuple(sorted(words))
    return draft


def _with_words(draft: Draft, texts: Texts, gone: Iterable[str]) -> tuple[Texts, np.ndarray]:
    kept = texts.without(gone)
    return kept, notation.numbers(kept.distinct, draft.notation)


def _looked_at(one: _Looked, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    """The first of boolean, number and date that (nearly) all cells fit, or the forced one."""
    least = 0.0 if one.forced else float(define["min_typed"])
    for kind in _order(one, texts):
        if kind == "boolean":
            draft = _boolean(texts)
        elif kind == "date":
            draft = _date(one, texts, file, least)
        else:
            draft = _number(one, texts, file, least)
        if draft is not None:
            return draft
    return None


def _order(one: _Looked, texts: Texts) -> tuple[str, ...]:
    """The kinds to try, one after the other."""
    if one.forced:
        kind = {"integer": "number", "datetime": "date"}.get(one.forced, one.forced)
        return (kind,) if kind in ("number", "date", "boolean") else ()
    if one.is_target:
        return ("number",)  # a target's classes keep their own names
    if texts.simple:
        return "boolean", "number", "date"
    dated = sum(shape is not None for shape in texts.dates) > 0.5 * len(texts.sample)
    if dated and not _SPAN_WORDS.intersection(words_of(one.name)) and not _is_span(texts):
        return "boolean", "date", "number"
    return "boolean", "number", "date"


def _are_seasons(texts: Texts) -> bool:
    """2005-06, 2006-07, 2007-08: years, each with the next one, not the months of some."""
    return len(texts.sample) >= 3 and all(notation.is_season(notation.plain(t)) for t in texts.sample)


def _is_span(texts: Texts) -> bool:
    """Clocks that are durations: hours beyond a day's, or never two digits of them."""
    found = [re.fullmatch(r"(\d+):[0-5]\d(:[0-5]\d(?:[.,]\d+)?)?", notation.plain(t)) for t in texts.sample]
    if not any(found) or not all(found):
        return False
    hours = [int(m[1]) for m in found if m]
    with_seconds = all(m[2] for m in found if m)
    unpadded = all(len(m[1]) == 1 for m in found if m)
    return max(hours) > 23 or (with_seconds and unpadded and len(hours) >= 3)


# ---- booleans --------------------------------------------------------------------------------------------------------------


def _boolean(texts: Texts) -> Draft | None:
    folded = {cells.fold(v) for v in texts.sample[:100]}
    words = folded - {"0", "1", "0.0", "1.0"}
    if len(texts.distinct) > 20 or not words or not folded <= cells.TRUE | cells.FALSE:
        return None
    if not any(words <= yes | no for yes, no in cells.YES_NO):
        return None  # da, ja and no are languages; J, F, N and T are codes
    true, false = sorted(folded & cells.TRUE), sorted(folded & cells.FALSE)
    if not true or not false:
        return None
    return Draft(texts, "boolean", {"trueValues": texts.spelled(true), "falseValues": texts.spelled(false)})


# ---- numbers ---------------------------------------------------------------------------------------------------------------


def _number(one: _Looked, texts: Texts, file: FileEvidence, least: float) -> Draft | None:
    if not one.forced and (_zero_padded(texts) or _compact_dates(one.name, texts)):
        return None
    found = _number_forms(one, texts, file, least)
    if found is None:
        return None
    made = _as_the_user_says(found.notation, one.override)
    if notation.CLOCK in made.forms and _are_minutes(texts):
        made = replace(made, forms=made.forms - {notation.CLOCK} | {notation.SHORT_CLOCK})
    plain = texts.simple and made == Notation(".", made.group) and made.group != "."
    values = texts.simple_numbers if plain else texts.numbers_in(made)
    finite = np.isfinite(values)
    if texts.counts[finite].sum() < least * texts.total or not finite.any():
        return None
    if not one.forced and not _worth_a_number(texts, values, finite):
        return None
    return Draft(texts, "number", {}, (), values, made, list(found.remarks))


def _number_forms(one: _Looked, texts: Texts, file: FileEvidence, least: float) -> recognise.NumberForms | None:
    if texts.simple and texts.sample:
        return recognise.recognise_plain(one.name, texts.plain_sample, texts.marks, file.decimal, file.decimal_is_sure)
    if sum(shape is not None for shape in texts.numbers) < 0.5 * least * len(texts.sample):
        return None  # no need to try them all
    return recognise.recognise(
        one.name,
        texts.sample,
        texts.numbers,
        texts.sample_counts,
        texts.marks,
        file.decimal,
        file.decimal_is_sure,
        bool(one.forced),
    )


def _as_the_user_says(made: Notation, override: Mapping[str, Any]) -> Notation:
    said = {"decimalChar": "decimal", "groupChar": "group", "bareNumber": "bare", "unit": "unit"}
    return replace(made, **{said[key]: value for key, value in override.items() if key in said})


def _are_minutes(texts: Texts) -> bool:
    """45:30 without a third part, and more than a day's hours in front: minutes and seconds."""
    found = [re.fullmatch(r"(\d+):[0-5]\d", notation.plain(t)) for t in texts.sample]
    return all(found) and max((int(m[1]) for m in found if m), default=0) > 23


def _worth_a_number(texts: Texts, values: np.ndarray, finite: np.ndarray) -> bool:
    """False where the numbers would be a constant, or where what is no number is one word that many rows share: a level."""
    numbers = len(np.unique(values[finite]))
    if numbers < 2 and len(texts.distinct) > 1:
        return False
    if finite.all():
        return True
    stray = texts.distinct[~finite]
    folded = {cells.fold(str(t)) for t in stray}
    if len(folded) != 1 or numbers > LEVELS:
        return True
    word = next(iter(folded))
    return any(c.isdigit() for c in word) or evidence.says_none(word) or int(texts.counts[~finite].sum()) < 3


def _zero_padded(texts: Texts) -> bool:
    """Codes such as 00123: digits of one length, some with a leading zero."""
    if not any(len(text) > 1 and text[0] == "0" and text.isdigit() for text in map(str.strip, texts.listed)):
        return False  # a cheap look first
    stripped = texts.distinct.str.strip()
    digits = stripped[stripped.str.isdigit().to_numpy(bool)]
    if len(digits) < 0.9 * len(texts.distinct):
        return False
    lengths = digits.str.len()
    padded = int((digits.str.startswith("0") & (lengths > 1)).sum())
    usual = lengths.value_counts(normalize=True)
    return padded > 0 and (usual.iloc[0] > 0.9 or padded > 0.05 * len(digits)) and usual.index[0] > 1


def _field_of_number(one: _Looked, draft: Draft, file: FileEvidence) -> dict[str, Any]:
    """Keys of a number's field; sentinels become missing."""
    assert draft.values is not None
    values, texts = draft.values, draft.texts
    finite = np.isfinite(values)
    verdict = sentinels.Verdict() if "missingValues" in one.override else _verdict(one, draft, file)
    gone = finite & np.isin(values, verdict.missing)
    kept = values[finite & ~gone]
    if not len(kept):
        kept = values[finite]
    whole = bool(np.all(kept == np.floor(kept)))
    keys: dict[str, Any] = {"type": one.forced or ("integer" if whole else "number")}
    keys |= notation.as_keys(draft.notation)
    keys["sentinels"] = sorted(set(texts.at(np.flatnonzero(gone))))
    keys["constraints"] = {"minimum": plain_number(kept.min()), "maximum": plain_number(kept.max())}
    if gone.any():
        draft.notes.append(
            f"{int(texts.counts[gone].sum())} impossible cells ({', '.join(keys['sentinels'])}) are read as missing"
        )
    if draft.notation.words:
        verdict.suspected.pop(0.0, None)  # what costs nothing
    for value, why in verdict.suspected.items():
        draft.notes.append(
            f"{why}; it is kept as a value; if it stands for none: columns: {{{one.name}: {{missingValues: ['{value:g}']}}}}"
        )
    _note_lone(one, draft, finite & ~gone)
    if not one.forced and not one.is_target and (pair := _versions(texts)):
        draft.notes.append(
            f"it holds {pair[0]} and {pair[1]}, which are one number; if they are two, as of versions: columns: {{{one.name}: {{type: string}}}}"
        )
    if whole and not one.forced and names_a_date(one.name) and abs(kept).min() > 9_999:
        shown = ", ".join(texts.plain_sample[:3])
        draft.notes.append(
            f"its name says that it holds dates, and its cells ({shown}) are read as numbers; if they are dates: "
            f"columns: {{{one.name}: {{type: date, format: ...}}}}, such as %Y%m%d or %m%d%Y"
        )
        return keys
    counted = _counted_moments(texts) if whole and not one.forced and not one.is_target else ""
    if counted in dates.EPOCHS:
        draft.notes.append(
            f"its numbers could be moments ({counted}); if they are: columns: {{{one.name}: {{type: datetime, format: {counted}}}}}"
        )
    return keys


_TWO_NUMBERS = re.compile(r"\d{1,3}\.\d{1,2}")


def _versions(texts: Texts) -> tuple[str, str] | None:
    """(1.1, 1.10) where a column holds both: of measures all have as many digits, or none ends in a 0."""
    if not texts.simple or not all(_TWO_NUMBERS.fullmatch(t) for t in texts.plain_sample):
        return None
    met = set(texts.plain_sample)
    leads = {t.partition(".")[0] for t in met}
    if len(leads) > LEVELS or max(map(int, leads)) > 30:
        return None  # prices, some of them written 12.5
    if any(len(minor) == 2 and minor[0] == "0" for minor in (t.partition(".")[2] for t in met)):
        return None  # no version is 2.05
    doubled = sorted(t for t in met if t.endswith("0") and t[-3] == "." and t[:-1] in met)
    return (doubled[0][:-1], doubled[0]) if doubled else None


def _with_missing(one: _Looked, text: str) -> list[str]:
    """missingValues for params.yaml, where the user's list is all there is."""
    return [*filter(None, one.seen), text]


def _verdict(one: _Looked, draft: Draft, file: FileEvidence) -> sentinels.Verdict:
    """A target of few values has classes, and each of them is meant."""
    assert draft.values is not None
    finite = np.isfinite(draft.values)
    return sentinels.judge(draft.values[finite], draft.texts.counts[finite], 11 if one.is_target else 3, file.sentinels)


def _note_lone(one: _Looked, draft: Draft, kept: np.ndarray) -> None:
    assert draft.values is not None
    if not one.is_target:
        return
    found = sentinels.lone(draft.values[kept], draft.texts.counts[kept])
    if found:
        value, low, high = found
        draft.notes.append(
            f"one cell or two hold {value:g}, far outside all others ({low:g} to {high:g}); if that is a slip, mend the row, "
            f"or columns: {{{one.name}: {{missingValues: {_with_missing(one, f'{value:g}')}}}}} sets it aside"
        )


# ---- dates -----------------------------------------------------------------------------------------------------------------


def _date(one: _Looked, texts: Texts, file: FileEvidence, least: float) -> Draft | None:
    formats, doubt = _formats(one, texts, file, least)
    if not formats:
        return None
    parsed = texts.moments_in(formats)
    good = ~np.isnat(parsed)
    if texts.counts[good].sum() < least * texts.total or not good.any():
        return None
    gone = _open_ends(parsed, good) if "missingValues" not in one.override else np.zeros(len(good), dtype=bool)
    found = parsed[good & ~gone]
    if not one.forced and len(np.unique(found)) < 2 <= len(texts.distinct):
        return None
    timed = bool((found != found.astype("datetime64[D]")).any())
    keys: dict[str, Any] = {"type": one.forced or ("datetime" if timed else "date"), "format": formats[0]}
    if len(formats) > 1:
        keys["formats"] = list(formats[1:])
    keys["constraints"] = {"minimum": second(found.min()), "maximum": second(found.max())}
    notes = []
    if doubt:
        notes += _doubtful(one, texts, formats, doubt)
    if found.min() >= _FAR_AHEAD:
        notes.append(
            f"its years are {str(found.min())[:4]} to {str(found.max())[:4]}; if they are of another calendar, such as the Buddhist one "
            "(543 years ahead), bring them to the common one"
        )
    if any("%y" in form for form in formats):
        notes.append(
            "its years have two digits: 00 to 68 are read as 2000 to 2068, 69 to 99 as 1969 to 1999, so that they run from "
            f"{str(found.min())[:4]} to {str(found.max())[:4]}; where a century is wrong, write the years with four digits"
        )
    if len(formats) > 1:
        notes.append(f"its dates are written in {len(formats)} formats: {', '.join(formats)}")
    if formats[0] in (*dates.EPOCHS, dates.EXCEL):
        notes.append(
            f"its numbers are read as moments ({formats[0]}), such as {second(found[0])}; if they are not: columns: {{{one.name}: {{type: number}}}}"
        )
    if gone.any():
        keys["sentinels"] = sorted({str(t) for t in texts.distinct[gone]})
        notes.append(
            f"{int(texts.counts[gone].sum())} cells that hold no real date ({', '.join(keys['sentinels'])}) are read as missing"
        )
    notes += _early_end(one, texts, parsed, good & ~gone)
    return Draft(texts, "date", keys, (), parsed, Notation(), notes)


def _doubtful(one: _Looked, texts: Texts, formats: tuple[str, ...], doubt: str) -> list[str]:
    """A line on dates that two formats fit, with one that both do."""
    for text in texts.sample:
        taken = next((form for form in formats if form != dates.ISO and dates.read(text, (form,))), "")
        if taken and dates.read(text, (doubt,)) and not dates.read(text, (dates.ISO,)):
            return [
                f"dates such as {text.strip()} are read as {taken}, and would fit {doubt} as well (columns: {{{one.name}: {{format: ...}}}})"
            ]
    return []


def _open_ends(parsed: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Dates such as 9999-12-31 and 0001-01-01, where the others are of our time."""
    years = np.where(good, parsed.astype("datetime64[Y]").astype(np.int64) + 1970, 2000)
    odd = good & ((years >= 2999) | (years <= 1))
    return odd if (good & ~odd).any() else np.zeros(len(good), dtype=bool)


def _early_end(one: _Looked, texts: Texts, parsed: np.ndarray, good: np.ndarray) -> list[str]:
    """A line on a first date that many rows share, decades before all others: 1900-01-01, 1970-01-01."""
    distinct, places = np.unique(parsed[good], return_inverse=True)
    counts = np.bincount(places, weights=texts.counts[good])
    if (
        len(distinct) < 12
        or counts[0] < max(5, 0.01 * texts.total)
        or distinct[1] - distinct[0] < np.timedelta64(7300, "D")
    ):
        return []
    text = str(texts.distinct[good].iloc[int(np.argmin(parsed[good]))]).strip()
    return [
        f"{int(counts[0])} cells hold {text}, decades before all others; it is kept as a date; if it stands for none: "
        f"columns: {{{one.name}: {{missingValues: {_with_missing(one, text)}}}}}"
    ]


def second(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[s]"))


def _formats(one: _Looked, texts: Texts, file: FileEvidence, least: float) -> tuple[tuple[str, ...], str]:
    """(formats of a column, the rarest last; a format that fits as well)."""
    if one.override.get("format"):
        return (str(one.override["format"]),), ""
    if not one.forced and _are_seasons(texts):
        return (), ""
    numbers = _compact_dates(one.name, texts) or (_counted_moments(texts) if one.forced in DATES else "")
    if numbers in ("%d%m%Y", "%m%d%Y"):
        forms = _eight_digits(texts.plain_sample)
        return (forms[:1], forms[1]) if file.day_first is not False or not forms[1] else (forms[1:], "")
    if numbers:
        return (numbers,), ""
    if sum(shape is not None for shape in texts.dates) < max(0.5 * least, 1e-9) * len(texts.sample):
        return (), ""
    found = dates.recognise(texts.dates, texts.sample_counts, file.day_first)
    return (found.formats, found.doubt) if found else ((), "")


_FAR_AHEAD = np.datetime64("2200-01-01")
_PADDED_MONTH = re.compile(r"(0[1-9]|1[0-2])\.(19|20)\d\d")


def _compact_dates(name: str, texts: Texts) -> str:
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
    if not says_time(name):
        return ""
    return _counted_moments(texts) if says_moment(name) or min(lengths) >= 10 else ""


def _counted_moments(texts: Texts) -> str:
    """Seconds, milliseconds or microseconds since 1970, or days of a spreadsheet, by their size."""
    sample = [t.removesuffix(".0") for t in texts.plain_sample]
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
    month = any(w in _MONTH_WORDS for w in words_of(name)) or says_date(name)
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


# ---- the field ---------------------------------------------------------------------------------------------------------------


def _field(one: _Looked, draft: Draft, file: FileEvidence, define: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"name": one.name, "role": "target" if one.is_target else "feature"}
    gone: list[str] = []
    if draft.kind == "number":
        keys = _field_of_number(one, draft, file)
        gone = keys.pop("sentinels")
        out |= keys
    elif draft.kind:
        out |= {"type": draft.kind} | draft.keys
        gone = out.pop("sentinels", [])
    else:
        out["type"] = one.forced or _text_or_level(one, draft.texts, define)
    _note_words(one, draft)
    _note_unreadable(draft, out["type"])
    if not draft.kind and not one.forced:
        _note_not_understood(one, draft, file)
    asked = [str(t) for t in one.override.get("missingValues", ())]
    out["missingValues"] = sorted({"", *one.seen, *asked, *gone, *one.texts.spelled(draft.words)})
    out |= {k: v for k, v in one.override.items() if k not in ("role", "missingValues")}
    if out["type"] in DATES:
        out.setdefault("format", dates.ISO)
    if out["type"] == "boolean":
        for key, words in (("trueValues", cells.TRUE), ("falseValues", cells.FALSE)):
            meant = [cells.fold(_boolean_word(v)) for v in out.get(key, words)]
            out[key] = one.texts.spelled(meant) or [_boolean_word(v) for v in out.get(key, sorted(words))]
    if draft.notes:
        out["notes"] = draft.notes
    return out


def _boolean_word(value: Any) -> str:
    """YAML's true and false as texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_or_level(one: _Looked, texts: Texts, define: Mapping[str, Any]) -> str:
    if not texts.total or one.is_target or vocabulary.is_code(one.name):
        return "string"
    words = np.mean([len(t.split()) for t in texts.sample])
    many = len(texts.distinct) > max(20, define["max_levels"] * texts.total)
    if (many and words >= 2) or (words >= 4 and len(texts.distinct) > 50):
        return "text"
    return "string"


def _note_words(one: _Looked, draft: Draft) -> None:
    if not draft.words:
        return
    kind = {"number": "numbers", "date": "dates"}.get(draft.kind, "values")
    count = one.texts.total - one.texts.without(draft.words).total
    said = " and ".join(f'"{w}"' for w in draft.words)
    draft.notes.append(f"{count} cells that say {said} among {kind} are read as missing")


def _note_unreadable(draft: Draft, kind: str) -> None:
    """What is neither missing nor of the type is corrupt: how many cells, and three of them."""
    if draft.values is None:
        return
    wrong = ~np.isfinite(draft.values) if draft.kind == "number" else np.isnat(draft.values)
    if wrong.any():
        shown = ", ".join(repr(str(t)[:40]) for t in draft.texts.distinct[wrong][:3])
        count = int(draft.texts.counts[wrong].sum())
        draft.notes.append(f"{count} of its cells cannot be read as {kind} and count as corrupt, such as {shown}")


def _note_not_understood(one: _Looked, draft: Draft, file: FileEvidence) -> None:
    """A line for a column whose cells look like more than the texts it is taken for."""
    texts = draft.texts
    total = texts.sample_counts.sum() if len(texts.sample) else 0
    if not total or one.is_target:
        return
    shown = ", ".join(repr(t.strip()[:40]) for t in texts.sample[:3])
    if len(texts.distinct) >= SEVERAL and (order := _order_of(texts)):
        draft.notes.append(
            f"most of its cells look like {order} ({shown}), and their order is not read; if it matters, give them as numbers "
            "or dates in a column of their own"
        )
        return
    if len(texts.distinct) >= SEVERAL and all(number_of(t) is not None for t in texts.sample):
        draft.notes.append(
            f"its cells are numbers in words ({shown}), and it is taken for texts; if they are numbers: "
            f"columns: {{{one.name}: {{type: number}}}}"
        )
        return
    if code := _code_among(texts, file):
        draft.notes.append(
            f"{code[1]} of its cells hold {code[0]}, which stands for no value in other columns; it is kept as a level; if it stands for "
            f"none here too: columns: {{{one.name}: {{missingValues: {_with_missing(one, code[0])}}}}}"
        )
        return
    words = texts.words(MAX_WORDS)
    others = len(texts.sample) - len(texts.spelled(words))
    numbers = sum(shape is not None and not shape.words for shape in texts.numbers)
    if words and not file.words.issuperset(words) and others > LEVELS and numbers >= 0.9 * others:
        said = " and ".join(f'"{w}"' for w in texts.spelled(words))
        missing = [*filter(None, one.seen), *texts.spelled(words)]
        draft.notes.append(
            f"{sum(words.values())} of its cells say {said}, the others are numbers ({_some_numbers(texts)}), and all are taken for "
            f"texts; if that stands for none: columns: {{{one.name}: {{type: number, missingValues: {missing}}}}}"
        )
        return
    for kind, what in (("date", "dates"), ("number", "numbers")):
        if _would_be(one, texts, kind, file):
            like = texts.dates if kind == "date" else texts.numbers
            shown = ", ".join(repr(t.strip()[:40]) for t in _of_shape(texts, like))
            why = "codes, by its name" if vocabulary.is_code(one.name) else "texts"
            draft.notes.append(
                f"most of its cells look like {what} ({shown}), and it is taken for {why}; if it is {what}: "
                f"columns: {{{one.name}: {{type: {kind}}}}}"
            )
            return
    many = len(texts.distinct) > 20
    masks = {_mask(t) for t in texts.sample}
    numbered = all(_NUMBERED_NAME.fullmatch(mask) for mask in masks)
    few_forms = (many and len(masks) <= 10) or (len(masks) == 1 and len(texts.distinct) >= SEVERAL and not numbered)
    one_number = len(masks) == 1 and len(texts.distinct) > LEVELS and not _NAME_MASK.fullmatch(next(iter(masks)))
    if _share(texts, _is_list) > 0.5:
        draft.notes.append(
            f"most of its cells hold lists or records ({shown}), which are taken for texts; give each of their entries a column of its own, "
            f"or leave it out: problem.exclude: [{one.name}]"
        )
    elif few_forms and (
        one_number or _share(texts, _STARTS_WITH_NUMBER.match) > 0.5 or _share(texts, _SEVERAL_NUMBERS.fullmatch) > 0.5
    ):
        draft.notes.append(
            f"most of its cells hold numbers among other text ({shown}), which are not read; if they are measures, give each a "
            f"column of its own; if they only name a row: columns: {{{one.name}: {{role: id}}}}"
        )
    elif many and _share(texts, _is_code) > 0.5 and 0.5 * texts.total < len(texts.distinct) <= 0.95 * texts.total:
        draft.notes.append(
            f"most of its cells look like names of things ({shown}); if it only names a row: columns: {{{one.name}: {{role: id}}}}"
        )


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
    if _are_seasons(texts):
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


def _would_be(one: _Looked, texts: Texts, kind: str, file: FileEvidence) -> bool:
    """Whether most cells would be read, if the user said that they are of this kind."""
    shapes = texts.dates if kind == "date" else texts.numbers
    like = sum(int(c) for shape, c in zip(shapes, texts.sample_counts, strict=True) if shape is not None)
    if like <= 0.5 * texts.sample_counts.sum():
        return False
    if kind == "number" and len({core for shape in texts.numbers if shape for core in shape.cores}) < 3:
        return False  # 1.usa.gov among other names
    if kind == "date":
        formats = dates.recognise(texts.dates, texts.sample_counts, file.day_first)
        read = (
            ~np.isnat(dates.moments(texts.distinct, formats.formats))
            if formats
            else np.zeros(len(texts.distinct), bool)
        )
    else:
        found = recognise.recognise(
            one.name, texts.sample, texts.numbers, texts.sample_counts, texts.marks, file.decimal, True, True
        )
        if found is None or notation.MINUS_BEHIND in found.notation.forms:
            return False
        if notation.RANGE in found.notation.forms and len(texts.distinct) > recognise.MANY_RANGES:
            return False  # so many would have been taken for ranges, were they
        read = np.isfinite(notation.numbers(texts.distinct, found.notation))
    return bool(texts.counts[read].sum() > 0.5 * texts.total)


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


def infer_field(
    name: str, values: pd.Series, define: Mapping[str, Any], override: Mapping[str, Any], is_target: bool
) -> dict[str, Any]:
    """The field of one column by itself."""
    frame = pd.DataFrame({name: values})
    return infer_fields(frame, define, {name: override}, name if is_target else "")[0]


def plain_number(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


# ---- cells and levels ---------------------------------------------------------------------------------------


def filled_cells(values: pd.Series, field: Any) -> pd.Series:
    """The cells that are neither missing nor garbled."""
    gone = cells.is_token(values, field["missingValues"]) | cells.is_garbled(values)
    return values[~gone] if gone.any() else values


def as_name(field: dict) -> None:
    """An id is a name, whatever it is made of: as a number, one of 17 digits would lose its last."""
    field["type"] = "string"
    for key in (
        "constraints",
        "decimalChar",
        "groupChar",
        "bareNumber",
        "unit",
        "notation",
        "format",
        "formats",
        "trueValues",
        "falseValues",
    ):
        field.pop(key, None)


def level_counts(values: pd.Series) -> dict[str, int]:
    """{level: rows}, whatever its spelling."""
    counts: dict[str, int] = {}
    for text, count in values.value_counts().items():
        counts[cells.level(text)] = counts.get(cells.level(text), 0) + count
    return counts


def spellings(values: pd.Series) -> list[str]:
    """The levels of a category, each in its most frequent spelling, sorted."""
    return spellings_of({str(text): int(count) for text, count in values.value_counts().items()})


def spellings_of(texts: Mapping[str, int]) -> list[str]:
    """As `spellings`, of {text: rows}."""
    counts: dict[str, int] = {}
    for text, count in texts.items():
        counts[cells.tidy(text)] = counts.get(cells.tidy(text), 0) + count
    best: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda v: (-counts[v], v)):
        best.setdefault(cells.level(spelling), spelling)
    return sorted(best.values())
