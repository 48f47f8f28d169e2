"""What the report's templates ask for beyond the plain facts: sentences, rows of tables, and charts with their captions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.evaluate.curves import CLASSES_SHOWN
from lifecycle.evaluate.slices import described, ranked
from lifecycle.ground.metrics import METRICS, skill
from lifecycle.ground.words import alike, as_scores, between, count, cut, percent, plain, short
from lifecycle.report import charts
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.glossary import IN_UNITS, better_is, meaning, term
from lifecycle.table.contract import Contract, Field

CURVES_SHOWN = 6  # of more classes
SHOWN_SLICES = 30
SHOWN_IMPORTANCE = 20


class Figure(NamedTuple):
    title: str
    how: str  # to read it
    svg: str
    empty: str = "Nothing to draw."
    wide: bool = False


def brief(label: Any) -> str:
    """A name that fits a title."""
    return cut(label, 24, middle=True)


# ---- headline -----------------------------------------------------------------------------------------------------


def verdict(evaluation: dict[str, Any]) -> str:
    """The score beside the baseline, in words, the conclusion first."""
    metric, score = evaluation["metric"], evaluation["score"]
    gain, name = score["gain"], term(metric)
    rows, unseen = f"{evaluation['n_rows']:,} rows", "that it never saw"
    if score["value"] is None:
        return f"{name} cannot be computed on the {rows} {unseen}; choose another problem.metric, or more test rows."
    if gain["low"] is not None and gain["low"] > 0:
        first = f"Clearly better than the naive baseline, on {rows} {unseen}."
    elif gain["high"] is not None and gain["high"] < 0:
        first = f"Worse than the naive baseline, on {rows} {unseen}."
    else:
        first = f"On {rows} {unseen} it may be no better than the naive baseline."
    naive = "always predicts the mean"
    if evaluation["classes"]:
        naive = "gives each class its share of the training rows"
    second = (
        f"{name} is {exact(score['value'])} ({percent(evaluation['confidence'])} interval "
        f"{between(score['low'], score['high'])}; {better_is(metric)} is better); "
        f"the baseline, which {naive}, has {exact(score['baseline'])}"
    )
    if gain["value"] is not None:
        second += f", a difference of {exact(abs(gain['value']))}"
    return f"{first} {second}. {name}: {meaning(metric, evaluation['classes'])}."


def exact(value: float | None) -> str:
    return short(value, 3, zeros=True)


def figures(target: str, evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    """Three figures that need no statistics to read, each with what it says."""
    rows = (count(evaluation["n_rows"]), "test rows, kept apart before any model was fitted")
    if evaluation["classes"]:
        return [*figures_of_classes(evaluation), rows]
    return [*figures_of_values(target, evaluation), rows]


def figures_of_classes(evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    scores, classes = evaluation["metrics"], evaluation["classes"]
    right = scores["accuracy"]
    always = (
        f"accuracy: rows given the right class; always predicting the most frequent one: {percent(right['baseline'])}"
    )
    if len(classes) == 2:
        second = scores["roc_auc"]
        says = f"ROC AUC: pairs in which the “{brief(classes[1])}” row gets the higher probability; guessing: 50%"
    else:
        second = scores["balanced_accuracy"]
        says = "balanced accuracy: rows given the right class when each class counts the same"
    return [(percent(right["value"]), always), (percent(second["value"]), says)]


def figures_of_values(target: str, evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    scores = evaluation["metrics"]
    near = scores["median_absolute_error"]
    off = (
        f"half of the predictions are at most this far off; always predicting the mean: ± {short(near['baseline'], 3)}"
    )
    return [
        (f"± {short(near['value'], 3)}", off),
        (percent(scores["r2"]["value"]), f"R²: of the variance of {target} is explained"),
    ]


# ---- data ---------------------------------------------------------------------------------------------------------


def reasons(cleaning: dict[str, Any]) -> list[tuple[str, int]]:
    """Why rows were set aside, the most frequent reason first."""
    return sorted(cleaning["reasons"].items(), key=lambda item: (-item[1], item[0]))


def columns(contract: Contract, profile: dict[str, Any], cleaning: dict[str, Any]) -> dict[str, Any]:
    """The table of columns as `head`, `rows` and which of them are `numeric`, without a column that says nothing."""
    head = ["Column", "Type", "Role", "Filled", "Distinct", "Unreadable cells", "Values", "Remark"]
    rows = [column(field, profile, cleaning) for field in contract.fields]
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return {
        "head": [head[i] for i in used],
        "rows": [[row[i] for i in used] for row in rows],
        "numeric": [used.index(i) for i in (3, 4, 5) if i in used],
    }


def column(field: Field, profile: dict[str, Any], cleaning: dict[str, Any]) -> list[str]:
    facts = profile["columns"].get(field.name, {})
    cells = cleaning["cells"].get(field.name, {})
    filled = distinct = short(None)
    if facts:
        distinct = count(facts["distinct"])
    if facts and profile["rows"]:
        filled = percent(facts["filled"] / profile["rows"])
    unreadable = cells.get("corrupt", 0) + cells.get("out_of_range", 0)
    return [
        cut(field.name, 40, middle=True),
        field.type,
        field.role,
        filled,
        distinct,
        count(unreadable) if unreadable else "",
        values_of(field, facts),
        cut(field.reason, 160),
    ]


def values_of(field: Field, facts: dict[str, Any]) -> str:
    """The range or the categories seen; examples where there are none."""
    if field.minimum is not None and field.maximum is not None:
        return f"{plain(field.minimum)} to {plain(field.maximum)}"
    values = field.levels or facts.get("examples") or []
    more = f", … ({len(values)})" if len(values) > 4 else ""
    return ", ".join(cut(value, 20, middle=True) for value in values[:4]) + more


# ---- model --------------------------------------------------------------------------------------------------------

HEADINGS = {
    "name": "Candidate", "metric": "Metric", "score": "Cross-validated", "score_std": "± between folds", "weight": "Share of the blend",
    "size_mb": "Size, MB", "latency_units": "Time a row, ms (counted)", "rounds": "Boosting rounds",
}  # fmt: skip


def leaderboard(board: pd.DataFrame) -> dict[str, Any]:
    """Every candidate that was tried, the best first; a column for each fact that train wrote."""
    chosen = board["chosen"] == "True"
    if chosen.sum() > 1:  # the model is their blend; how much of each is in it, the weights say
        chosen &= board["name"] == "blend"
    facts = board.drop(columns="chosen")
    facts["name"] = facts["name"].where(~chosen, facts["name"] + " ← chosen")
    numeric = [i for i, name in enumerate(facts.columns) if pd.api.types.is_numeric_dtype(facts[name])]
    for name in facts.columns[numeric]:
        facts[name] = candidate_numbers(name, facts[name])
    return {
        "head": [HEADINGS.get(name, name.replace("_", " ").capitalize()) for name in facts.columns],
        "rows": facts.to_numpy().tolist(),
        "numeric": numeric,
        "marked": chosen.tolist(),
    }


def candidate_numbers(name: str, values: pd.Series) -> list[str]:
    """Nothing is said better by a blank; scores are compared digit by digit, of the rest the size is enough."""
    texts = [short(value, 3) if pd.notna(value) else "" for value in values]
    if name == "score":
        texts = as_scores(values)
    if name == "score_std":
        texts = alike(values)
    return ["" if pd.isna(value) or value == 0 else text for text, value in zip(texts, values, strict=True)]


def fold_gap(evaluation: dict[str, Any], board: pd.DataFrame) -> str:
    """A sentence where the test score is worse than the chosen model's out of fold, beyond its interval and by a tenth."""
    metric, score = evaluation["metric"], evaluation["score"]
    fold = out_of_fold(board, metric)
    # of decisions the folds' score is that of the likeliest class, not by the threshold
    if fold is None or score["low"] is None or METRICS[metric].needs == "classes":
        return ""
    near_end = score["low"]
    worse = near_end > fold
    if METRICS[metric].greater_is_better:
        near_end = score["high"]
        worse = near_end < fold
    if not worse or abs(score["value"] - fold) <= 0.1 * abs(fold):
        return ""
    return (
        f"On the test rows {metric} is {short(score['value'])}, out of fold it was {short(fold)}: they differ from the rows "
        "that were learned, as newer ones do where the world changes, or the search has fitted these too closely."
    )


