"""What the report says of an evaluation: metrics, curves, slices, importance, worst errors. Each returns a section."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecycle.evaluate.curves import CLASSES_SHOWN
from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import between, cut, percent, short
from lifecycle.report import charts
from lifecycle.report.page import escape, figure, section, table

WORDS = {  # metric: (its name, what it says)
    "log_loss": ("Log loss", "how surprised the probabilities are by what came true; certain and wrong costs most"),
    "roc_auc": ("ROC AUC", "how often a row of the class is ranked above one that is not; 0.5 is guessing"),
    "average_precision": (
        "Average precision",
        "precision, averaged over all recalls; guessing gives the class's share",
    ),
    "brier_score": ("Brier score", "mean squared distance between probability and what came true"),
    "ece": ("Calibration error", "how far probabilities are from observed frequencies, on average"),
    "accuracy": ("Accuracy", "share of rows given the right class"),
    "balanced_accuracy": ("Balanced accuracy", "recall, averaged over the classes"),
    "f1": ("F1", "harmonic mean of precision and recall of the positive class"),
    "f1_macro": ("F1, macro", "F1, averaged over the classes"),
    "precision": ("Precision", "of the rows said to be positive, the share that are"),
    "recall": ("Recall", "of the positive rows, the share that is found"),
    "rmse": ("RMSE", "root of the mean squared error, in the target's unit; large errors weigh more"),
    "mae": ("Mean absolute error", "how far off a prediction is on average, in the target's unit"),
    "r2": ("R²", "share of the target's variance that is explained; 0 is the mean's"),
    "median_absolute_error": ("Median absolute error", "half of the predictions are at most this far off"),
    "mape": ("Mean absolute percentage error", "error as a share of the actual value"),
}
IN_UNITS = ("rmse", "mae", "median_absolute_error")  # of the target
SHOWN_SLICES = 30


def better_is(metric: str) -> str:
    return "higher" if METRICS[metric].greater_is_better else "lower"


def fold_gap(evaluation: dict, board: pd.DataFrame) -> str:
    """A sentence where the test score is worse than the chosen model's out of fold, beyond its interval and by a tenth."""
    metric, score = evaluation["metric"], evaluation["score"]
    chosen = board[(board["chosen"] == "True") & (board["metric"] == metric)]
    if not len(chosen) or score["low"] is None:
        return ""
    blend = chosen[chosen["name"] == "blend"]
    fold = float((blend if len(blend) else chosen)["score"].iloc[0])
    # of decisions the folds' score is that of the likeliest class, not by the threshold
    if np.isnan(fold) or METRICS[metric].needs == "classes":
        return ""
    up = METRICS[metric].greater_is_better
    near_end = score["high"] if up else score["low"]
    if (near_end >= fold if up else near_end <= fold) or abs(score["value"] - fold) <= 0.1 * abs(fold):
        return ""
    return (
        f"On the test rows {metric} is {short(score['value'])}, out of fold it was {short(fold)}: they differ from the rows "
        "that were learned, as newer ones do where the world changes, or the search has fitted these too closely."
    )


def metrics_section(evaluation: dict, gap: str = "") -> str:
    names = sorted(evaluation["metrics"], key=lambda name: name != evaluation["metric"])
    rows = []
    for name in names:
        score, (label, meaning) = evaluation["metrics"][name], WORDS[name]
        better = better_is(name)
        if name not in IN_UNITS:  # -2.4e-05 is nothing, unless it is in units of the target
            said = {key: "–" if value is None else f"{round(value, 4) + 0:.4f}" for key, value in score.items()}
            around = f"{said['low']} to {said['high']}" if score["low"] is not None else "–"
        else:
            said, around = {key: short(value) for key, value in score.items()}, between(score["low"], score["high"])
        rows.append([label, said["value"], around, said["baseline"], f"{meaning} ({better} is better)"])
    head = ["Metric", "Test", f"{percent(evaluation['confidence'])} interval", "Baseline", "What it says"]
    body = table(head, rows, numeric=[1, 2, 3], marked=[name == evaluation["metric"] for name in names])
    return section("metrics", "Metrics on the test rows", body + (f"<p>{escape(gap)}</p>" if gap else ""))


