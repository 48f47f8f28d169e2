"""How good the candidate is on rows it never saw, with intervals, beside the naive baseline; and where it errs."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from lifecycle.evaluate import curves, decision, explain, groups, sure, titles
from lifecycle.evaluate.decision import Trained
from lifecycle.evaluate.slices import STANDS_IN, Judge, parts_of, slices
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import sha256
from lifecycle.ground.metrics import METRICS, Draw, bootstrap_all, metrics_for, paired_difference, resampled
from lifecycle.ground.params import EvaluateParams
from lifecycle.ground.workplace import Workplace
from lifecycle.model.conformal import contains, covered
from lifecycle.model.model import Model, codes, encode_target, sample_weight
from lifecycle.table.association import alike
from lifecycle.table.contract import Contract, Field, Problem
from lifecycle.table.read import SOURCE

Array = np.ndarray
# what `dvc exp show` lists beside the score; everything else is in evaluation.json
HANDFUL = {
    "binary": ["log_loss", "roc_auc", "average_precision", "f1", "ece"],
    "multiclass": ["log_loss", "accuracy", "f1_macro", "ece"],
    "regression": ["rmse", "mae", "r2"],
}
TEST = "data/test.parquet"
ALIKE_COLUMNS = 60  # the most important ones, among which those that say the same thing are looked for
PART = 100_000  # rows that are answered together, wherever that is done
CONFUSION_ROWS = 5_000  # of confusion.csv, which is kept in Git


@dataclass(frozen=True)
class Predicted:
    """The test rows' outcomes, and what the candidate and the naive baseline predict for them: probabilities (n, k) in the
    contract's class order, or values (n,). `decided`: the candidate's classes, which may follow a threshold of its own, as codes;
    of a regression, its values. `intervals` (n, 2) of a regression, `sets` (n, k) of a classification, where the model has them."""

    y_true: Array
    prediction: Array
    decided: Array
    baseline: Array
    weight: Array | None
    intervals: Array | None = None
    sets: Array | None = None

    def judged(self, name: str) -> Array:
        """What the metric `name` is measured on."""
        return self.decided if METRICS[name].needs == "classes" else self.prediction

    def judged_baseline(self, name: str) -> Array:
        return self.baseline.argmax(axis=1) if METRICS[name].needs == "classes" else self.baseline


def evaluate(
    model: Model,
    contract: Contract,
    test: pd.DataFrame,
    params: EvaluateParams,
    candidate: Trained = Trained(),  # noqa: B008 (frozen)
    at: Workplace | None = None,
) -> dict[str, Any]:
    """All that evaluation.json holds; plots' points are under "plots" until the stage takes them out. `candidate`: what training
    says beside the model; `at`: where the rows are answered."""
    problem, fields = contract.problem, contract.features
    metric, classes = problem.metric, list(problem.classes)
    predicted = score_rows(model, contract, test, at)
    scores = all_scores(predicted, problem.task, params.draw)
    importance = importance_of(model, contract, test, predicted, params)
    order = [row["column"] for row in importance]
    ranked = sorted(fields, key=lambda field: order.index(field.name))
    slice_metric = STANDS_IN.get(metric, metric)
    y_pred, baseline = predicted.judged(slice_metric), predicted.judged_baseline(slice_metric)
    judge = Judge(slice_metric, predicted.y_true, y_pred, baseline, predicted.weight, params.draw)
    predict = partial(predictions, model)
    by_group = groups_of(contract, test, predicted, params)
    certainty = certainty_of(model, ranked, test, judge, predicted, params)
    worst = explain.worst(test, ranked[:6], classes, predicted, params.worst)
    explained = explain.reasons(model, contract, test, [place for place, _ in worst], order, params)
    return {
        "task": problem.task,
        "metric": metric,
        "greater_is_better": METRICS[metric].greater_is_better,
        "n_rows": len(test),
        "confidence": params.confidence,
        "classes": classes,
        "class_rows": np.bincount(predicted.y_true, minlength=len(classes)).tolist() if classes else [],
        "score": {**scores[metric], "gain": gain_over_baseline(predicted, metric, params.draw)},
        "metrics": scores,
        "slice_metric": slice_metric,
        "slices": slices(test, ranked, judge, params.max_slices, params.max_slice_levels, params.min_slice_rows),
        "importance": importance,
        "partial_dependence": explain.partial_dependence(predict, test, ranked, classes, params),
        "alike": [pair._asdict() for pair in alike(test, order[:ALIKE_COLUMNS])],
        "worst": [row | {"reasons": why} for (_, row), why in zip(worst, explained.worst, strict=True)],
        "reasons": explained.summary,
        "decision": decision_of(contract, test, ranked, predicted, model, params, candidate),
        "groups": by_group,
        "certainty": certainty,
        "about": about_of(contract, test, candidate),
        "learning": candidate.facts.get("learning"),
        "judged": judged_of(contract, predicted, certainty, by_group),
        "plots": plots(predicted, contract.problem, importance) | {"reasons": explained.points},
        "resampled": resampled_of(predicted, metric, params.draw),
    }


def about_of(contract: Contract, test: pd.DataFrame, trained: Trained) -> dict[str, Any]:
    """Which model and rows the figures are of."""
    dates: list[str] = []
    if contract.time is not None and contract.time.is_date:
        moments = test[contract.time.name].dropna()
        dates = [str(moments.min())[:10], str(moments.max())[:10]] if len(moments) else []
    return {
        "model": str(trained.facts.get("sha256", ""))[:12],
        "test": sha256(TEST)[:12] if Path(TEST).exists() else "",
        "versions": dict(trained.facts.get("versions", {})),
        "random_state": contract.identity.random_state,
        "dates": dates,
    }


def groups_of(
    contract: Contract, test: pd.DataFrame, predicted: Predicted, params: EvaluateParams
) -> list[dict[str, Any]]:
    """Rates by group of the columns that problem.protected names."""
    y_true, prediction = predicted.y_true, predicted.prediction
    task, confidence = contract.problem.task, params.confidence
    fields = [contract.by_name[name] for name in contract.problem.protected if name in test]
    if task == "binary":
        rates = groups.of_binary(y_true, prediction[:, 1], predicted.decided, confidence)
    elif task == "multiclass":
        rates = groups.of_multiclass(y_true, predicted.decided)
    else:
        rates = groups.of_regression(y_true, prediction, confidence)
    return groups.groups(test, fields, rates, params.min_slice_rows, task == "binary")


def certainty_of(
    model: Model,
    ranked: list[Field],
    test: pd.DataFrame,
    judge: Judge,
    predicted: Predicted,
    params: EvaluateParams,
) -> dict[str, Any] | None:
    """How well intervals, or sets of classes, hold; None where the model has none."""
    if model.conformal is None:
        return None
    y_true, level = predicted.y_true, model.conformal.level
    if predicted.intervals is not None:
        found = sure.of_intervals(predicted.intervals, y_true, level)
        inside, width = covered(predicted.intervals, y_true), np.diff(predicted.intervals, axis=1)[:, 0]
    else:
        assert predicted.sets is not None
        found = sure.of_sets(predicted.sets, y_true, level, model.classes)
        inside, width = contains(predicted.sets, y_true), predicted.sets.sum(axis=1)
    parts = list(parts_of(test, ranked, judge, params.max_slice_levels, params.min_slice_rows))[: params.max_slices]
    return found | {"slices": sure.by_slice(parts, inside, width, level, params.confidence)}


def decision_of(
    contract: Contract,
    test: pd.DataFrame,
    ranked: list[Field],
    predicted: Predicted,
    model: Model,
    params: EvaluateParams,
    candidate: Trained,
) -> dict[str, Any]:
    problem, y_true, prediction = contract.problem, predicted.y_true, predicted.prediction
    if problem.task == "binary":
        chance = prediction[:, 1]
        return decision.of_binary(y_true, chance, model.threshold, problem, params.draw, candidate)
    if problem.task == "multiclass":
        return decision.of_multiclass(y_true, predicted.decided, list(problem.classes))
    return decision.of_regression(y_true, prediction, test, ranked, problem, params.confidence)


def judged_of(
    contract: Contract, predicted: Predicted, certainty: dict[str, Any] | None, by_group: list[dict[str, Any]]
) -> dict[str, float | None]:
    """What criteria may name beside metrics; None where it is not known."""
    problem = contract.problem
    out: dict[str, float | None] = {"coverage": certainty["coverage"]["value"] if certainty else None}
    if problem.task == "binary":
        out |= groups.judged(by_group)
    if problem.tolerance:
        inside = decision.within(predicted.y_true, predicted.prediction, dict(problem.tolerance))
        out["within_tolerance"] = float(inside.mean())
    return out


def score_rows(model: Model, contract: Contract, test: pd.DataFrame, at: Workplace | None = None) -> Predicted:
    classes = list(contract.problem.classes)
    prediction = predictions(model, test, at)
    return Predicted(
        y_true=encode_target(test[contract.problem.target], contract, TEST),
        prediction=prediction,
        decided=codes(model, prediction, classes) if classes else prediction,
        baseline=model.baseline_predictions(len(test)),
        weight=sample_weight(test, contract, TEST),
        intervals=model.intervals(test, prediction),
        sets=model.class_sets(prediction),
    )


def predictions(model: Model, frame: pd.DataFrame, at: Workplace | None = None) -> Array:
    """(n, k) probabilities or n values, all of them numbers. The rows are answered `PART` at a time wherever that is done."""
    features = frame[[name for name in frame.columns if name in model.columns]]
    parts = (features.iloc[begin : begin + PART] for begin in range(0, max(len(frame), 1), PART))
    done = (at or Workplace(1)).map(partial(answered, model=model), parts, "evaluate: answers")
    prediction = np.concatenate(list(done))
    wrong = ~np.isfinite(prediction.reshape(len(frame), -1)).all(axis=1)
    if wrong.any():
        first = frame[SOURCE].iloc[int(wrong.argmax())]
        raise UserError(
            f"models/candidate gives no number for {wrong.sum()} of {len(frame)} rows (first: {first}); train again: "
            "`dvc repro --single-item --force train`"
        )
    return prediction


def answered(frame: pd.DataFrame, model: Model) -> Array:
    return np.asarray(model.predictions(frame), dtype=float)


def all_scores(predicted: Predicted, task: str, draw: Draw) -> dict[str, dict[str, float]]:
    """{metric: its value, interval and the baseline's value}."""
    names = metrics_for(task)
    judged = [predicted.judged(name) for name in names]
    intervals = bootstrap_all(names, predicted.y_true, judged, draw, weight=predicted.weight)
    found = {}
    for name, (value, low, high) in zip(names, intervals, strict=True):
        baseline = METRICS[name].function(predicted.y_true, predicted.baseline, predicted.weight)
        found[name] = {"value": value, "low": low, "high": high, "baseline": baseline}
    return found


def resampled_of(predicted: Predicted, metric: str, draw: Draw) -> dict[str, Any]:
    """The score of each resample: with those of another model on the same rows they give the difference of the two, and its
    interval, where neither model is at hand any more (make compare)."""
    _, scores = resampled(metric, predicted.y_true, predicted.judged(metric), draw, predicted.weight)
    # as one text: a list would be as many lines in Git
    text = " ".join(f"{score:.6g}" for score in scores)
    return {"metric": metric, **asdict(draw), "scores": text}


def gain_over_baseline(predicted: Predicted, metric: str, draw: Draw) -> dict[str, float]:
    y_pred, baseline = predicted.judged(metric), predicted.judged_baseline(metric)
    value, low, high = paired_difference(metric, predicted.y_true, y_pred, baseline, draw, predicted.weight)
    return {"value": value, "low": low, "high": high}


def importance_of(
    model: Model, contract: Contract, test: pd.DataFrame, predicted: Predicted, params: EvaluateParams
) -> list[dict[str, Any]]:
    metric, classes = contract.problem.metric, list(contract.problem.classes)

    def judged(frame: pd.DataFrame) -> Array:
        prediction = predictions(model, frame)
        return codes(model, prediction, classes) if METRICS[metric].needs == "classes" else prediction

    columns = [field.name for field in contract.features]
    # a bar for a person who waits, none in a pipe or a log
    progress = partial(tqdm, desc="importance", unit="column", file=sys.stderr, leave=False, disable=None)
    return explain.permutation_importance(
        judged, test, columns, metric, predicted.y_true, predicted.weight, params, progress
    )


# ---- plots --------------------------------------------------------------------------------------------------------


def plots(predicted: Predicted, problem: Problem, importance: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """The tables under reports/plots: four that `dvc plots` draws, and detail, from which report draws the rest."""
    y_true, prediction, classes = predicted.y_true, predicted.prediction, list(problem.classes)
    if classes:
        x, y = curves.thinned(*curves.mean_roc(y_true, prediction))
        baseline = x  # of guessing
        counts, labels = curves.confusion(y_true, predicted.decided, classes, curves.CLASSES_SHOWN)
        detail = curves_by_class(y_true, prediction, classes)
    else:
        x, y = curves.thinned(*curves.within_error(y_true, prediction))
        baseline = curves.share_within(x, y_true, predicted.baseline)
        cuts, fifths = curves.fifths(y_true)
        of_true, of_predicted = np.searchsorted(cuts, y_true), np.searchsorted(cuts, prediction)
        counts, labels = curves.confusion(of_true, of_predicted, fifths, curves.CLASSES_SHOWN)
        some = np.linspace(0, len(y_true) - 1, min(len(y_true), 800)).astype(int)
        detail = [_line("points", "", prediction[some], y_true[some])]
    curve = pd.DataFrame({"x": x, "y": y, "baseline": baseline})
    bins = pd.DataFrame(curves.calibration(y_true, prediction))
    pairs = [(labels[i], labels[j]) for i, j in curves.rows_of(counts, CONFUSION_ROWS)]
    matrix = pd.DataFrame(pairs, columns=["actual", "predicted"])
    bars = pd.DataFrame(importance[:20], columns=["column", "importance", "low", "high"])
    return {
        "curve": titles.titled(curve, *titles.curve(problem)),
        "calibration": titles.titled(bins, *titles.calibration(problem)),
        "confusion": titles.titled(matrix, titles.confusion(problem)),
        "importance": titles.titled(bars, *titles.importance(problem)),
        "detail": pd.concat(detail, ignore_index=True),
    }


def curves_by_class(y_true: Array, prediction: Array, classes: list[str]) -> list[pd.DataFrame]:
    """ROC and precision over recall: of two classes the positive one's, else those of the most frequent."""
    shown = [1]
    if len(classes) > 2:
        frequency = np.bincount(y_true, minlength=len(classes))
        shown = np.argsort(-frequency, kind="stable")[:6].tolist()
    lines = []
    for chart, points in (("roc", curves.roc), ("precision_recall", curves.precision_recall)):
        for code in shown:
            x, y = curves.thinned(*points(y_true == code, prediction[:, code]))
            lines.append(_line(chart, classes[code], x, y))
    return lines


def _line(chart: str, label: str, x: Array, y: Array) -> pd.DataFrame:
    return pd.DataFrame({"chart": chart, "label": label, "x": x, "y": y})


def rounded(value: Any) -> Any:
    """Floats to six significant digits: the last ones differ between processors, and a diff should not."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return float(f"{float(value):.6g}") if isinstance(value, float | np.floating) else value
