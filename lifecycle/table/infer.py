"""From text cells to fields: a type, a role and a reason for each column, in the terms of the Frictionless Table Schema.

Source of the terms: Table Schema (name, type, format, missingValues, trueValues, falseValues, decimalChar, groupChar,
bareNumber, constraints). `role` is ours: feature, target, id, group, time, ignored.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table import cells

SAMPLE = 2_000  # distinct values looked at for a pattern; the share that fits is then counted on all
MAX_ENUM = 200  # more levels than this are not listed in the contract
ID_NAME = re.compile(r"(?i:(^|[_\s.-])(id|ids|uuid|guid|key|identifier|index))$|[a-z](Id|ID|UUID|Uuid|Key)$", re.ASCII)
# what a table's writer puts before the first column when asked for none: the number of the row
INDEX_NAME = re.compile(r"(unnamed(_\d+|: \d+)?|index|row_?names?|rownum)$", re.I)
NUMBER_NAME = re.compile(
    r"(^|[_\s.-])(no|nr|num|number|code|ref|row|order|ticket|invoice)$|[a-z](No|Nr|Number)$", re.ASCII
)
BIRTH_NAME = re.compile(r"birth|dob|geburt|naissance|expir|due|valid", re.IGNORECASE)
DATE_NAME = re.compile(r"date|day|datum|(^|_)dt($|_)", re.IGNORECASE)
# numbers that only name something: their order and distance mean nothing
CODE_NAME = re.compile(
    r"(^|[_\s.-])((zip|plz|fips|sku|ean|isbn|phone|postleitzahl)([_\s.-]|$)|code$)|(zip|post|postal)[_\s.-]?code$|[a-z]Code$",
    re.I,
)
# one person's or one household's rows are alike, however many there are
ORDER_NAME = re.compile(r"(invoice|order|basket|session|transaction|booking)[_\s.-]?(no|nr|num|number|id)$", re.I)
PERSON_NAME = re.compile(
    r"^((customer|client|user|patient|person|member|household|student|pupil|employee|kunden?|patienten)[_\s.-]?(id|no|nr|num|number|code|key)"
    r"|(customer|client|user|subject|subj|patient|participant|respondent|individual)([_\s.-]?id)?|pid(num)?)$",
    re.I,
)
# what instruments and people write for "no value"
SENTINELS = [9999.0, 99999.0, 999999.0, -9999.0, -99999.0, -999.0, 999.0, -99.0, -1.0, 9999999.0]


def infer_field(
    name: str, values: pd.Series, define: dict[str, Any], override: dict[str, Any], is_target: bool
) -> dict:
    """The field of one column of text cells; `override` is the user's word from params.yaml and wins."""
    tokens = cells.MISSING_TARGET if is_target else cells.MISSING
    if "missingValues" in override:
        tokens = {cells.fold(str(t)) for t in override["missingValues"]} | {""}
    absent = cells.is_token(values, tokens)
    filled = values[~(absent | cells.is_garbled(values))]
    seen = sorted({cells.fold(v) for v in values[absent].unique()})
    field: dict[str, Any] = {"name": name, "role": "target" if is_target else "feature"}
    field |= _typed(name, filled, define, override.get("type"), is_target)
    if "missingValues" in override:
        seen = sorted(set(seen) | tokens)
    field["missingValues"] = sorted({*seen, "", *field.pop("sentinels", [])})
    field |= {k: v for k, v in override.items() if k not in ("role", "missingValues")}
    if field["type"] in ("date", "datetime"):
        field.setdefault("format", "ISO8601")
    if field["type"] == "boolean":
        field["trueValues"] = [str(v).lower() for v in field.get("trueValues", sorted(cells.TRUE))]
        field["falseValues"] = [str(v).lower() for v in field.get("falseValues", sorted(cells.FALSE))]
    return field


