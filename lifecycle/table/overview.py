"""What a table looks like before anything is learned from it: the numbers of reports/data.html.

Of the rows that define looks at (all, or an even sample of many): how the values of each column are spread, how the target goes
with them, what is heaped, capped or far out, which columns say the same thing, what is missing together, and what times are covered.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table import association
from lifecycle.table.conform import Conformed, conform
from lifecycle.table.contract import Contract, Field
from lifecycle.table.read import SOURCE

Array = np.ndarray
ROWS = 40_000  # looked at
BARS, LEVELS = 24, 8
STRONG = 0.8  # columns of this association are named
HEAPED = 0.05  # a share of the rows at one number, of a column with many others, is a heap
CAPPED = 0.01  # a share of the rows at the lowest or highest value is a cap
FAR = 6.0  # interquartile ranges beyond the quartiles, from which on a value is far out
PATTERNS = 8
DESCRIBED = 200  # columns; of more, those that go with the target most


def overview(frame: pd.DataFrame, contract: Contract, read: Conformed | None = None) -> dict[str, Any]:
    """`frame`: cells as text, with their source lines; `read`: its rows as they were typed before."""
    looked = frame
    if len(frame) > ROWS:
        places = np.linspace(0, len(frame) - 1, ROWS).astype(int)
        looked, read = frame.iloc[places], read and read.at(places)
    looked = looked.reset_index(drop=True)
    conformed = conform(looked, contract, before=read)
    typed, source = conformed.frame, looked[SOURCE]
    fields = [field for field in contract.used() if field.name in typed]
    outcome = target_numbers(typed, contract)
    coded = association.all_coded(typed, [field.name for field in fields if field.type != "text"])
    target = coded.get(contract.problem.target)
    strengths = {}
    if target is not None:
        strengths = {name: association.association(one, target) for name, one in coded.items()}
    described = [field for field in fields if field.role not in ("target", "id")]
    telling = most_telling(described, strengths)
    columns = []
    for field in telling:
        one = column(field, typed[field.name], outcome, source)
        if field.name in strengths:
            one["strength"] = strengths[field.name]
        columns.append(one)
    features = [field.name for field in contract.features if field.type != "text"]
    return {
        "rows": len(looked),
        "of": len(frame),
        "target": column(contract.by_name[contract.problem.target], typed[contract.problem.target], None, source),
        "mean": float(np.nanmean(outcome)) if outcome is not None else None,
        "columns": sorted(columns, key=lambda one: -one.get("strength", -1.0)),
        "left_out": len(described) - len(telling),
        "alike": [pair._asdict() for pair in association.alike(typed, features, STRONG)],
        "missing": missing_together(typed, fields),
        "time": times(typed, contract),
        "group": group_sizes(typed, contract),
    }


def most_telling(fields: list[Field], strengths: dict[str, float]) -> list[Field]:
    """Of a wide table, the columns that go with the target most, in the contract's order."""
    if len(fields) <= DESCRIBED:
        return fields
    by_strength = sorted(fields, key=lambda field: -strengths.get(field.name, -1.0))
    chosen = {field.name for field in by_strength[:DESCRIBED]}
    return [field for field in fields if field.name in chosen]


def target_numbers(typed: pd.DataFrame, contract: Contract) -> Array | None:
    """The target as numbers: 1 where it is the positive class, or its values; None of several classes."""
    values = typed[contract.problem.target]
    if contract.problem.task == "regression":
        return values.to_numpy(dtype=float)
    if contract.problem.task == "binary":
        is_positive = (values.astype(object) == contract.problem.positive).to_numpy(dtype=float)
        return np.where(values.isna(), np.nan, is_positive)
    return None


# ---- a column -----------------------------------------------------------------------------------------------------


def column(field: Field, values: pd.Series, outcome: Array | None, source: pd.Series) -> dict[str, Any]:
    """`bars`: rows in each part of its values, `ends` or `levels` what the parts are, `means` the target's mean in each."""
    filled = values.notna()
    out: dict[str, Any] = {"column": field.name, "type": field.type, "role": field.role, "filled": float(filled.mean())}
    if not filled.any():
        return out | {"bars": [], "remarks": []}
    if field.is_number and values.nunique() > LEVELS:
        return out | numbers(values, outcome, source)
    if field.is_date:
        return out | dates(values, outcome)
    if field.type == "text" or field.role == "id":
        length = values[filled].astype(str).str.len()
        return out | {
            "bars": [],
            "remarks": [{"kind": "texts", "shortest": int(length.min()), "longest": int(length.max())}],
        }
    return out | levels(field, values, outcome)


def numbers(values: pd.Series, outcome: Array | None, source: pd.Series) -> dict[str, Any]:
    known = values.to_numpy(dtype=float)
    here = np.isfinite(known)
    low, high = np.quantile(known[here], [0.005, 0.995])
    if not high > low:
        low, high = float(known[here].min()), float(known[here].max())
    edges = np.linspace(low, high, BARS + 1)
    part = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, BARS - 1)
    part[~here] = -1
    found = {"bars": counts(part, BARS), "means": means(part, BARS, outcome), "ends": [float(low), float(high)]}
    return found | {"remarks": odd_numbers(values[here], source[here])}


