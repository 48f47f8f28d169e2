"""What the report says first: the verdict in words, and three figures that need no statistics."""

from __future__ import annotations

from typing import Any

from lifecycle.ground.words import between, brief, count, exact, percent, short
from lifecycle.report.glossary import better_is, meaning, term


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


def provenance(evaluation: dict[str, Any]) -> str:
    """Which model, rows and libraries a page is about, so that they can be found again."""
    about = evaluation["about"]
    said = []
    if about["model"]:
        said.append(f"Model {about['model']} (SHA-256 of model.joblib)")
    said.append(f"test rows by draw {about['random_state']}")
    if about["dates"]:
        said.append(f"test rows from {about['dates'][0]} to {about['dates'][1]}")
    said += [f"{name} {version}" for name, version in about["versions"].items()]
    return f"{'; '.join(said)}."


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
