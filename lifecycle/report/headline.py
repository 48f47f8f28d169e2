"""What the report says first: the verdict in words, and three figures that need no statistics."""

from __future__ import annotations

from typing import Any

from lifecycle.ground.words import as_scores, brief, count, percent, short
from lifecycle.report.glossary import better_is, meaning, term


def verdict(evaluation: dict[str, Any]) -> str:
    """The score beside the baseline, in words, the conclusion first."""
    metric, score = evaluation["metric"], evaluation["score"]
    gain, name = score["gain"], term(metric)
    rows, unseen = f"{evaluation['n_rows']:,} rows", "it never saw"
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
        naive = "predicts each class by its share of the training rows"
    value, low, high, baseline = as_scores([score[key] for key in ("value", "low", "high", "baseline")])
    second = (
        f"{name} is {value} ({percent(evaluation['confidence'])} interval {low} to {high}; {better_is(metric)} is better), "
        f"against {baseline} for the baseline, which {naive}"
    )
    return f"{first} {second}. {name}: {meaning(metric, evaluation['classes'])}."


def figures(target: str, evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    """Three figures that need no statistics to read, each with what it says."""
    rows = (count(evaluation["n_rows"]), "test rows, set apart before any model was fitted")
    if evaluation["classes"]:
        return [*figures_of_classes(evaluation), rows]
    return [*figures_of_values(target, evaluation), rows]


def figures_of_classes(evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    scores, classes = evaluation["metrics"], evaluation["classes"]
    right = scores["accuracy"]
    always = f"accuracy: share of rows predicted correctly; always predicting the most frequent class: {percent(right['baseline'])}"
    if len(classes) == 2:
        second = scores["roc_auc"]
        says = (
            f"ROC AUC: how often a “{brief(classes[1])}” row gets a higher probability than another row; guessing: 50%"
        )
    else:
        second = scores["balanced_accuracy"]
        says = "balanced accuracy: share of each class predicted correctly, averaged over the classes"
    return [(percent(right["value"]), always), (percent(second["value"]), says)]


def figures_of_values(target: str, evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    scores = evaluation["metrics"]
    near = scores["median_absolute_error"]
    off = f"median absolute error: half of the predictions are closer than this; always predicting the mean: ± {short(near['baseline'], 3)}"
    return [
        (f"± {short(near['value'], 3)}", off),
        (percent(scores["r2"]["value"]), f"R²: share of the variance of {target} that is explained"),
    ]
