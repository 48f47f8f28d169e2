"""evaluate: score the candidate on rows it never saw, with intervals, beside the naive baseline; say where it errs.

Run: python -m stages.evaluate      (reads data/contract.yaml, data/test.parquet, models/candidate; writes
reports/metrics.json, the handful for `dvc exp show`, reports/evaluation.json, all of it, and reports/plots/*.csv)
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from lifecycle.evaluate import curves, explain
from lifecycle.evaluate.slices import STANDS_IN, Judge, slices
from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import METRICS, bootstrap_all, metrics_for, paired_difference
from lifecycle.model.model import codes, encode_target, sample_weight
from lifecycle.table.conform import used_fields
from lifecycle.table.contract import MODEL
from lifecycle.table.read import SOURCE

Array = np.ndarray
# what `dvc exp show` lists beside the score; everything else is in evaluation.json
HANDFUL = {
    "binary": ["log_loss", "roc_auc", "average_precision", "f1", "ece"],
    "multiclass": ["log_loss", "accuracy", "f1_macro", "ece"],
    "regression": ["rmse", "mae", "r2"],
}
TEST = "data/test.parquet"
CONFUSION_ROWS = 5_000  # of confusion.csv, which is kept in Git


def evaluate(model: Any, contract: dict[str, Any], test: pd.DataFrame, params: dict[str, Any]) -> dict[str, Any]:
    """All that evaluation.json holds; plots' points are under "plots" until `main` takes them out."""
    problem = contract["problem"]
    task, metric = problem["task"], problem["metric"]
    classes = [str(c) for c in problem["classes"]] if task != "regression" else []
    fields = used_fields(contract, MODEL)
    columns = [f["name"] for f in fields]
    y, p = encode_target(test[problem["target"]], contract, TEST), answers(model, test, classes)
    weight = sample_weight(test, contract, TEST)
    naive = model.naive(len(test))

    def of(name: str, p: Array) -> Array:
        """What the metric `name` is measured on: decided classes may follow a threshold of the model's own."""
        return codes(model, p, classes) if METRICS[name].needs == "classes" else p

    draw = (params["n_bootstrap"], params["confidence"], params["random_state"])
    names = metrics_for(task)
    scores = {}
    resampled = bootstrap_all(names, y, [of(n, p) for n in names], *draw, weight=weight)
    for name, (value, low, high) in zip(names, resampled, strict=True):
        base = METRICS[name].function(y, naive, weight)
        scores[name] = {"value": value, "low": low, "high": high, "baseline": base}

    def of_naive(name: str) -> Array:
        return naive.argmax(axis=1) if METRICS[name].needs == "classes" else naive

    paired = paired_difference(metric, y, of(metric, p), of_naive(metric), *draw, weight)
    gain = dict(zip(("value", "low", "high"), paired, strict=True))

    # a bar for a person who waits, none in a pipe or a log
    progress = partial(tqdm, desc="importance", unit="column", file=sys.stderr, leave=False, disable=None)
    importance = explain.permutation_importance(
        lambda frame: of(metric, answers(model, frame, classes)), test, columns, metric, y, weight, params, progress
    )
    order = [row["column"] for row in importance]
    ranked = sorted(fields, key=lambda field: order.index(field["name"]))
    predict = partial(answers, model, classes=classes)
    told = codes(model, p, classes) if classes else p
    slice_metric = STANDS_IN.get(metric, metric)
    judge = Judge(slice_metric, y, of(slice_metric, p), of_naive(slice_metric), weight, *draw)
    limits = (params["max_slices"], params["max_slice_levels"], params["min_slice_rows"])
    return {
        "task": task,
        "metric": metric,
        "greater_is_better": METRICS[metric].greater_is_better,
        "n_rows": len(y),
        "confidence": params["confidence"],
        "classes": classes,
        "class_rows": np.bincount(y, minlength=len(classes)).tolist() if classes else [],
        "score": {**scores[metric], "gain": gain},
        "metrics": scores,
        "slice_metric": slice_metric,
        "slices": slices(test, ranked, judge, *limits),
        "importance": importance,
        "partial_dependence": explain.partial_dependence(predict, test, ranked, classes, params),
        "worst": explain.worst(test, ranked[:6], classes, y, p, told, params),
        "plots": plots(y, p, told, classes, importance),
    }


def answers(model: Any, frame: pd.DataFrame, classes: list[str]) -> Array:
    """(n, k) probabilities or n values, all of them numbers."""
    p = np.asarray(model.predict_proba(frame) if classes else model.predict(frame), dtype=float)
    wrong = ~np.isfinite(p.reshape(len(frame), -1)).all(axis=1)
    if wrong.any():
        first = frame[SOURCE].iloc[int(wrong.argmax())]
        raise UserError(
            f"models/candidate gives no number for {wrong.sum()} of {len(frame)} rows (first: {first}); train again: "
            "`dvc repro --single-item --force train`"
        )
    return p


def plots(y: Array, p: Array, told: Array, classes: list[str], importance: list[dict]) -> dict[str, pd.DataFrame]:
    """The tables under reports/plots: four that dvc.yaml declares, and detail.csv, from which report draws the rest."""
    if classes:
        curve, labels = curves.mean_roc(y, p), classes
        matrix = curves.confusion(y, told, classes, curves.CLASSES_SHOWN)
        shown = [1] if len(classes) == 2 else np.argsort(-np.bincount(y, minlength=len(classes)), kind="stable")[:6]
        detail = [("roc", labels[c], *curves.roc(y == c, p[:, c])) for c in shown]
        detail += [("precision_recall", labels[c], *curves.precision_recall(y == c, p[:, c])) for c in shown]
    else:
        curve = curves.within_error(y, p)
        cuts, labels = curves.fifths(y)
        matrix = curves.confusion(np.searchsorted(cuts, y), np.searchsorted(cuts, p), labels, curves.CLASSES_SHOWN)
        some = np.linspace(0, len(y) - 1, min(len(y), 800)).astype(int)
        detail = [("points", "", p[some], y[some])]
    counts, names = matrix
    pairs = curves.rows_of(counts, CONFUSION_ROWS)
    lines = [
        pd.DataFrame({"chart": chart, "label": label, "x": x, "y": at})
        for chart, label, *points in detail
        for x, at in [points if chart == "points" else curves.thinned(*points)]
    ]
    return {
        "curve": pd.DataFrame(dict(zip(("x", "y"), curves.thinned(*curve), strict=True))),
        "calibration": pd.DataFrame(curves.calibration(y, p)),
        "confusion": pd.DataFrame([(names[i], names[j]) for i, j in pairs], columns=["actual", "predicted"]),
        "importance": pd.DataFrame(importance[:20], columns=["column", "importance", "low", "high"]),
        "detail": pd.concat(lines, ignore_index=True),
    }


def rounded(value: Any) -> Any:
    """Floats to six significant digits: the last ones differ between processors, and a diff should not."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return float(f"{float(value):.6g}") if isinstance(value, float | np.floating) else value
