"""A field as the Frictionless Table Schema has it, so that any tool of that standard reads the raw files as `clean` does.

`type` is the standard's type of what the cells of a column are; `format`, `missingValues`, `trueValues`, `falseValues`, `enum`,
`minimum` and `maximum` are as the files spell them. What is ours has keys that the standard leaves alone: `role`, `unit`,
`notation`, `reason`, `suspicion`, `spellings`, `was`, and

    kind      what the house takes the column for, where the standard has no such type: text, or an integer written 3.0
    formats   how the house reads dates, where `format` does not say it all
    levels    of a category, where the files spell some in other ways too (`enum` has all spellings)
    raw       where no key of the standard says how the cells are written (19M, 2h 50m, a date of a spreadsheet), or they are
              written in more than one way: `type` is then that of the cells once read, in data/clean.parquet, and
              data/datapackage.json, which describes the raw files, has this: texts of a pattern, or any
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import numpy as np

from lifecycle.table import cells, dates, notation
from lifecycle.table.contract import DATES, NUMBERS, Field
from lifecycle.table.notation import Notation
from lifecycle.table.texts import SMALL, Texts, spread

MAX_ENUM = 600  # spellings of levels that the contract lists
_TRIED = 1_000  # odd texts of a column that are read as the standard would
_AFFIX = re.compile(r"(^[^-\d]*)|(\D*$)")  # what bareNumber: false lets stand beside a number
_BETWEEN = re.compile(r"(?<=\d)[^\w.,:/-](?=\d{3}(?!\d))")
_WHOLE = re.compile(r"[ \t]*[-+]?[0-9]+[ \t]*")
_ISO_FORMS = (
    "%Y-%m-%d",
    "default",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
)
_ORDER = ("name", "role", "type", "kind", "raw", "format", "formats")
_FORMS = 40  # of the cells of a column, that a pattern lists
_READ = 50_000  # distinct texts whose form is looked at


def as_standard(spec: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """The field as data/contract.yaml has it. `spec`: as inference made it; `texts`: the column's filled cells."""
    out, kind = dict(spec), str(spec["type"])
    filled = texts.without({cells.fold(t) for t in spec["missingValues"]})
    if kind in NUMBERS:
        out |= _number(spec, filled)
    elif kind in DATES:
        out |= _date(spec, filled)
    elif kind == "text":
        out |= {"type": "string", "kind": "text"}
    out = _with_levels(out, filled)
    if "raw" in out and spec["role"] == "ignored":
        out |= {"type": "any", "kind": kind}  # no cell of it is read
        for key in ("raw", "format", "constraints"):
            out.pop(key, None)
    return {key: out[key] for key in (*_ORDER, *out) if key in out}


