"""What the report draws, each with its title and how to read it: curves, slices, importance, dependence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.evaluate.curves import CLASSES_SHOWN
from lifecycle.evaluate.slices import described, ranked
from lifecycle.ground.metrics import skill
from lifecycle.ground.words import alike, brief, count, cut, exact
from lifecycle.report import charts
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.glossary import inline, term
from lifecycle.table.contract import Contract

CURVES_SHOWN = 6  # of more classes
SHOWN_SLICES = 30
SHOWN_IMPORTANCE = 20


class Figure(NamedTuple):
    title: str
    how: str  # to read it
    svg: str
    empty: str = "Nothing to draw."
    wide: bool = False


# ---- curves ------------------------------------------------------------------------------------------------------


def curves(evaluation: dict[str, Any], plots: dict[str, pd.DataFrame], target: str) -> list[Figure]:
    if evaluation["classes"]:
        return curves_of_classes(evaluation, plots)
    return curves_of_values(evaluation, plots, target)


def curves_of_classes(evaluation: dict[str, Any], plots: dict[str, pd.DataFrame]) -> list[Figure]:
    classes = evaluation["classes"]
    which, told = ", each class against the rest", "predicted probability of the likeliest class"
    if len(classes) == 2:
        which, told = f" of “{brief(classes[1])}”", f"predicted probability of “{brief(classes[1])}”"
    most = ""
    if len(classes) > CURVES_SHOWN:
        most = f" The {CURVES_SHOWN} most frequent of {len(classes)} classes."
    colours = palette(evaluation)
    few = "Not drawn: the test rows are of one class only."
    roc = charts.lines(
        "ROC", series(plots["detail"], "roc"), "false positive rate", "true positive rate", "diagonal", colours=colours
    )
    recall = charts.lines(
        "Precision and recall", series(plots["detail"], "precision_recall"), "recall", "precision", colours=colours
    )
    bins = records(plots["calibration"])
    calibration = charts.calibration("Calibration", bins, told, "observed share", True)
    how = "One row per actual class: the share predicted correctly in blue, the rest in brown."
    if len(classes) > CLASSES_SHOWN:
        how += f" The {CLASSES_SHOWN - 1} most frequent of {len(classes)} classes."
    matrix = confusion_chart(plots["confusion"], classes)
    return [
        Figure(
            f"ROC curve{which}",
            f"The nearer to the upper left corner the better; the dashed line is guessing.{most}",
            roc,
            few,
        ),
        Figure(
            f"Precision–recall curve{which}",
            "Precision: of the rows predicted to be in the class, the share that is. Recall: of the rows in the class, "
            f"the share that the model finds.{most}",
            recall,
            few,
        ),
        Figure(
            "Calibration",
            "On the dashed line, what is predicted with a probability of 70% comes true 70% of the time. Bars: 95% intervals.",
            calibration,
        ),
        Figure("Confusion matrix", how, matrix, wide=len(classes) > 8),
    ]


def records(table: pd.DataFrame) -> list[dict[str, float]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def palette(evaluation: dict[str, Any]) -> dict[str, str]:
    """{class: its colour}, the same in each chart; of many classes the most frequent have one. "" is a regression's line."""
    if not evaluation["classes"]:
        return {"": charts.COLOURS[0]}
    classes = sorted(zip(evaluation["classes"], evaluation["class_rows"], strict=True), key=lambda one: -one[1])
    shown = {name for name, _ in classes[:CURVES_SHOWN]}
    if len(evaluation["classes"]) == 2:
        shown = {evaluation["classes"][1]}
    names = [name for name in evaluation["classes"] if name in shown]
    return dict(zip(names, charts.COLOURS, strict=False))


