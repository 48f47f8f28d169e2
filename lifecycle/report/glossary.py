"""The metrics in words: the usual term first, then what it says."""

from __future__ import annotations

from typing import Any

from lifecycle.ground.metrics import METRICS

# metric: (its usual name, what it says); {class} is the positive class, in quotation marks
WORDS = {
    "log_loss": ("Log loss", "how far the predicted probabilities are from what happened; a confident mistake costs most"),
    "roc_auc": ("ROC AUC", "how often a row that is {class} gets a higher probability than a row that is not; 0.5 is guessing"),
    "average_precision": ("Average precision", "precision averaged over all levels of recall; guessing gives the share of {class} among the rows"),
    "brier_score": ("Brier score", "mean squared difference between the predicted probability and what happened"),
    "ece": ("Calibration error (ECE)", "average gap between predicted probabilities and observed frequencies"),
    "accuracy": ("Accuracy", "share of rows predicted correctly"),
    "balanced_accuracy": ("Balanced accuracy", "recall averaged over the classes, so that each class counts the same"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "f1_macro": ("F1, macro", "F1 averaged over the classes"),
    "precision": ("Precision", "of the rows predicted to be {class}, the share that really is"),
    "recall": ("Recall", "of the rows that really are {class}, the share predicted to be"),
    "rmse": ("RMSE", "root mean squared error, in the target's unit; large errors weigh more"),
    "mae": ("MAE", "mean absolute error: how far off a prediction is on average, in the target's unit"),
    "r2": ("R²", "share of the target's variance that is explained; predicting the mean gives 0"),
    "median_absolute_error": ("Median absolute error", "half of the predictions are at most this far off"),
    "mape": ("MAPE", "mean absolute percentage error: how far off a prediction is, as a share of the actual value"),
}  # fmt: skip
IN_UNITS = ("rmse", "mae", "median_absolute_error")  # of the target


def term(metric: str) -> str:
    return words(metric)[0]


def inline(metric: str) -> str:
    """The name within a sentence: log loss, but RMSE and F1."""
    name = term(metric)
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def meaning(metric: str, classes: list[Any]) -> str:
    """What the metric says of this task; of several classes each takes its turn."""
    name = f"“{classes[1]}”" if len(classes) == 2 else "the class"
    return words(metric)[1].replace("{class}", name)


def words(metric: str) -> tuple[str, str]:
    """Of a metric in custom/metrics.py: its name there, and the first line of its docstring."""
    return WORDS.get(metric) or (metric, METRICS[metric].about)


def better_is(metric: str) -> str:
    return "higher" if METRICS[metric].greater_is_better else "lower"