def plots_section(evaluation: dict, plots: dict[str, pd.DataFrame], target: str) -> str:
    drawn = (
        classification_plots(evaluation, plots)
        if evaluation["classes"]
        else regression_plots(evaluation, plots, target)
    )
    return section("plots", "How good are the answers?", f'<div class="grid">{"".join(drawn)}</div>')


def classification_plots(evaluation: dict, plots: dict[str, pd.DataFrame]) -> list[str]:
    classes, detail = evaluation["classes"], plots["detail"]
    of = {
        kind: [(str(label), g["x"].to_numpy(), g["y"].to_numpy()) for label, g in rows.groupby("label", sort=False)]
        for kind, rows in detail.groupby("chart")
    }
    which = f" of “{cut(classes[1], 24, middle=True)}”" if len(classes) == 2 else ", each class against the rest"
    most = "" if len(classes) <= 6 else f" The 6 most frequent of {len(classes)} classes."
    few = "Not drawn: the test rows are of one class only."
    told = "probability told" if len(classes) == 2 else "probability of the likeliest class"
    roc = charts.lines("ROC", of.get("roc", []), "false positive rate", "true positive rate", "diagonal")
    recall = charts.lines("Precision and recall", of.get("precision_recall", []), "recall", "precision")
    bins = plots["calibration"].to_dict("records")
    calibration = charts.calibration("Calibration", bins, told, "share that came true", True)
    how = "A row per actual class: blue what is right of it, brown what is not."
    if len(classes) > CLASSES_SHOWN:
        how += f" The {CLASSES_SHOWN - 1} most frequent of {len(classes)} classes."
    return [
        figure(
            "ROC curve" + which, "The nearer to the upper left corner the better; dashed: guessing." + most, roc, few
        ),
        figure(
            "Precision and recall" + which,
            "The share of the found that is right, by the share that is found." + most,
            recall,
            few,
        ),
        figure(
            "Calibration",
            "On the dashed line, what is told at 70% comes true 70% of the time. With 95% intervals.",
            calibration,
        ),
        figure("Confusion", how, confusion_chart(plots["confusion"], classes), wide=len(classes) > 8),
    ]


def regression_plots(evaluation: dict, plots: dict[str, pd.DataFrame], target: str) -> list[str]:
    points, curve = plots["detail"], plots["curve"]
    told, true = points["x"].to_numpy(), points["y"].to_numpy()
    some = f" {len(points):,} of {evaluation['n_rows']:,} test rows." if len(points) < evaluation["n_rows"] else ""
    scatter = charts.points("Predicted and actual", told, true, "predicted", "actual", "equal")
    residuals = charts.points("Residuals", told, true - told, "predicted", "actual − predicted", "zero")
    rec = charts.lines(
        "Share within an error", [("", curve["x"], curve["y"])], "absolute error", "share of rows", unit=False
    )
    bins = plots["calibration"].to_dict("records")
    calibration = charts.calibration("Calibration", bins, "mean predicted", "mean actual", False)
    how = "A row per fifth of the actual values: blue what is predicted in the same range."
    return [
        figure("Predicted and actual", "On the dashed line a prediction is exact." + some, scatter),
        figure("Residuals", "A funnel or a bend means that errors depend on the prediction." + some, residuals),
        figure("Share of rows within an error", "The steeper the better; up to 99% of the rows.", rec),
        figure("Calibration", "Parts of the test rows by prediction, with 95% intervals.", calibration),
        figure(f"Fifths of {cut(target, 30)}", how, confusion_chart(plots["confusion"], [])),
    ]


def confusion_chart(pairs: pd.DataFrame, classes: list[str]) -> str:
    """Labels in the order of `classes`; those that are not among them (fifths, "41 others") after, sorted."""
    seen = set(pairs["actual"]) | set(pairs["predicted"])
    labels = [c for c in classes if c in seen] + sorted(seen - set(classes))
    counts = pd.crosstab(pairs["actual"], pairs["predicted"]).reindex(index=labels, columns=labels, fill_value=0)
    return charts.confusion("Confusion", counts.to_numpy(), labels)


