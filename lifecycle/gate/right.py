"""Is it right, and does it fit its place? No leak, one answer whatever the batch, an answer to every row, in time and in size."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from lifecycle.gate.bundle import as_cells
from lifecycle.gate.check import Check
from lifecycle.ground.metrics import score
from lifecycle.ground.words import short
from lifecycle.model.encode import TableEncoder, field_kinds
from lifecycle.model.model import Model, encode_target
from lifecycle.table.contract import Contract
from lifecycle.table.row_reader import RowReader

SAME = 1e-9  # linear models differ in the last digit between one row and many; trees do not
LEAK_ROWS = 5_000
ONE_BY_ONE = 50  # rows that are also asked alone
WARM_UP = 2  # calls that import and allocate, and are not timed
UNSEEN = "never seen \N{SNOWMAN}"


# ---- leaks ----------------------------------------------------------------------------------------------------


def check_leaks(train: pd.DataFrame, test: pd.DataFrame, contract: Contract, limit: float) -> Check:
    """No single column answers the question alone: a small tree on each column is tried on the test rows."""
    title = "no leak suspected"
    suspects = [field for field in contract.features if field.suspicion]
    if suspects:
        seen = "; ".join(f'"{field.name}": {field.suspicion}' for field in suspects[:5])
        why = f"{seen}; put it under problem.exclude, or confirm it under columns with role: feature (params.yaml)"
        return Check(title, len(suspects), "no column that `define` suspects", False, why)
    name = {"binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "r2"}[contract.problem.task]
    scores = column_scores(_thinned(train), _thinned(test), contract, name)
    best = max(scores, key=lambda column: np.nan_to_num(scores[column], nan=-np.inf))
    passed = not scores[best] >= limit
    why = f'"{best}" alone reaches {name} {short(scores[best])}'
    if not passed:
        why += "; if it is not known when the prediction is made, put it under problem.exclude in params.yaml"
    return Check(title, scores[best], f"{name} of one column < {limit:g}", passed, why)


def column_scores(train: pd.DataFrame, test: pd.DataFrame, contract: Contract, metric: str) -> dict[str, float]:
    """What each column alone tells of the target; nan where the test rows cannot say."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    target, classes = contract.problem.target, contract.problem.classes
    y, y_true = encode_target(train[target], contract), encode_target(test[target], contract)
    family = DecisionTreeClassifier if classes else DecisionTreeRegressor
    found = {}
    for column, kind in field_kinds(contract.fields).items():
        encoder = TableEncoder({column: kind}, "tree")
        tree = family(min_samples_leaf=5, random_state=0).fit(encoder.fit_transform(train, y), y)
        x = encoder.transform(test)
        if classes:
            y_pred = np.zeros((len(test), len(classes)))
            y_pred[:, tree.classes_] = tree.predict_proba(x)
        else:
            y_pred = tree.predict(x)
        found[column] = score(metric, y_true, y_pred)
    return found


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:: max(1, len(frame) // LEAK_ROWS)]


# ---- answers --------------------------------------------------------------------------------------------------


def check_batches(model: Model, rows: pd.DataFrame, random_state: int) -> Check:
    """The prediction for a row does not depend on the rows beside it."""
    together = model.predictions(rows)
    order = np.random.default_rng(random_state).permutation(len(rows))
    shuffled = np.empty_like(together)
    shuffled[order] = model.predictions(rows.iloc[order])
    half = len(rows) // 2 or 1
    halves = [model.predictions(part) for part in (rows.iloc[:half], rows.iloc[half:]) if len(part)]
    single = [model.predictions(rows.iloc[[i]]) for i in range(min(len(rows), ONE_BY_ONE))]
    others = (shuffled, np.concatenate(halves), np.concatenate(single))
    scale = np.abs(together).max() or 1.0
    worst = max(np.abs(together[: len(other)] - other).max() for other in others) / scale
    worst = float(round(worst, 12))  # what is left is the last digit of a float
    why = "rows reordered, halved and one by one"
    if worst > SAME:
        why = "does add_features (custom/features.py) look at other rows?"
    return Check("same answer in any batch", worst, "the same to 9 digits", worst <= SAME, why)


def check_missing(model: Model, rows: pd.DataFrame, contract: Contract) -> Check:
    """Missing cells and categories never seen are answered with numbers."""

    def answered(frame: pd.DataFrame) -> bool:
        return bool(np.isfinite(model.predictions(frame)).all())

    faults = []
    for field in contract.features:
        odd = pd.Series(UNSEEN if field.is_text else np.nan, index=rows.index)
        if not answered(rows.assign(**{field.name: odd.astype(rows[field.name].dtype)})):
            faults.append(field.name)
    if not answered(rows[[contract.problem.target]]):
        faults.append("all cells missing")
    why = "each column emptied or given an unseen level, and all at once"
    if faults:
        why = f"no number for: {', '.join(faults)}"
    return Check("answers rows with missing cells", len(faults), "0 columns without an answer", not faults, why)


# ---- its place ------------------------------------------------------------------------------------------------


def measure_latency(model: Model, rows: pd.DataFrame, contract: Contract, repeats: int = 30) -> dict[str, float]:
    """Milliseconds for one row from JSON cells to prediction, through the reader that serves: by the clock, the middle of some
    calls, and of the processor, their mean. `reader_ms`: of the processor, what it takes of that to type the cells."""
    reader, cells = RowReader(contract), as_cells(rows.head(repeats + WARM_UP), contract).to_dict("records")
    clock, processor, reading = [], [], []
    for i in range(repeats + WARM_UP):
        one = [cells[i % len(cells)]]
        start, spent = time.perf_counter(), time.process_time()
        typed = reader.typed(one)
        read = time.process_time()
        model.predictions(typed.columns)
        clock.append((time.perf_counter() - start) * 1000)
        processor.append((time.process_time() - spent) * 1000)
        reading.append((read - spent) * 1000)
    timed = slice(WARM_UP, None)
    return {
        "median_ms": round(float(np.median(clock[timed])), 2),
        "processor_ms": round(float(np.mean(processor[timed])), 2),
        "reader_ms": round(float(np.mean(reading[timed])), 2),
    }


def check_latency(measured: dict[str, float], limit: float) -> Check:
    # the processor's time: a busy machine makes no model slower, and must not fail the gate
    passed = measured["processor_ms"] <= limit
    # the figure is not repeated here: it differs from run to run, and these bytes must not
    why = "one row through the service's reader, from cells to answer, in processor time; the figure is in reports/latency.json"
    return Check("latency", "within the limit" if passed else "over the limit", f"<= {limit:g} ms", passed, why)


def check_size(folder: Path, limit: float) -> Check:
    size = (folder / "model.joblib").stat().st_size / 1e6
    return Check("size", round(size, 3), f"<= {limit:g} MB", size <= limit, "model.joblib, which the service loads")
