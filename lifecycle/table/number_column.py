"""A column of numbers: in which notation, with which sentinels, and what is to be said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lifecycle.table import cells, dates, evidence, notation, recognise, sentinels, vocabulary
from lifecycle.table.date_column import DAY_OF_YEAR, compact_dates, counted_moments
from lifecycle.table.draft import LEVELS, Draft, Untyped, plain_number, with_missing
from lifecycle.table.evidence import FileEvidence
from lifecycle.table.notation import Notation
from lifecycle.table.roles import entry
from lifecycle.table.texts import SMALL, Texts
from lifecycle.table.vocabulary import names_a_date


def number_draft(one: Untyped, texts: Texts, file: FileEvidence, least: float) -> Draft | None:
    if not one.forced and (_zero_padded(texts) or compact_dates(one.name, texts)):
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


def _number_forms(one: Untyped, texts: Texts, file: FileEvidence, least: float) -> recognise.NumberForms | None:
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
    if numbers < 2 and texts.different > 1:
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
    if texts.different <= SMALL:  # a cheap look first, where columns would cost more
        if not any(len(text) > 1 and text[0] == "0" and text.isdigit() for text in map(str.strip, texts.listed)):
            return False
    stripped = texts.distinct.str.strip()
    digits = stripped[stripped.str.isdigit().to_numpy(bool)]
    if len(digits) < 0.9 * texts.different:
        return False
    lengths = digits.str.len()
    padded = int((digits.str.startswith("0") & (lengths > 1)).sum())
    usual = lengths.value_counts(normalize=True)
    return padded > 0 and (usual.iloc[0] > 0.9 or padded > 0.05 * len(digits)) and usual.index[0] > 1


def field_of_number(one: Untyped, draft: Draft, file: FileEvidence) -> dict[str, Any]:
    """Keys of a number's field; sentinels become missing."""
    assert draft.values is not None
    values, texts = draft.values, draft.texts
    finite = np.isfinite(values)
    verdict = sentinels.Verdict() if "missingValues" in one.override else verdict_on(one, draft, file)
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
    _note_suspected(one, draft, verdict, keys["sentinels"])
    _note_lone(one, draft, finite & ~gone)
    if not one.forced and not one.is_target and (pair := _versions(texts)):
        draft.notes.append(
            f"it holds {pair[0]} and {pair[1]}, which are one number; if they are two, as of versions: {entry(one.name, type='string')}"
        )
    if whole and not one.forced and names_a_date(one.name) and abs(kept).min() > 9_999:
        shown = ", ".join(texts.plain_sample[:3])
        cure = entry(one.name, type="date", format="'%Y%m%d'")
        draft.notes.append(
            f"its name says that it holds dates, and its cells ({shown}) are read as numbers; if they are dates: {cure}, or '%m%d%Y'"
        )
        return keys
    counted = counted_moments(texts) if whole and not one.forced and not one.is_target else ""
    if counted == "epoch_ns" and not all(t.endswith("000") for t in texts.plain_sample):
        return keys  # the numbers of posts have as many digits, and all of them count
    if counted in dates.EPOCHS:
        draft.notes.append(
            f"its numbers could be moments ({counted}); if they are: {entry(one.name, type='datetime', format=counted)}"
        )
    elif counted == DAY_OF_YEAR and not vocabulary.is_id(one.name) and not vocabulary.is_numbered(one.name):
        cure = entry(one.name, type="date", format=f"'{DAY_OF_YEAR}'")
        draft.notes.append(
            f"its numbers ({', '.join(texts.plain_sample[:3])}) could be years with a day of the year; if they are: {cure}"
        )
    return keys


def _note_suspected(one: Untyped, draft: Draft, verdict: sentinels.Verdict, gone: list[str]) -> None:
    """Numbers that may stand for no value, in one line, since missingValues is one list; `gone`: the cells that do."""
    if not verdict.suspected:
        return
    cure = entry(one.name, missingValues=with_missing(one, *gone, *_as_written(draft, list(verdict.suspected))))
    whys = "; ".join(verdict.suspected.values())
    kept = "it is kept as a value; if it stands for none"
    if len(verdict.suspected) > 1:
        kept = "they are kept as values; if they stand for none"
    draft.notes.append(f"{whys}; {kept}: {cure}")


def _as_written(draft: Draft, values: list[float]) -> list[str]:
    """The texts of the cells that hold these numbers: 2147483647, which as a float would be shortened."""
    assert draft.values is not None
    return [text.strip() for text in draft.texts.at(np.flatnonzero(np.isin(draft.values, values)))]


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


def verdict_on(one: Untyped, draft: Draft, file: FileEvidence) -> sentinels.Verdict:
    """A target of few values has classes, and each of them is meant."""
    assert draft.values is not None
    if draft.verdict and not file.sentinels:
        return draft.verdict  # that of the column alone, which was asked for the file's sake
    finite = np.isfinite(draft.values)
    least = 11 if one.is_target else 3
    draft.verdict = sentinels.judge(draft.values[finite], draft.texts.counts[finite], least, file.sentinels)
    return draft.verdict


def _note_lone(one: Untyped, draft: Draft, kept: np.ndarray) -> None:
    assert draft.values is not None
    if not one.is_target:
        return
    found = sentinels.lone(draft.values[kept], draft.texts.counts[kept])
    if found:
        value, low, high = found
        draft.notes.append(
            f"one cell or two hold {value:g}, far outside all others ({low:g} to {high:g}); if that is a slip, mend the row, "
            f"or {entry(one.name, missingValues=with_missing(one, *_as_written(draft, [value])))} sets it aside"
        )
