"""validate: the acceptance gate. Each check is a row: name, measured, required, passed, why.

Run: python -m stages.validate      (reads the candidate, the champion, data/test.parquet, reports/evaluation.json; writes
reports/validation.json, reports/gate.json, reports/latency.json)

A failed gate does not fail the run, so that experiments stay comparable; but no release is made from it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.evaluate.slices import named, ranked, surely_below, weakest
from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import metric, score
from lifecycle.ground.words import short
from lifecycle.model.encode import TableEncoder, field_kinds
from lifecycle.model.model import Model, encode_target
from lifecycle.table.conform import conform
from lifecycle.table.contract import MODEL, Contract

SAME = 1e-9  # linear models differ in the last digit between one row and many; trees do not
LEAK_ROWS = 5_000


def check(name: str, measured: Any, required: str, passed: bool, why: str) -> dict[str, Any]:
    if isinstance(measured, float):
        measured = float(f"{measured:.4g}")
    return {"name": name, "measured": measured, "required": required, "passed": bool(passed), "why": why}


# ---- is it good enough ------------------------------------------------------------------------------------


def check_criteria(criteria: dict[str, Any], evaluation: dict, task: str) -> list[dict]:
    """What problem.criteria asks for, each on the test rows."""
    rows = []
    for name, wanted in criteria.items():
        up = metric(name, task).greater_is_better
        match = re.fullmatch(r"\s*(>=|<=|>|<)?\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*", str(wanted), re.IGNORECASE)
        if not match:
            raise UserError(
                f'params.yaml: problem.criteria.{name} is {wanted!r}; write it like "{">=" if up else "<="} 0.8"'
            )
        sign, bound = match.group(1) or (">=" if up else "<="), float(match.group(2))
        value = evaluation["metrics"][name]["value"]
        holds = {">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less}[sign]
        passed = value is not None and holds(value, bound)
        rows.append(check(f"criterion {name}", value, f"{sign} {bound:g}", passed, "params.yaml: problem.criteria"))
    return rows


def check_baseline(evaluation: dict) -> dict:
    """Better than the naive baseline by more than chance: the whole paired interval is above zero."""
    gain = evaluation["score"]["gain"]
    passed = gain["low"] is not None and gain["low"] > 0
    why = (
        "the answer of one who sees no feature must be beaten by more than the paired interval"
        if passed
        else ("the features may say nothing about the target, or there are too few test rows to show that they do")
    )
    return check("beats the naive baseline", gain["low"], "lower end of the gain > 0", passed, why)


def check_slices(evaluation: dict, floor: float) -> dict:
    """No slice is surely below the floor, given that many slices are looked at."""
    name, required = "no slice below the floor", f"no skill surely below {floor:g}"
    slices = [s for s in ranked(evaluation["slices"]) if s["skill"] is not None]
    if not slices:
        return check(name, "no slices", required, True, "no slice has enough test rows")
    why = f"the weakest of {len(slices)} by skill over its own baseline: {weakest(slices, evaluation['slice_metric'])}"
    below = surely_below(slices, floor)
    if below and below != slices[:1]:
        why += f"; surely below: {', '.join(named(one) for one in below[:5])}"
    return check(name, slices[0]["skill"], required, not below, why)


# ---- is it right --------------------------------------------------------------------------------------------


def check_leaks(train: pd.DataFrame, test: pd.DataFrame, contract: Contract, limit: float) -> dict:
    """No single column answers the question alone: a small tree on each column is tried on the test rows."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    target, task = contract.problem.target, contract.problem.task
    name = {"binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "r2"}[task]
    train, test = train.iloc[:: max(1, len(train) // LEAK_ROWS)], test.iloc[:: max(1, len(test) // LEAK_ROWS)]
    y, y_test = encode_target(train[target], contract), encode_target(test[target], contract)
    found = {}
    for column, kind in field_kinds(contract.fields).items():
        encoder = TableEncoder({column: kind}, "tree")
        x, x_test = encoder.fit_transform(train, y), encoder.transform(test)
        tree = (DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier)(
            min_samples_leaf=5, random_state=0
        )
        tree.fit(x, y)
        if task == "regression":
            found[column] = score(name, y_test, tree.predict(x_test))
        else:
            p = np.zeros((len(test), len(contract.problem.classes)))
            p[:, tree.classes_] = tree.predict_proba(x_test)
            found[column] = score(name, y_test, p)
    best = max(found, key=lambda c: -np.inf if np.isnan(found[c]) else found[c])
    suspects = [f for f in contract.used(MODEL) if f.suspicion]
    if suspects:
        why = "; ".join(f'"{f.name}": {f.suspicion}' for f in suspects[:5])
        cure = "put it under problem.exclude, or confirm it under columns with role: feature (params.yaml)"
        return check("no leak suspected", len(suspects), "no column that `define` suspects", False, f"{why}; {cure}")
    passed = not found[best] >= limit
    why = f'"{best}" alone reaches {name} {short(found[best])}' + (
        ""
        if passed
        else "; if it is not known when the prediction is made, put it under problem.exclude in params.yaml"
    )
    return check("no leak suspected", found[best], f"{name} of one column < {limit:g}", passed, why)


def check_batches(model: Model, rows: pd.DataFrame, seed: int) -> dict:
    """The answer to a row does not depend on the rows beside it."""
    together = model.answers(rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = np.empty_like(together)
    shuffled[order] = model.answers(rows.iloc[order])
    single = np.concatenate([model.answers(rows.iloc[[i]]) for i in range(min(len(rows), 50))])
    half = len(rows) // 2 or 1
    halves = np.concatenate([model.answers(part) for part in (rows.iloc[:half], rows.iloc[half:]) if len(part)])
    scale = np.abs(together).max() or 1.0
    worst = max(np.abs(together - other).max() for other in (shuffled, halves))
    worst = max(worst, np.abs(together[: len(single)] - single).max()) / scale
    worst = float(round(worst, 12))  # what is left is the last digit of a float
    why = (
        "rows reordered, halved and one by one"
        if worst <= SAME
        else "does add_features (custom/features.py) look at other rows?"
    )
    return check("same answer in any batch", worst, "the same to 9 digits", worst <= SAME, why)


def check_missing(model: Model, rows: pd.DataFrame, contract: Contract) -> dict:
    """Missing cells and categories never seen are answered with numbers."""
    faults = []
    for field in contract.used(MODEL):
        changed = rows.copy()
        name = field.name
        changed[name] = pd.Series("never seen \N{SNOWMAN}" if field.is_text else np.nan, index=rows.index)
        changed[name] = changed[name].astype(rows[name].dtype)
        if not np.isfinite(model.answers(changed)).all():
            faults.append(name)
    empty = rows[[contract.problem.target]]
    if not np.isfinite(model.answers(empty)).all():
        faults.append("all cells missing")
    why = (
        f"no number for: {', '.join(faults)}"
        if faults
        else "each column emptied or given an unseen level, and all at once"
    )
    return check("answers rows with missing cells", len(faults), "0 columns without an answer", not faults, why)


# ---- does it fit its place ------------------------------------------------------------------------------------


def measure_latency(model: Model, rows: pd.DataFrame, contract: Contract, repeats: int = 30) -> dict[str, float]:
    """Milliseconds for one row from cells to answer: by the clock, the middle of some calls, and of the processor, their mean."""
    cells = rows.drop(columns=contract.problem.target).astype(object)
    times, spent = [], 0.0
    for i in range(repeats + 2):
        one = cells.iloc[[i % len(cells)]]
        if i == 2:
            spent = time.process_time()  # the first calls import and allocate
        start = time.perf_counter()
        model.answers(conform(one, contract, MODEL).frame)
        times.append((time.perf_counter() - start) * 1000)
    spent = (time.process_time() - spent) * 1000 / repeats
    return {"median_ms": round(float(np.median(times[2:])), 2), "processor_ms": round(spent, 2)}


def check_latency(measured: dict[str, float], limit: float) -> dict:
    # the processor's time: a busy machine makes no model slower, and must not fail the gate
    passed = measured["processor_ms"] <= limit
    # the figure is not repeated here: it differs from run to run, and these bytes must not
    why = "one row, from cells to answer, in processor time; the figure is in reports/latency.json"
    return check("latency", "within the limit" if passed else "over the limit", f"<= {limit:g} ms", passed, why)


def check_size(folder: Path, limit: float) -> dict:
    size = (folder / "model.joblib").stat().st_size / 1e6
    return check("size", round(size, 3), f"<= {limit:g} MB", size <= limit, "model.joblib, which the service loads")
