"""From text cells to fields: a type for each column, in the terms of the Frictionless Table Schema.

Two passes over the distinct texts: the first collects what the whole file shows (lifecycle.table.evidence), the second types
each column by it. What is decided, and what was not understood, is a note of the field.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.progress import shown
from lifecycle.ground.scripts import words_in
from lifecycle.table import cells, dates, evidence, notation, sentinels, units, vocabulary
from lifecycle.table.date_column import compact_dates, date_draft, is_span
from lifecycle.table.draft import DATES, LEVELS, MAX_WORDS, NUMBERS, Draft, Untyped
from lifecycle.table.evidence import FileEvidence
from lifecycle.table.not_understood import note_not_understood, note_read_twice, note_words_for_none
from lifecycle.table.number_column import field_of_number, number_draft, verdict_on
from lifecycle.table.number_words import AMBIGUOUS, number_of
from lifecycle.table.texts import Texts, look_together, odd_texts
from lifecycle.table.vocabulary import SPAN_WORDS, names_a_date, words_of

MAX_ENUM = 200  # more levels than this are not listed in the contract
CODED = 3  # columns that hold a number far from all others, which then stands for "no value"
NAMED = 0.8  # share of the cells that must be dates, where the name says so

# ---- all columns -------------------------------------------------------------------------------------------------------


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
    looked = {name: Untyped(name, frame[name], columns.get(name) or {}, name == target, odd) for name in names}
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


def _sentinels_of_file(drafts: Mapping[str, Draft], looked: Mapping[str, Untyped]) -> dict[float, int]:
    """{number: columns in which it stands for "no value" beyond doubt}."""
    found: dict[float, int] = {}
    doubted: Counter[float] = Counter()
    for name, draft in drafts.items():
        if draft.kind == "number" and "missingValues" not in looked[name].override:
            verdict = verdict_on(looked[name], draft, FileEvidence())
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


def _draft(one: Untyped, file: FileEvidence, define: Mapping[str, Any]) -> Draft:
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


def _recognised(one: Untyped, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    draft = _days_or_zero(one, texts, file, define) or _looked_at(one, texts, file, define)
    if draft is None and one.forced in ("", *NUMBERS, *DATES):
        draft = _without_words(one, texts, file, define)
    if (
        draft is None
        and not one.forced
        and not one.is_target
        and (names_a_date(one.name) or "year" in words_of(one.name))
    ):
        # of what is named a date, the others are slips: 30 Feb, 23 -07-2008
        draft = date_draft(one, texts, file, min(NAMED, float(define["min_typed"])))
    return draft


def _days_or_zero(one: Untyped, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    """Days such as 20240131, and 0 or 00000000 where there is none."""
    if one.forced or not one.takes_words or not texts.simple or not {len(t) for t in texts.plain_sample} <= {1, 8}:
        return None
    zeros = sorted({"0", "00000000"}.intersection(texts.plain_sample))
    rest = texts.without(zeros)
    if not zeros or not rest.total or not compact_dates(one.name, rest):
        return None
    draft = date_draft(one, rest, file, float(define["min_typed"]))
    if draft is not None:
        draft.words = tuple(zeros)
    return draft


def _with_number_words(one: Untyped, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
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


def _are_codes(one: Untyped, texts: Texts) -> bool:
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


def _without_words(one: Untyped, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
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
    few = rest.different <= max(LEVELS, len(words))
    if few and not one.forced and not all(evidence.says_none(w) for w in words):
        return None  # 1, 2, 3 and "other" are four levels
    draft.words = tuple(sorted(words))
    return draft


def _with_words(draft: Draft, texts: Texts, gone: Iterable[str]) -> tuple[Texts, np.ndarray]:
    kept = texts.without(gone)
    return kept, notation.numbers(kept.distinct, draft.notation)


def _looked_at(one: Untyped, texts: Texts, file: FileEvidence, define: Mapping[str, Any]) -> Draft | None:
    """The first of boolean, number and date that (nearly) all cells fit, or the forced one."""
    least = 0.0 if one.forced else float(define["min_typed"])
    for kind in _order(one, texts):
        if kind == "boolean":
            draft = _boolean(texts)
        elif kind == "date":
            draft = date_draft(one, texts, file, least)
        else:
            draft = number_draft(one, texts, file, least)
        if draft is not None:
            return draft
    return None


def _order(one: Untyped, texts: Texts) -> tuple[str, ...]:
    """The kinds to try, one after the other."""
    if one.forced:
        kind = {"integer": "number", "datetime": "date"}.get(one.forced, one.forced)
        return (kind,) if kind in ("number", "date", "boolean") else ()
    if one.is_target:
        return ("number",)  # a target's classes keep their own names
    if texts.simple:
        return "boolean", "number", "date"
    dated = sum(shape is not None for shape in texts.dates) > 0.5 * len(texts.sample)
    if dated and not SPAN_WORDS.intersection(words_of(one.name)) and not is_span(texts):
        return "boolean", "date", "number"
    return "boolean", "number", "date"


# ---- booleans --------------------------------------------------------------------------------------------------------------


# a letter, and what says the opposite of the same thing
_PARTNERS = {
    "t": frozenset("f false falso falsch 0 0.0".split()),
    "f": frozenset("t true vero verdadero verdadeiro wahr vrai 1 1.0".split()),
    "y": cells.FALSE - frozenset("f false off".split()),
    "n": cells.TRUE - frozenset("t true on".split()),
}


def _has_its_partner(letter: str, folded: set[str]) -> bool:
    """Whether the other answer stands there too, as N beside Y: F has said what N would beside T."""
    partners = _PARTNERS.get(letter)
    return partners is None or not partners.isdisjoint(folded)


def _boolean(texts: Texts) -> Draft | None:
    if texts.different > 20:
        return None
    folded = {cells.fold(v) for v in texts.sample[:100]}
    words = folded - {"0", "1", "0.0", "1.0"}
    if not words or not folded <= cells.TRUE | cells.FALSE:
        return None
    if not any(words <= yes | no for yes, no in cells.YES_NO):
        return None  # da, ja and no are languages; J, F, N and T are codes
    if not all(_has_its_partner(letter, folded) for letter in words if len(letter) == 1):
        return None  # T, F and N: a test that was not done, perhaps
    true, false = sorted(folded & cells.TRUE), sorted(folded & cells.FALSE)
    if not true or not false:
        return None
    return Draft(texts, "boolean", {"trueValues": texts.spelled(true), "falseValues": texts.spelled(false)})


# ---- the field ---------------------------------------------------------------------------------------------------------------


def _field(one: Untyped, draft: Draft, file: FileEvidence, define: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"name": one.name, "role": "target" if one.is_target else "feature"}
    gone: list[str] = []
    if draft.kind == "number":
        keys = field_of_number(one, draft, file)
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
        note_not_understood(one, draft, file)
        note_words_for_none(one, draft)
        note_read_twice(draft)
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


def _text_or_level(one: Untyped, texts: Texts, define: Mapping[str, Any]) -> str:
    if not texts.total or one.is_target or vocabulary.is_code(one.name):
        return "string"
    words = np.mean([words_in(t) for t in texts.sample])
    many = texts.different > max(20, define["max_levels"] * texts.total)
    if (many and words >= 2) or (words >= 4 and texts.different > 50):
        return "text"
    return "string"


def _note_words(one: Untyped, draft: Draft) -> None:
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


def infer_field(
    name: str, values: pd.Series, define: Mapping[str, Any], override: Mapping[str, Any], is_target: bool
) -> dict[str, Any]:
    """The field of one column by itself."""
    frame = pd.DataFrame({name: values})
    return infer_fields(frame, define, {name: override}, name if is_target else "")[0]