def series(detail: pd.DataFrame, chart: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(label, x, y) of each line of that chart."""
    rows = detail[detail["chart"] == chart]
    return [(str(label), g["x"].to_numpy(), g["y"].to_numpy()) for label, g in rows.groupby("label", sort=False)]


def curves_of_values(evaluation: dict[str, Any], plots: dict[str, pd.DataFrame], target: str) -> list[Figure]:
    points, curve = plots["detail"], plots["curve"]
    predicted, actual = points["x"].to_numpy(), points["y"].to_numpy()
    some = ""
    if len(points) < evaluation["n_rows"]:
        some = f" {len(points):,} of {evaluation['n_rows']:,} test rows."
    scatter = charts.points("Predicted and actual", predicted, actual, "predicted", "actual", "equal")
    residuals = charts.points("Residuals", predicted, actual - predicted, "predicted", "actual − predicted", "zero")
    within = [("", curve["x"], curve["y"])]
    rec = charts.lines("Share within an error", within, "absolute error", "share of rows", unit=False)
    bins = records(plots["calibration"])
    calibration = charts.calibration("Calibration", bins, "mean predicted", "mean actual", False)
    fifths = confusion_chart(plots["confusion"], [])
    return [
        Figure("Predicted and actual", f"On the dashed line a prediction is exact.{some}", scatter),
        Figure(
            "Residuals", f"A funnel or a bend means that the errors depend on the predicted value.{some}", residuals
        ),
        Figure(
            "Share of rows within an error",
            "The steeper the better. Drawn for the 99% of rows with the smallest errors.",
            rec,
        ),
        Figure(
            "Calibration",
            "Test rows grouped by predicted value, with 95% intervals; ideally on the dashed line.",
            calibration,
        ),
        Figure(
            f"Fifths of {cut(target, 30)}",
            "One row per fifth of the actual values: the share predicted in the same range in blue.",
            fifths,
        ),
    ]


def confusion_chart(pairs: pd.DataFrame, classes: list[str]) -> str:
    """Labels in the order of `classes`; those that are not among them (fifths, "41 others") after, sorted."""
    seen = set(pairs["actual"]) | set(pairs["predicted"])
    labels = [c for c in classes if c in seen] + sorted(seen - set(classes))
    counts = pd.crosstab(pairs["actual"], pairs["predicted"]).reindex(index=labels, columns=labels, fill_value=0)
    return charts.confusion("Confusion", counts.to_numpy(), labels)


# ---- slices and explanations --------------------------------------------------------------------------------------


def weakest_slice(evaluation: dict[str, Any]) -> str:
    """Sentences that name it, and say whether it may be chance."""
    first, metric = ranked(evaluation["slices"])[0], inline(evaluation["slice_metric"])
    chance = "It is significantly weaker than the other rows."
    if not first["weaker"]:
        chance = "No slice is significantly weaker than the other rows: it may be chance."
        if any(one["weaker"] for one in evaluation["slices"]):
            chance = "It may be chance: the slices that are significantly weaker are marked below."
    sentences = f"The weakest slice is {described(first, metric)}. {chance}"
    if len(first["where"]) > 1:
        sentences += f" Among slices of a single column it is {described(slices_of(evaluation, 1)[0], metric)}."
    return sentences


def slices_of(evaluation: dict[str, Any], columns: int) -> list[dict[str, Any]]:
    """Those of so many columns that have a skill, the weakest first."""
    found = ranked(evaluation["slices"])
    return [one for one in found if one["skill"] is not None and len(one["where"]) == columns]


def slices(evaluation: dict[str, Any], columns: int) -> Plot:
    """By skill over each slice's own baseline, the weakest first."""
    rows = []
    for one in slices_of(evaluation, columns)[:SHOWN_SLICES]:
        where = " and ".join(f"{brief(column)} = {brief(level)}" for column, level in one["where"])
        scores = f"{exact(one['score'])} / {exact(one['baseline'])}"
        interval = (one["skill"], one["skill_low"], one["skill_high"])
        rows.append(Row(where, *interval, f"({count(one['n'])})", scores, one["weaker"]))
    marks = {"baseline": 0.0, "all rows": skill_of_all(evaluation)}
    return plot("skill over the baseline on the slice's own rows", rows, marks)


def skill_of_all(evaluation: dict[str, Any]) -> float | None:
    metric = evaluation["slice_metric"]
    score = evaluation["metrics"][metric]
    if score["value"] is None or score["baseline"] is None:
        return None
    value = skill(metric, score["value"], score["baseline"])
    return float(value) if np.isfinite(value) else None


def importance(evaluation: dict[str, Any]) -> Plot:
    found = [one for one in evaluation["importance"][:SHOWN_IMPORTANCE] if one["importance"] is not None]
    texts = alike(one["importance"] for one in found)
    rows = [
        Row(cut(one["column"], 58, middle=True), one["importance"], one["low"], one["high"], text=text)
        for one, text in zip(found, texts, strict=True)
    ]
    return plot(f"{term(evaluation['metric'])} gets worse by", rows, {"no difference": 0.0})


def averaged(classes: list[str]) -> str:
    """What is averaged to show how the predictions depend on a column."""
    if len(classes) == 2:
        return f"probability of “{brief(classes[1])}”"
    return "probability" if classes else "prediction"


def in_words(column: str, value: Any, contract: Contract) -> Any:
    """A cell in the table's own words: what it calls true and false."""
    if isinstance(value, bool) and column in contract.by_name:
        return contract.by_name[column].boolean_word(value)
    return value


def dependence(evaluation: dict[str, Any], contract: Contract) -> list[Figure]:
    features = evaluation["partial_dependence"]
    means = [mean for feature in features for line in feature["lines"] for mean in line["mean"]]
    label = "mean probability" if evaluation["classes"] else "mean prediction"
    drawn = []
    for i, feature in enumerate(features):
        values = [in_words(feature["column"], value, contract) for value in feature["values"]]
        svg = charts.dependence(
            f"Dependence {i}", feature | {"values": values}, label, (min(means), max(means)), palette(evaluation)
        )
        drawn.append(Figure(feature["column"], "", svg))
    return drawn
