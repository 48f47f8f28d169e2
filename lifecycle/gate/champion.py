"""The champion at the gate: a candidate is not worse than the model in production, by what each answers on the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lifecycle.gate.bundle import as_cells
from lifecycle.gate.check import Check
from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import METRICS, paired_difference
from lifecycle.ground.params import ValidateParams
from lifecycle.ground.words import short
from lifecycle.model.model import Model, codes, floor_probabilities
from lifecycle.model.released import Released
from lifecycle.table.contract import Contract

CHAMPION = Path("models/champion/bundle")
TITLE, REQUIRED = "not worse than the champion", "upper end of the gain >= 0"
SAME = 1e-12  # the last digit of a matrix product depends on how many rows are answered at once


def check_champion(
    model: Model,
    test: pd.DataFrame,
    y: np.ndarray,
    weight: np.ndarray | None,
    contract: Contract,
    params: ValidateParams,
    folder: Path,
) -> Check:
    """Not worse than the model in production, by a paired interval on the same rows."""
    if params.champion == "ignore":
        return Check(TITLE, "not compared", REQUIRED, True, "params.yaml: validate.champion is ignore")
    if not is_there(folder):
        return Check(TITLE, "no champion", REQUIRED, True, "nothing is released yet")
    name = contract.problem.metric
    try:
        with Released(folder) as champion:
            theirs = as_judged(champion, champion.predictions(as_cells(test, contract)), model, name)
    except UserError as error:
        return Check(TITLE, "not comparable", REQUIRED, False, f"{error}; or set validate.champion to ignore")
    ours = as_judged(model, model.predictions(test), model, name)
    if ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=SAME, atol=SAME):
        return Check(TITLE, 0.0, REQUIRED, True, "the candidate predicts what the champion does, in each row")
    gain, low, high = paired_difference(name, y, ours, theirs, params.draw, weight)
    why = f"gain over the champion {short(gain)}, between {short(low)} and {short(high)}"
    return Check(TITLE, high, REQUIRED, high >= 0, why)


def is_there(folder: Path) -> bool:
    """Whether a model is released. Raises UserError where one is, and its folder is not here."""
    if (folder / "model.joblib").exists():
        return True
    pointer = folder.with_name(f"{folder.name}.dvc")
    if pointer.exists():
        # without it a worse model would pass as the first one
        raise UserError(
            f"{folder} is not here, though {pointer} names it; `dvc pull {pointer}` fetches the released model"
        )
    return False


def as_judged(one: Model | Released, answers: np.ndarray, model: Model, name: str) -> np.ndarray:
    """What the metric judges of one model's answers, in the class order of `model`: decisions by its own threshold, as codes
    (-1: a class that `model` does not know), where the metric judges decisions."""
    if METRICS[name].needs == "classes":
        return codes(one, answers, model.classes)
    return in_classes(answers, one, model)


def in_classes(answers: np.ndarray, champion: Model | Released, model: Model) -> np.ndarray:
    """The champion's probabilities in the candidate's class order; a class new since then gets the floor."""
    if model.task == "regression" or champion.classes == model.classes:
        return answers
    out = np.zeros((len(answers), len(model.classes)))
    for position, label in enumerate(model.classes):
        if label in champion.classes:
            out[:, position] = answers[:, champion.classes.index(label)]
    return floor_probabilities(out, champion.n_rows)