def _typed(name: str, filled: pd.Series, define: dict, forced: str | None, is_target: bool) -> dict[str, Any]:
    """{type, ...} of the cells that are not missing."""
    unique = [str(v) for v in filled.unique()]
    if not unique:
        return {"type": forced or "string"}
    if not forced and not is_target and CODE_NAME.search(name):
        return {"type": "string"}
    found = _looked(name, filled, unique, define, forced, is_target)
    wordy = (
        not found and sum(not any(c.isdigit() for c in v) for v in unique[:1000]) < 10
    )  # no need to look at them all
    words = {v for v in unique if not any(c.isdigit() for c in v)} if wordy else set()
    if 1 <= len({cells.fold(w) for w in words}) <= 2 and len(unique) > 10 + len(words):
        # numbers or dates but for one word, such as "unknown" or "never": it says that there is none
        rest = filled[~filled.isin(words)]
        if len(rest) > 0.5 * len(filled):
            found = _looked(name, rest, [v for v in unique if v not in words], define, forced, is_target)
            if found:
                folded = sorted({cells.fold(w) for w in words})
                found["sentinels"] = folded + found.get("sentinels", [])
                said = " and ".join(f'"{w}"' for w in folded)
                found.setdefault(
                    "note",
                    f"{len(filled) - len(rest)} cells that say {said} among {found['type']}s are read as missing",
                )
    if found:
        return found | ({"type": forced} if forced else {})
    if forced:
        return {"type": forced}
    return {"type": "text"} if _is_text(unique, len(filled), define) and not is_target else {"type": "string"}


