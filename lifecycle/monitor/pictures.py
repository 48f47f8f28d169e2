"""What an alarmed column looked like at release and looks like now: shares of a histogram, or of levels, and of missing cells;
of the weight where rows have one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.words import cut, short
from lifecycle.monitor.batches import Live
from lifecycle.monitor.drift import by_class, feature_kinds, weights_of
from lifecycle.monitor.reference import Reference
from lifecycle.monitor.two_samples import Weights
from lifecycle.table.contract import Field

COLUMNS = 12  # drawn, the worst first
BINS, LEVELS = 20, 10
SIDES = "reference", "live"


def pictures(
    reference: Reference, live: Live, prediction: np.ndarray, checks: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A picture for each column, prediction or target that raised an alarm, in the order of the checks."""
    out: dict[str, dict[str, Any]] = {}
    weights = weights_of(reference, live.rows)
    for check in checks:
        name = check.get("column", "")
        if check["verdict"] == "ok" or len(out) >= COLUMNS:
            continue
        if check["family"] == "predictions":
            title = f"Predicted probability of {name}" if name else "Predictions"
            values = {label: (before, now) for label, now, before in by_class(reference, prediction)}
            before, now = (pd.Series(side) for side in values[name])
            out.setdefault(
                title, numbers(before, now, weights) | {"title": title, "family": "predictions", "column": name}
            )
        elif check["family"] in ("columns", "quality") and name in reference.rows and len(live.rows):
            field = reference.contract.by_name[name]
            out.setdefault(
                name, picture(field, reference, live, weights) | {"title": name, "family": "column", "column": name}
            )
    return list(out.values())


def picture(field: Field, reference: Reference, live: Live, weights: Weights | None) -> dict[str, Any]:
    before, now = reference.rows[field.name], live.rows[field.name]
    kind = feature_kinds(reference.contract).get(field.name)
    if field.name == reference.contract.problem.target:
        kind = "number" if reference.contract.problem.task == "regression" else "category"
    if field.type == "boolean":
        words = {float(value): field.boolean_word(value) for value in (False, True)}
        before, now = before.map(words), now.map(words)
    if kind == "text":
        return numbers(before.str.len(), now.str.len(), weights) | {"unit": "characters"}
    if kind == "number":
        return numbers(before, now, weights)
    if kind == "category":
        return levels(before, now, weights)
    return sides(before, now, weights)  # a date moves by itself; that its cells are missing is what there is to see


def sides(before: pd.Series, now: pd.Series, weights: Weights | None) -> dict[str, Any]:
    """How many rows each side has, and the share of missing cells."""
    out: dict[str, Any] = {"bars": [], "unit": ""}
    for side, values, weight in zip(SIDES, (before, now), weights or (None, None), strict=True):
        missing = np.average(values.isna(), weights=weight) if len(values) else np.nan
        out[side] = {"rows": len(values), "missing": _share(missing)}
    return out


def filled(before: pd.Series, now: pd.Series, weights: Weights | None) -> list[tuple[pd.Series, np.ndarray]]:
    """Of each side the cells that are there, and the weights of their rows."""
    out = []
    for values, weight in zip((before, now), weights or (None, None), strict=True):
        there = values.notna().to_numpy()
        out.append((values[there], np.ones(there.sum()) if weight is None else weight[there]))
    return out


def numbers(before: pd.Series, now: pd.Series, weights: Weights | None = None) -> dict[str, Any]:
    """A histogram over the range of both sides but their outermost 0.5 %, which the bars at the ends take in; of few
    distinct values a bar each."""
    out = sides(before, now, weights)
    parts = [(cells.to_numpy(float), weight) for cells, weight in filled(before, now, weights)]
    for side, (values, weight) in zip(SIDES, parts, strict=True):
        if len(values) and weight.sum() > 0:
            middle = {"median": _median(values, weight), "mean": np.average(values, weights=weight)}
            out[side] |= {key: float(f"{value:.6g}") for key, value in middle.items()}
    both = np.concatenate([values for values, _ in parts])
    distinct = np.unique(both)
    if len(distinct) <= LEVELS:
        counts = [_counts(values, distinct, weight) for values, weight in parts]
        return out | {"bars": _bars([short(v) for v in distinct], counts)}
    low, high = np.quantile(both, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    counts = [np.histogram(np.clip(v, edges[0], edges[-1]), edges, weights=weight)[0] for v, weight in parts]
    names = [f"{short(a)} to {short(b)}" for a, b in zip(edges, edges[1:], strict=False)]
    return out | {"bars": _bars(names, counts), "range": [float(f"{edge:.6g}") for edge in (edges[0], edges[-1])]}


def levels(before: pd.Series, now: pd.Series, weights: Weights | None = None) -> dict[str, Any]:
    """The levels whose shares differ most, and the others together."""
    parts = [
        pd.Series(weight).groupby(cells.astype(str).to_numpy()).sum() for cells, weight in filled(before, now, weights)
    ]
    shares = pd.DataFrame({i: part / (part.sum() or 1) for i, part in enumerate(parts)}).fillna(0.0)
    moved = (shares[1] - shares[0]).abs()
    order = sorted(shares.index, key=lambda level: (-moved[level], -shares[0][level], level))
    shown, rest = order[:LEVELS], order[LEVELS:]
    shown.sort(key=lambda level: -shares[0][level])
    bars = [{"name": cut(level, 40), "shares": [_share(shares[i][level]) for i in (0, 1)]} for level in shown]
    if rest:
        bars.append({"name": f"{len(rest)} others", "shares": [_share(shares[i][rest].sum()) for i in (0, 1)]})
    return sides(before, now, weights) | {"bars": bars}


def _median(values: np.ndarray, weight: np.ndarray) -> float:
    if np.ptp(weight) == 0:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    at = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return float(values[order][min(at, len(values) - 1)])


def _counts(values: np.ndarray, distinct: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(distinct, values), weights=weight, minlength=len(distinct))


def _bars(names: list[str], counts: list[np.ndarray]) -> list[dict[str, Any]]:
    shares = [part / (part.sum() or 1) for part in counts]
    return [{"name": name, "shares": [_share(side[i]) for side in shares]} for i, name in enumerate(names)]


def _share(value: float) -> float:
    return round(float(value), 5)