def raw_field(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A field of the contract in the schema of a raw file, which calls the column `name`: what the standard knows, alone."""
    kept = ("type", "format", "constraints", "missingValues", "trueValues", "falseValues")
    out = {"name": name} | {key: spec[key] for key in kept if key in spec}
    if spec["type"] in NUMBERS:
        out |= {key: spec[key] for key in ("decimalChar", "groupChar", "bareNumber") if key in spec}
    if "raw" in spec:
        out = {"name": name, "missingValues": spec["missingValues"]} | spec["raw"]
    if not out.get("constraints"):
        out.pop("constraints", None)
    return out


# ---- numbers ---------------------------------------------------------------------------------------------------


def _number(spec: Mapping[str, Any], filled: Texts) -> dict[str, Any]:
    """`type` and marks under which the standard reads each cell as we do, if there are such."""
    n = notation.of_field(Field.read(spec))
    kind = str(spec["type"])
    places = _picked(filled, ~filled.is_simple) if n.is_simple else _some(filled)
    odd, worth = filled.at(places), filled.some_numbers_in(n, places).tolist()
    for bare in (True, False):
        for group in dict.fromkeys((n.group, *_marks_between(odd))):
            if all(_agree(standard_number(t, n.decimal, group, bare), v) for t, v in zip(odd, worth, strict=True)):
                return _as_number(kind, filled, n, group, bare)
    return {"type": kind, "raw": _raw(filled, np.isfinite(filled.numbers_in(n)))}


def _as_number(kind: str, filled: Texts, n: Notation, group: str, bare: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"type": kind, "bareNumber": bare}
    if kind == "integer":
        places = _picked(filled, ~_are_whole(filled))
        odd, worth = filled.at(places), filled.some_numbers_in(n, places).tolist()
        whole = all(np.isnan(v) or standard_integer(t, bare) == v for t, v in zip(odd, worth, strict=True))
        if n.decimal != "." or group or not whole:
            out |= {"type": "number", "kind": "integer"}
    if group:
        out["groupChar"] = group
    if bare:
        del out["bareNumber"]
    return out


def _are_whole(filled: Texts) -> np.ndarray:
    """Mask of the texts that are digits and a sign; of few by Python, for which no column has to be made."""
    if filled.different <= SMALL:
        return np.array([_WHOLE.fullmatch(text) is not None for text in filled.listed], dtype=bool)
    return cells.matches(filled.distinct, f"^{_WHOLE.pattern}$")


def standard_number(cell: str, decimal: str, group: str, bare: bool) -> float | None:
    """What a tool of the standard makes of a cell; None where it calls it wrong."""
    text = cell.strip()
    if not bare:
        text = _AFFIX.sub("", text)
    text = text.replace(group, "") if group else text
    if decimal != "." and "." in text:
        return None
    try:
        return float(Decimal(text.replace(decimal, ".")))
    except (InvalidOperation, ValueError):
        return None


def standard_integer(cell: str, bare: bool) -> int | None:
    text = cell.strip()
    try:
        return int(text if bare else _AFFIX.sub("", text))
    except ValueError:
        return None


def _agree(standard: float | None, ours: float) -> bool:
    if standard is None or not np.isfinite(standard):
        return not np.isfinite(ours)
    return bool(standard == ours)


def _marks_between(texts: Sequence[str]) -> list[str]:
    """Blanks and apostrophes that part thousands."""
    return sorted({mark for text in texts for mark in _BETWEEN.findall(text)})


def _picked(filled: Texts, odd: np.ndarray) -> np.ndarray:
    """Places of the texts that are `odd`, or of some of them where they are very many."""
    return spread(np.flatnonzero(odd), min(_TRIED, filled.odd))


def _some(filled: Texts) -> np.ndarray:
    return spread(np.arange(filled.different), min(_TRIED, filled.odd))


# ---- dates -----------------------------------------------------------------------------------------------------


def _date(spec: Mapping[str, Any], filled: Texts) -> dict[str, Any]:
    """`format` under which the standard reads each cell as we do; bounds as the files write them."""
    formats = dates.of_field(Field.read(spec))
    texts = filled.at(_some(filled))
    moments = [dates.read(t, formats) for t in texts]
    kind = str(spec["type"])
    for form in (*(f for f in formats if f.startswith("%")), *(_ISO_FORMS if dates.ISO in formats else ()), "any"):
        if _same_moments([standard_date(t, form, kind) for t in texts], moments):
            out: dict[str, Any] = {"format": form} | _bounds(spec, filled, formats, form)
            break
    else:
        moments_of_all = filled.moments_in(formats)
        out = {"format": "any", "raw": _raw(filled, ~np.isnat(moments_of_all))}
    form = out["format"]
    alone = (form,) == formats or (formats == (dates.ISO,) and form in ("any", "default"))
    out["formats"] = list(formats)
    if alone:
        del out["formats"]
    return out


def _same_moments(standard: list[datetime | None], ours: list[datetime | None]) -> bool:
    """Whether both are the same; with a zone in all cells or in none, since bounds are compared with them."""
    if len({moment.tzinfo is None for moment in standard if moment}) > 1:
        return False
    return [_without_zone(moment) for moment in standard] == ours


def _without_zone(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _zone(_: str | None, seconds: int | None) -> timezone | None:
    """A zone by its hours; one that has a name alone would be the machine's own, or warned of."""
    return None if seconds is None else timezone(timedelta(seconds=seconds))


@lru_cache(maxsize=cells.REMEMBERED)
def standard_date(cell: str, form: str, kind: str) -> datetime | None:
    """What a tool of the standard makes of a cell; None where it calls it wrong."""
    from dateutil import parser  # pandas needs it too

    try:
        if form == "any":
            found = parser.parse(cell, tzinfos=_zone)
        elif form == "default" and kind == "date":
            found = datetime.strptime(cell, "%Y-%m-%d")
        elif form == "default":
            found = parser.isoparse(cell) if len(cell) >= 19 and cell[16] == ":" else None
        else:
            found = datetime.strptime(cell, form)
    except (ValueError, OverflowError):
        return None
    if found is None or kind == "datetime":
        return found
    return datetime(found.year, found.month, found.day)


def _bounds(spec: Mapping[str, Any], filled: Texts, formats: Sequence[str], form: str) -> dict[str, Any]:
    """The first and the last date, as the files write them; where `filled` is a sample, `spec` may know others."""
    moments = filled.moments_in(tuple(formats))
    good = np.flatnonzero(~np.isnat(moments))
    if not len(good):
        return {}
    known = spec.get("constraints") or {}
    out = {}
    for bound, at in (("minimum", np.argmin(moments[good])), ("maximum", np.argmax(moments[good]))):
        text, found = str(filled.distinct.iloc[good[at]]), moments[good[at]]
        whole = np.datetime64(known.get(bound, found), "s")
        beyond = whole < found.astype("datetime64[s]") if bound == "minimum" else whole > found.astype("datetime64[s]")
        out[bound] = _as_written(whole.item(), form) if beyond else text
    return {"constraints": out}


def _as_written(moment: datetime, form: str) -> str:
    return moment.strftime(form) if form.startswith("%") else moment.isoformat()


# ---- other cells ----------------------------------------------------------------------------------------------------


def _raw(filled: Texts, readable: np.ndarray) -> dict[str, Any]:
    """Texts in the forms of those that we read, where these are few and no other text has one of them; else any."""
    read = filled.distinct[readable].tolist()[:_READ]
    other = filled.distinct[~readable].tolist()
    for letters in ("word", r"[^\W\d_]+"):
        forms = {_form(str(text), letters) for text in read}
        pattern = f"({'|'.join(sorted(forms))})"
        if len(forms) <= _FORMS and not any(re.fullmatch(pattern, str(text)) for text in other):
            return {"type": "string", "constraints": {"pattern": pattern}}
    return {"type": "any"}


_PIECE = re.compile(r"(?P<digits>\d+)|(?P<letters>[^\W\d_]+)|(?P<mark>[^\w\s])|\s|_")


def _form(text: str, letters: str) -> str:
    """A pattern of the texts with digits at the same places; `letters`: the pattern of its words, "word" for themselves."""

    def piece(found: re.Match[str]) -> str:
        if found["digits"]:
            return r"\d+"
        if found["letters"] and letters != "word":
            return letters
        return f"\\{found[0]}" if found["mark"] else found[0]

    return _PIECE.sub(piece, text)


# ---- words -----------------------------------------------------------------------------------------------------


def _with_levels(out: dict[str, Any], filled: Texts) -> dict[str, Any]:
    """`enum` in all spellings of the files, where they are few enough to list."""
    levels = (out.get("constraints") or {}).get("enum")
    if not levels or out["type"] != "string":
        return out
    spelled = set(filled.at(np.arange(min(filled.different, MAX_ENUM + 1)))) | set(levels)
    if spelled == set(levels):
        return out
    constraints = {"enum": sorted(spelled)}
    if len(spelled) > MAX_ENUM:
        constraints = {}
    return out | {"constraints": constraints, "levels": levels}