def explanation_section(evaluation: dict, target: str) -> str:
    rows, metric = evaluation["importance"], evaluation["metric"]
    bars = [(r["column"], r["importance"], r["low"], r["high"]) for r in rows[:20] if r["importance"] is not None]
    body = figure(
        "Importance" + (f" of the first 20 of {len(rows)} columns" if len(rows) > 20 else ""),
        f"How much worse {WORDS[metric][0]} gets when one column is shuffled among the test rows. Columns that say the same "
        "hide each other.",
        charts.intervals("Importance", bars, f"worse by ({WORDS[metric][0]})", {"no difference": 0.0}),
        wide=True,
    )
    features = evaluation["partial_dependence"]
    if features:
        means = [m for f in features for line in f["lines"] for m in line["mean"]]
        if len(evaluation["classes"]) == 2:
            said, of = "mean probability", f"probability of “{cut(evaluation['classes'][1], 24, middle=True)}”"
        else:
            said, of = (
                ("mean probability", "probability") if evaluation["classes"] else ("mean prediction", "prediction")
            )
        ends = min(means), max(means)
        drawn = [
            figure(f["column"], "", charts.dependence(f"Dependence {i}", f, said, ends)) for i, f in enumerate(features)
        ]
        how = f"The mean {of} when the column is set to each value in all rows, whatever the other columns say."
        grid = f"<div class='grid'>{''.join(drawn)}</div>"
        body += f"<h3>Dependence on the main columns</h3><p>{escape(how)}</p>{grid}"
    return section("explanation", "What does it look at?", body)


def slices_section(evaluation: dict) -> str:
    found, score, metric = evaluation["slices"], evaluation["score"], evaluation["metric"]
    label, title = WORDS[metric][0], "Where is it weaker?"
    if not found:
        return section("slices", title, "<p>No part of the test rows is large enough to be scored by itself.</p>")
    heading = f"{label} by slice"
    if len(found) > SHOWN_SLICES:
        heading += f": the {SHOWN_SLICES} worst of {len(found)}"
        sign = 1 if METRICS[metric].greater_is_better else -1
        found = sorted(found, key=lambda s: sign * s["score"])[:SHOWN_SLICES]
    rows = [
        (
            f"{cut(s['column'], 22, middle=True)}: {cut(s['level'], 22, middle=True)} ({s['n']:,})",
            s["score"],
            s["low"],
            s["high"],
        )
        for s in found
    ]
    how = (
        f"Dots with {percent(evaluation['confidence'])} intervals, number of rows in brackets; {better_is(metric)} is "
        "better. Among many slices some look bad by chance."
    )
    lines = {"all rows": score["value"], "baseline": score["baseline"]}
    drawn = charts.intervals("Slices", rows, label, {k: v for k, v in lines.items() if v is not None})
    return section("slices", title, figure(heading, how, drawn, wide=True))


def worst_section(evaluation: dict) -> str:
    rows, classes = evaluation["worst"], evaluation["classes"]
    if not rows:
        return section("errors", "Worst errors", "<p>No test row is answered wrongly.</p>")
    columns = list(rows[0]["cells"])
    head = [
        "Source",
        "Actual",
        "Predicted",
        "P(actual)" if classes else "Error",
        *(cut(c, 24, middle=True) for c in columns),
    ]
    body = [
        [
            r["source"],
            cell(r["actual"]),
            cell(r["predicted"]),
            percent(r["probability"]) if classes else cell(r["error"]),
        ]
        + [cell(r["cells"][c]) for c in columns]
        for r in rows
    ]
    text = "<p>The rows that it is most wrong about, with the columns that matter most: often a wrong label, or a cause that no column holds.</p>"
    numeric = [3] if classes else [1, 2, 3]
    return section("errors", "Worst errors", text + table(head, body, numeric=numeric))


def cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return short(value) if isinstance(value, int | float) else cut(value, 60)
