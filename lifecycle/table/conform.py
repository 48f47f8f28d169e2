"""One path for every row: `conform` turns cells into the contract's types, in training, batch scoring and serving.

A corrupt cell becomes missing and is counted; it never takes its row with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table import cells
from lifecycle.table.contract import USED, Contract, Field


@dataclass
class Conformed:
    """`frame`: typed columns, in the contract's order. The masks, by column and only where a cell is hit:
    `corrupt` (of another type, now missing), `unseen` (a category the contract does not list), `out_of_range`."""

    frame: pd.DataFrame
    missing: dict[str, np.ndarray] = field(default_factory=dict)
    corrupt: dict[str, np.ndarray] = field(default_factory=dict)
    unseen: dict[str, np.ndarray] = field(default_factory=dict)
    out_of_range: dict[str, np.ndarray] = field(default_factory=dict)


def used_fields(contract: Any, roles: tuple[str, ...] = USED) -> list[Field]:
    """The contract's fields in one of `roles`, in its order."""
    if isinstance(contract, Contract):
        return contract.used(roles)
    return [Field.read(f) for f in contract["fields"] if f["role"] in roles]


def conform(frame: pd.DataFrame, contract: dict[str, Any], roles: tuple[str, ...] = USED) -> Conformed:
    """`frame`: cells as text, or as JSON gave them (numbers, booleans, None); a column it lacks is all missing.

    Returns number, integer and boolean as float64, string and text as str, dates as datetime64[us]; a target of a
    classification as its label.
    """
    out = Conformed(frame)
    columns = {}
    for spec in used_fields(contract, roles):
        name = spec["name"]
        values = (
            as_text(frame[name], spec.get("decimalChar", "."))
            if name in frame
            else pd.Series("", index=frame.index, dtype="str")
        )
        absent = cells.is_token(values, spec["missingValues"]) | values.isna().to_numpy()
        typed, corrupt = _typed(values, absent, spec, contract["problem"]["task"])
        columns[name] = typed
        _note(out.missing, name, absent)
        _note(out.corrupt, name, corrupt)
        if spec["type"] in ("number", "integer", "date", "datetime"):
            _note(out.out_of_range, name, _outside(typed, spec))
        elif "enum" in spec.get("constraints", {}):
            _note(out.unseen, name, (pd.notna(typed) & ~np.isin(typed, spec["constraints"]["enum"])))
    out.frame = pd.DataFrame(
        {n: pd.Series(v, index=frame.index, dtype="str" if v.dtype == object else None) for n, v in columns.items()}
    )
    return out


def as_text(values: pd.Series, decimal: str = ".") -> pd.Series:
    """Cells of any origin as text, missing ones empty; a whole float loses its ".0", so that 3.0 and "3" agree.

    Numbers are spelled with the contract's `decimal` mark: where "." parts thousands, 1234.5 as text would be 12345.
    """
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("")
    if values.dtype.kind in "fc":
        values = values.astype(object)
    if values.dtype.kind == "M":
        if values.dt.tz is not None:
            values = values.dt.tz_convert("UTC")  # as `cells.dates` does with a text that has an offset
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S.%f").fillna("").astype("str")

    def text(value: Any) -> str:
        if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return ""
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        if isinstance(value, float) and decimal != ".":
            return str(value).replace(".", decimal)
        return str(value)

    return pd.Series([text(v) for v in values], index=values.index, dtype="str")


def _typed(values: pd.Series, absent: np.ndarray, spec: dict, task: str) -> tuple[np.ndarray, np.ndarray]:
    """(typed cells, mask of those that were neither missing nor of the type)."""
    kind = spec["type"]
    garbled = cells.is_garbled(values) if kind != "text" else values.str.contains("\0", regex=False).to_numpy(bool)
    if spec["role"] == "target" and task != "regression":
        return _labels(values, absent | garbled, spec), garbled & ~absent
    if kind in ("number", "integer"):
        typed = cells.numbers(
            values,
            spec.get("decimalChar", "."),
            spec.get("groupChar", ""),
            spec.get("bareNumber", True),
            spec.get("unit", ""),
        )
        codes = [cells.number(str(t)) for t in spec["missingValues"]]  # 9999 is missing however it is written
        absent |= np.isin(typed, [c for c in codes if not np.isnan(c)])
        typed = np.where(np.isfinite(typed), typed, np.nan)
    elif kind == "boolean":
        typed = cells.booleans(values, spec["trueValues"], spec["falseValues"])
    elif kind in ("date", "datetime"):
        typed = cells.dates(values, spec["format"])
    else:
        typed = _labels(values, absent | garbled, spec)
    blank = np.datetime64("NaT") if kind in ("date", "datetime") else np.nan
    typed = np.where(absent | garbled, blank, typed) if kind not in ("string", "text") else typed
    return typed, pd.isna(typed) & ~absent


def _labels(values: pd.Series, absent: np.ndarray, spec: dict) -> np.ndarray:
    """Texts without outer blanks, a category in the contract's spelling; NaN where missing."""
    exact = spec.get("constraints", {}).get("enum", [])
    known = {cells.level(v): v for v in exact}

    def read(unique: list[str]) -> np.ndarray:
        if spec["type"] == "text":
            return np.array([v.strip() for v in unique], dtype=object)
        tidy = [cells.tidy(v) for v in unique]
        return np.array([known.get(cells.level(v), v) for v in tidy] if known else tidy, dtype=object)

    out = cells.by_unique(values, read, np.nan).astype(object)
    out[absent] = np.nan
    return out


def _outside(typed: np.ndarray, spec: dict) -> np.ndarray:
    bounds = spec.get("constraints", {})
    if "minimum" not in bounds:
        return np.zeros(len(typed), dtype=bool)
    low, high = bounds["minimum"], bounds["maximum"]
    if spec["type"] in ("date", "datetime"):
        low, high = np.datetime64(low), np.datetime64(high)
    with np.errstate(invalid="ignore"):
        return (typed < low) | (typed > high)


def _note(masks: dict[str, np.ndarray], name: str, mask: np.ndarray) -> None:
    if mask.any():
        masks[name] = mask