def odd_numbers(values: pd.Series, source: pd.Series) -> list[dict[str, Any]]:
    """Heaps, caps, and values far out with their source lines."""
    remarks: list[dict[str, Any]] = []
    n, common = len(values), values.value_counts()
    lowest, highest = values.min(), values.max()
    distinct = len(common)
    for value, rows in common.head(3).items():
        if value in (lowest, highest) and rows / n >= CAPPED and distinct > 20 and rows > 5 * common.median():
            end = "lowest" if value == lowest else "highest"
            remarks.append({"kind": "cap", "end": end, "value": float(value), "share": rows / n})
        elif rows / n >= HEAPED and distinct > 50 and rows > 10 * common.median():
            remarks.append({"kind": "heap", "value": float(value), "share": rows / n})
    first, third = values.quantile([0.25, 0.75])
    reach = FAR * (third - first)
    far = values[(values < first - reach) | (values > third + reach)]
    if len(far) and third > first:
        middle = values.median()
        most = far.iloc[np.argsort(-np.abs(far - middle).to_numpy(), kind="stable")[:3]]
        lines = [{"value": float(value), "source": str(source[i])} for i, value in most.items()]
        remarks.append({"kind": "far", "rows": len(far), "lines": lines})
    return remarks


def dates(values: pd.Series, outcome: Array | None) -> dict[str, Any]:
    moments = values.astype("datetime64[us]").astype("int64").to_numpy(dtype=float)
    here = values.notna().to_numpy()
    low, high = moments[here].min(), moments[here].max()
    edges = np.linspace(low, high if high > low else low + 1, BARS + 1)
    part = np.clip(np.searchsorted(edges, moments, side="right") - 1, 0, BARS - 1)
    part[~here] = -1
    ends = [str(values.min())[:10], str(values.max())[:10]]
    return {"bars": counts(part, BARS), "means": means(part, BARS, outcome), "ends": ends, "remarks": []}


def levels(field: Field, values: pd.Series, outcome: Array | None) -> dict[str, Any]:
    common = values.value_counts()
    shown = common.index[:LEVELS].tolist()
    place = {value: i for i, value in enumerate(shown)}
    codes, distinct = pd.factorize(values)
    part = np.array([*(place.get(value, len(shown)) for value in distinct.tolist()), -1])[codes]
    n = len(shown) + (len(common) > len(shown))
    names = [level_name(field, value) for value in shown]
    if len(common) > len(shown):
        names.append(f"{len(common) - len(shown)} others")
    remarks = []
    if (rare := int((common < 10).sum())) and len(common) > 2:
        remarks.append({"kind": "rare", "levels": rare})
    return {"bars": counts(part, n), "means": means(part, n, outcome), "levels": names, "remarks": remarks}


def level_name(field: Field, value: Any) -> str:
    if field.type == "boolean":
        return field.boolean_word(bool(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def counts(part: Array, n: int) -> list[int]:
    return np.bincount(part[part >= 0], minlength=n).tolist()


def means(part: Array, n: int, outcome: Array | None) -> list[float | None]:
    """The target's mean in each part; None where it has too few rows to say."""
    if outcome is None:
        return []
    known = (part >= 0) & np.isfinite(outcome)
    rows = np.bincount(part[known], minlength=n)
    total = np.bincount(part[known], outcome[known], minlength=n)
    return [float(total[i] / rows[i]) if rows[i] >= 10 else None for i in range(n)]


# ---- the whole ----------------------------------------------------------------------------------------------------


def missing_together(typed: pd.DataFrame, fields: list[Field]) -> list[dict[str, Any]]:
    """The most frequent sets of columns that lack a value in one row."""
    names = [field.name for field in fields]
    masks = typed[names].isna().to_numpy()
    if not masks.any():
        return []
    rows = np.packbits(masks[:, masks.any(axis=0)], axis=1)
    places: dict[bytes, int] = {}
    patterns: Counter[bytes] = Counter()
    for i, row in enumerate(rows):
        pattern = row.tobytes()
        patterns[pattern] += 1
        places.setdefault(pattern, i)
    out = []
    for pattern, count in patterns.most_common(PATTERNS + 1):
        columns = [names[at] for at in np.flatnonzero(masks[places[pattern]])]
        if columns:
            out.append({"columns": columns, "rows": count})
    return out[:PATTERNS]


def times(typed: pd.DataFrame, contract: Contract) -> dict[str, Any] | None:
    """From when to when, and the longest time without a row."""
    field = contract.time
    if field is None or not field.is_date:
        return None
    moments = typed[field.name].dropna().sort_values()
    if len(moments) < 2:
        return None
    gap = moments.diff()
    widest = gap.idxmax()
    end = moments.loc[widest]
    return {
        "column": field.name,
        "first": str(moments.iloc[0])[:10],
        "last": str(moments.iloc[-1])[:10],
        "gap_days": float(gap.max() / pd.Timedelta(days=1)),
        "gap_from": str(end - gap.max())[:10],
        "gap_to": str(end)[:10],
    }


def group_sizes(typed: pd.DataFrame, contract: Contract) -> dict[str, Any] | None:
    field = contract.group
    if field is None:
        return None
    sizes = typed[field.name].value_counts()
    return {"column": field.name, "groups": len(sizes), "median": float(sizes.median()), "largest": int(sizes.max())}