def out_of_fold(board: pd.DataFrame, metric: str) -> float | None:
    """The chosen model's score by cross-validation; None where the board is of another metric."""
    chosen = board[(board["chosen"] == "True") & (board["metric"] == metric)]
    blend = chosen[chosen["name"] == "blend"]
    if len(blend):
        chosen = blend
    if not len(chosen) or np.isnan(chosen["score"].iloc[0]):
        return None
    return float(chosen["score"].iloc[0])


# ---- metrics and curves -------------------------------------------------------------------------------------------


def metrics(evaluation: dict[str, Any]) -> dict[str, Any]:
    """A row for each metric, that of the problem first."""
    names = sorted(evaluation["metrics"], key=lambda name: name != evaluation["metric"])
    rows = []
    for name in names:
        score = evaluation["metrics"][name]
        value, low, high, baseline = (as_metric(name, score[key]) for key in ("value", "low", "high", "baseline"))
        around = short(None)
        if score["low"] is not None:
            around = f"{low} to {high}"
        says = f"{meaning(name, evaluation['classes'])} ({better_is(name)} is better)"
        rows.append([term(name), value, around, baseline, says])
    return {
        "head": ["Metric", "Test", f"{percent(evaluation['confidence'])} interval", "Baseline", "What it says"],
        "rows": rows,
        "numeric": [1, 2, 3],
        "marked": [name == evaluation["metric"] for name in names],
    }