def _looked(
    name: str, filled: pd.Series, unique: list[str], define: dict, forced: str | None, is_target: bool
) -> dict | None:
    """The first of boolean, number and date that (nearly) all cells fit, or the forced one."""
    sample = unique[:: max(1, len(unique) // SAMPLE)][:SAMPLE]
    for kind, look in (("boolean", _boolean), ("number", _number), ("date", _date)):
        if forced and kind != {"integer": "number", "datetime": "date"}.get(forced, forced):
            continue
        if is_target and kind in ("boolean", "date"):
            continue  # a target's classes keep their own names
        found = look(name, filled, unique, sample, 0.0 if forced else define["min_typed"], is_target)
        if found:
            return found
    return None


# ---- types ------------------------------------------------------------------------------------------------


def _boolean(
    name: str, filled: pd.Series, unique: list[str], sample: list[str], least: float, is_target: bool
) -> dict | None:
    folded = {cells.fold(v) for v in unique[:100]}
    words = folded - {"0", "1", "0.0", "1.0"}
    if len(unique) > 20 or not words or not folded <= cells.TRUE | cells.FALSE:
        return None
    true, false = sorted(folded & cells.TRUE), sorted(folded & cells.FALSE)
    return {"type": "boolean", "trueValues": true, "falseValues": false} if true and false else None


def _number(
    name: str, filled: pd.Series, unique: list[str], sample: list[str], least: float, is_target: bool
) -> dict | None:
    if _zero_padded(unique):
        return None
    form = _number_format(sample, filled.value_counts().reindex(sample).to_numpy())
    like = [cells.number(v, form["groupChar"], form["bareNumber"], form["unit"]) for v in sample]
    if np.isfinite(like).mean() < 0.5 * least:
        return None  # no need to try them all
    parsed = cells.numbers(filled, form["decimalChar"], form["groupChar"], form["bareNumber"], form["unit"])
    if DATE_NAME.search(name) and np.mean((parsed >= 19000101) & (parsed <= 21001231) & (parsed % 100 <= 31)) > 0.99:
        return None  # 20240131 is a date
    finite = parsed[np.isfinite(parsed)]
    if len(finite) < least * len(filled) or not len(finite):
        return None
    whole = bool(np.all(finite == np.floor(finite)))
    found: dict[str, Any] = {"type": "integer" if whole else "number"}
    found |= {
        k: v for k, v in form.items() if v != {"decimalChar": ".", "groupChar": "", "bareNumber": True, "unit": ""}[k]
    }
    # a target of few values has classes, and each of them is meant
    odd = impossible(finite, least=11 if is_target else 3)
    if odd:
        kept = finite[~np.isin(finite, odd)]
        found["sentinels"] = sorted(
            {
                cells.fold(v)
                for v in unique
                if cells.number(v, form["groupChar"], form["bareNumber"], form["unit"]) in odd
            }
        )
        found["note"] = (
            f"{len(finite) - len(kept)} impossible cells ({', '.join(found['sentinels'])}) are read as missing"
        )
        finite = kept
        if np.all(finite == np.floor(finite)):
            found["type"] = "integer"
    found["constraints"] = {"minimum": _plain(finite.min()), "maximum": _plain(finite.max())}
    return found


def _number_format(sample: list[str], counts: np.ndarray) -> dict[str, Any]:
    """decimalChar, groupChar, bareNumber and unit under which most of the sample, met `counts` times each, are numbers."""
    bare = (
        np.mean(
            [
                np.isnan(cells.number(v)) and np.isnan(cells.number(v, ",")) and np.isnan(cells.number(v, "."))
                for v in sample
            ]
        )
        < 0.1
    )
    usual = ""
    if not bare:  # one unit around nearly all of them; where "8 GB" and "512 MB" are both usual, neither is the number
        units = pd.Series(counts).groupby([cells.unit(v) or "" for v in sample]).sum()
        usual = str(units.idxmax())
        bare = not usual or units[usual] < 0.9 * counts.sum()
    text = [v.strip() if bare or not (parts := cells.split_unit(v)) else parts[1] for v in sample]
    both_point = sum(
        bool(re.fullmatch(r"[-+(]?\d{1,3}(,\d{3})+\.\d+\)?|[-+(]?\d{1,3}(,\d{3}){2,}\)?", v)) for v in text
    )
    both_comma = sum(
        bool(re.fullmatch(r"[-+(]?\d{1,3}(\.\d{3})+,\d+\)?|[-+(]?\d{1,3}(\.\d{3}){2,}\)?", v)) for v in text
    )
    comma = [v for v in text if re.fullmatch(r"[-+(]?\d+,\d+\)?", v)]
    grouped = [v for v in comma if re.fullmatch(r"[-+(]?[1-9]\d{0,2},\d{3}\)?", v)]
    form = {"decimalChar": ".", "groupChar": "", "bareNumber": bool(bare), "unit": "" if bare else usual}
    if both_comma > both_point:
        return form | {"decimalChar": ",", "groupChar": "."}
    if both_point or (comma and len(grouped) == len(comma)):
        return form | {"groupChar": ","}
    if comma and not any("." in v for v in text):
        return form | {"decimalChar": ","}
    return form  # a lone comma is then read as a decimal mark, cell by cell


def _zero_padded(unique: list[str]) -> bool:
    """Codes such as 00123: digits of one length, some with a leading zero."""
    digits = [v.strip() for v in unique if v.strip().isdigit()]
    if len(digits) < 0.9 * len(unique):
        return False
    padded = sum(len(v) > 1 and v[0] == "0" for v in digits)
    lengths = pd.Series([len(v) for v in digits]).value_counts(normalize=True)
    return padded > 0 and (lengths.iloc[0] > 0.9 or padded > 0.05 * len(digits)) and lengths.index[0] > 1


def _date(
    name: str, filled: pd.Series, unique: list[str], sample: list[str], least: float, is_target: bool
) -> dict | None:
    form = cells.date_format(sample[:300], max(least - 0.05, 0.01), day_first=_day_first(sample))
    if form is None and DATE_NAME.search(name) and all(re.fullmatch(r"(19|20)\d{6}(\.0)?", v.strip()) for v in sample):
        form = "%Y%m%d"
    if form is None:
        return None
    parsed = cells.dates(filled, form)
    good = parsed[~np.isnat(parsed)]
    if len(good) < least * len(filled) or not len(good):
        return None
    timed = bool((good != good.astype("datetime64[D]")).any())
    bounds = {"minimum": str(good.min().astype("datetime64[s]")), "maximum": str(good.max().astype("datetime64[s]"))}
    found = {"type": "datetime" if timed else "date", "format": form, "constraints": bounds}
    halves = [re.match(r"\s*(\d\d?)[/-](\d\d?)[/-]\d", v) for v in sample]
    if all(halves) and max(int(m.group(k)) for m in halves for k in (1, 2)) <= 12:
        other = form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
        found["note"] = (
            f"dates such as {sample[0].strip()} are read as {form}, and would fit {other} as well (columns: {{{name}: {{format: ...}}}})"
        )
    return found


def _day_first(sample: list[str]) -> bool:
    """03/04/2024: the day, unless some second number is above 12; where both read, points and dashes mean day first."""
    pairs = [re.match(r"\s*(\d{1,2})[/-](\d{1,2})[/-]", v) for v in sample]
    first = [int(m.group(1)) for m in pairs if m]
    second = [int(m.group(2)) for m in pairs if m]
    return not (second and max(second) > 12 and max(first) <= 12)


def _is_text(unique: list[str], n: int, define: dict) -> bool:
    words = np.mean([len(v.split()) for v in unique[:SAMPLE]])
    return len(unique) > max(20, define["max_levels"] * n) and words >= 2 or (words >= 4 and len(unique) > 50)


def impossible(finite: np.ndarray, least: int = 3) -> list[float]:
    """Values that stand for "no value": a sentinel far outside all others, or rare zeros in a measurement. Only where
    at least `least` other values are left, since 0 and 999, or -1 and 1, are two codes that both mean something.

    A sentinel is one of the usual numbers, or a whole number at the end of the range that many rows share.
    """
    found: list[float] = []
    values, counts = np.unique(finite, return_counts=True)
    shared = [
        float(v)
        for v, c in ((values[0], counts[0]), (values[-1], counts[-1]))
        if v and v == int(v) and c >= max(5, 0.01 * len(finite))
    ]
    rest = finite
    for sentinel in [*SENTINELS, *shared]:
        hit = rest == sentinel
        others = rest[~hit]
        if (
            not hit.any()
            or hit.mean() > 0.5
            or len(np.unique(others)) < (least if sentinel in SENTINELS else max(least, 11))
        ):
            continue
        low, high = others.min(), others.max()
        spread, gap = high - low, max(sentinel - high, low - sentinel)
        # the one negative number among others that cannot be: -999 grams, -200 degrees below
        lonely_minus = sentinel < 0 <= low and hit.mean() < 0.2 and (sentinel <= -99 or low > 0)
        if gap > 2 * spread or (lonely_minus and gap > 0.1 * spread):
            found.append(sentinel)
            rest = others
    zero = rest == 0
    others = rest[~zero]
    measured = len(others) and others.min() > 0 and not np.all(others == np.floor(others))
    if zero.any() and measured and zero.mean() < 0.01 and others.min() > 0.25 * np.median(others):
        found.append(0.0)  # a length or weight of nothing
    return found


# ---- roles ------------------------------------------------------------------------------------------------


def filled_cells(values: pd.Series, field: dict) -> pd.Series:
    """The cells that are neither missing nor garbled."""
    return values[~(cells.is_token(values, field["missingValues"]) | cells.is_garbled(values))]


def assign_role(field: dict, values: pd.Series) -> None:
    """Set role and reason of a column that is not the target, from its text cells."""
    filled = filled_cells(values, field)
    n, distinct = len(filled), filled.nunique()
    name, kind = field["name"], field["type"]
    if n == 0:
        _set(field, "ignored", "every cell is missing")
    elif n == len(values) and distinct <= 3 and len(level_counts(filled)) == 1:
        # one value and blanks is a tick in a box, and may say much
        _set(field, "ignored", "constant: the same value in each row")
    elif kind in ("string", "integer") and distinct >= 10 and n / distinct >= 1.2 and PERSON_NAME.search(name):
        _group_or_id(field, n, distinct)
    elif kind == "string":
        wordy = filled.iloc[:SAMPLE].str.strip().str.contains(" ").mean() > 0.5
        if distinct > 0.95 * n and n > 20 and not wordy:
            _set(field, "id", f"{distinct} different texts in {n} rows")
        elif ID_NAME.search(name) and distinct > 50 and n / distinct < 20:
            _group_or_id(field, n, distinct)
    elif kind == "integer":
        ordinal = _counts_rows(filled)
        numbered = any(named.search(name) for named in (ID_NAME, NUMBER_NAME, PERSON_NAME))
        if distinct > 0.99 * n and n > 20 and (ordinal or numbered):
            _set(field, "id", "a different whole number in each row" + (", counting up" if ordinal else ""))
        elif ordinal and INDEX_NAME.match(name):
            _set(field, "id", "the number of the row, counting up in each file")
        elif (ID_NAME.search(name) or ORDER_NAME.search(name)) and distinct > 50 and n / distinct < 20:
            _group_or_id(field, n, distinct)
        elif distinct == n and n > 50:
            field["note"] = (
                "a different whole number in each row, used as a number; if it only names the row, make it an id under columns"
            )


def as_name(field: dict) -> None:
    """An id is a name, whatever it is made of: as a number, one of 17 digits would lose its last."""
    field["type"] = "string"
    for key in ("constraints", "decimalChar", "groupChar", "bareNumber", "unit", "format", "trueValues", "falseValues"):
        field.pop(key, None)


def settle_groups(fields: list[dict], values: pd.DataFrame, columns: dict) -> None:
    """One column says which rows belong together: the user's, else the one of fewest values, whose rows hold the others'."""
    groups = [f for f in fields if f["role"] == "group"]
    said = [f for f in groups if "role" in (columns.get(f["name"]) or {})]
    coarsest = (said or sorted(groups, key=lambda f: values[f["name"]].nunique()))[:1]
    for field in groups:
        if field not in coarsest and field not in said:
            _set(
                field,
                "ignored",
                f'named like an id, and "{coarsest[0]["name"]}" already says which rows belong together',
            )


def assign_time(fields: list[dict], values: pd.DataFrame) -> None:
    """The first date that varies and is not a birthday or a deadline says when a row happened."""
    dated = [
        f
        for f in fields
        if f["role"] == "feature" and f["type"] in ("date", "datetime") and f["format"] not in cells.CLOCKS
    ]
    for field in dated:
        if not BIRTH_NAME.search(field["name"]) and values[field["name"]].nunique() > 2:
            _set(
                field,
                "time",
                "the first date column; used for its parts (month, weekday, hour), not as a count of days",
            )
            return


def _group_or_id(field: dict, n: int, distinct: int) -> None:
    if n / distinct >= 1.2:
        _set(
            field,
            "group",
            f"named like an id, with {n / distinct:.1f} rows a value: one value stays on one side of the split",
        )
    else:
        _set(field, "id", f"named like an id, with {distinct} different values in {n} rows")


def _counts_rows(filled: pd.Series) -> bool:
    counted = cells.numbers(filled)
    steps = np.diff(counted)
    return bool(len(steps) and np.mean(steps == 1) > 0.9)


def _set(field: dict, role: str, reason: str) -> None:
    field["role"], field["reason"] = role, reason


def level_counts(values: pd.Series) -> dict[str, int]:
    """{level: rows}, whatever its spelling."""
    counts: dict[str, int] = {}
    for text, count in values.value_counts().items():
        counts[cells.level(text)] = counts.get(cells.level(text), 0) + count
    return counts


def spellings(values: pd.Series) -> list[str]:
    """The levels of a category, each in its most frequent spelling, sorted."""
    counts: dict[str, int] = {}
    for text, count in values.value_counts().items():
        counts[cells.tidy(text)] = counts.get(cells.tidy(text), 0) + count
    best: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda v: (-counts[v], v)):
        best.setdefault(cells.level(spelling), spelling)
    return sorted(best.values())


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)
