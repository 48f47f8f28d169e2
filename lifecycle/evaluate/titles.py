"""What the pictures of `dvc plots show` are called: titles and axes for the task at hand, beside the points that they are of.

The templates of lifecycle/report/dvc_plots take them from a table's first row; a title in dvc.yaml would be one for all tasks.
"""

from __future__ import annotations

import pandas as pd

from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import brief
from lifecycle.table.contract import Problem

COLUMNS = ("title", "x_title", "y_title")


def titled(table: pd.DataFrame, *texts: str) -> pd.DataFrame:
    """`table` with its title and those of its axes in the first row; the others are empty, for the file is kept in Git."""
    out = table.copy()
    for column, text in zip(COLUMNS, texts, strict=False):
        out[column] = ""
        if len(out):
            out.loc[out.index[0], column] = text
    return out


def curve(problem: Problem) -> tuple[str, str, str]:
    if problem.task == "regression":
        return "Test rows within an error", f"absolute error of {brief(problem.target)}", "share of the test rows"
    of = "mean over the classes"
    if problem.task == "binary":
        of = f"“{brief(problem.positive)}”"
    return f"ROC curve: {of}", "false positive rate", "true positive rate"


def calibration(problem: Problem) -> tuple[str, str, str]:
    if problem.task == "regression":
        target = brief(problem.target)
        return "Calibration", f"mean predicted {target}", f"mean actual {target}"
    if problem.task == "binary":
        return "Calibration", f"predicted probability of “{brief(problem.positive)}”", "observed share"
    return "Calibration of the likeliest class", "predicted probability", "observed share"


def confusion(problem: Problem) -> str:
    if problem.task == "regression":
        return f"Fifths of {brief(problem.target)}"
    return "Confusion matrix"


def importance(problem: Problem) -> tuple[str, str]:
    name = problem.metric
    changed = f"loss of {name}" if METRICS[name].greater_is_better else f"increase in {name}"
    return "Permutation importance", f"{changed} when the column is shuffled"