def as_metric(name: str, value: float | None) -> str:
    if value is None or name in IN_UNITS:
        return short(value)
    return f"{round(value, 4) + 0:.4f}"  # -2.4e-05 is nothing, unless it is in units of the target


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
    how = "A row for each actual class: the share predicted right in blue, wrong in brown."
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
            "Precision: of the rows predicted to be of the class, the share that is. Recall: of the rows of the class, "
            f"the share that is predicted.{most}",
            recall,
            few,
        ),
        Figure(
            "Calibration",
            "On the dashed line, what is predicted with 70% comes true 70% of the time. With 95% intervals.",
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
        Figure("Residuals", f"A funnel or a bend means that errors depend on the prediction.{some}", residuals),
        Figure("Share of rows within an error", "The steeper the better; up to 99% of the rows.", rec),
        Figure("Calibration", "Groups of test rows by prediction, with 95% intervals.", calibration),
        Figure(
            f"Fifths of {cut(target, 30)}",
            "A row for each fifth of the actual values: the share predicted in the same range in blue.",
            fifths,
        ),
    ]


def confusion_chart(pairs: pd.DataFrame, classes: list[str]) -> str:
    """Labels in the order of `classes`; those that are not among them (fifths, "41 others") after, sorted."""
    seen = set(pairs["actual"]) | set(pairs["predicted"])
    labels = [c for c in classes if c in seen] + sorted(seen - set(classes))
    counts = pd.crosstab(pairs["actual"], pairs["predicted"]).reindex(index=labels, columns=labels, fill_value=0)
    return charts.confusion("Confusion", counts.to_numpy(), labels)


# ---- slices, explanations, errors ---------------------------------------------------------------------------------


def weakest_slice(evaluation: dict[str, Any]) -> str:
    """Sentences that name it, and say whether it may be chance."""
    first, metric = ranked(evaluation["slices"])[0], term(evaluation["slice_metric"])
    chance = "It is significantly weaker than the other rows."
    if not first["weaker"]:
        chance = "No slice is significantly weaker than the other rows: it may be chance."
        if any(one["weaker"] for one in evaluation["slices"]):
            chance = "It may be chance: the slices that are significantly weaker are marked below."
    sentences = f"The weakest slice is {described(first, metric)}. {chance}"
    if len(first["where"]) > 1:
        sentences += f" Of one column alone it is {described(slices_of(evaluation, 1)[0], metric)}."
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
    return plot("skill over the slice's own baseline", rows, marks)


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
    return plot(f"worse by ({term(evaluation['metric'])})", rows, {"no difference": 0.0})


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
