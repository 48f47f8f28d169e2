"""The champion at the gate: a candidate is not worse than the model in production.

They are compared where both can be: on the same question, and on rows that neither has learned. A model that is asked on rows it
was fitted to looks better than it is, and a candidate would fail for being honest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lifecycle.gate.bundle import as_cells
from lifecycle.gate.check import Check
from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import METRICS, metric, paired_difference, score
from lifecycle.ground.params import ValidateParams
from lifecycle.ground.words import short
from lifecycle.model.learned import FILE, ROW, is_learned, read_learned
from lifecycle.model.model import Model, codes, floor_probabilities
from lifecycle.model.released import Released
from lifecycle.model.store import check_identity
from lifecycle.table.contract import Contract
from lifecycle.table.read import SOURCE, ReadOptions, read_raw

CHAMPION = Path("models/champion/bundle")
TITLE, REQUIRED = "not worse than the champion", "upper end of the gain >= 0, or a loss within the margin"
NOT_COMPARABLE = "not comparable"
SAME = 1e-12  # the last digit of a matrix product depends on how many rows are answered at once


@dataclass(frozen=True)
class Rows:
    """Test rows to compare on: typed by the candidate's contract, their outcomes and weights; `learned`: how many of all the
    champion has learned, which are left out, None where it does not say."""

    test: pd.DataFrame
    y: np.ndarray
    weight: np.ndarray | None
    learned: int | None

    @property
    def words(self) -> str:
        if self.learned is None:
            return f"{len(self.test):,} rows; the champion was released before the rows it learned were recorded"
        if not self.learned:
            return f"{len(self.test):,} rows that neither has learned"
        return f"{len(self.test):,} rows that neither has learned, of {len(self.test) + self.learned:,}"


def check_champion(
    model: Model,
    test: pd.DataFrame,
    y: np.ndarray,
    weight: np.ndarray | None,
    contract: Contract,
    params: ValidateParams,
    folder: Path,
) -> Check:
    """Not worse than the model in production by more than the margin, by a paired interval on rows that are new to both."""
    if params.champion == "ignore":
        return Check(TITLE, "not compared", REQUIRED, True, "params.yaml: validate.champion is ignore")
    if not is_there(folder):
        return Check(TITLE, "no champion", REQUIRED, True, "nothing is released yet")
    try:
        with Released(folder) as champion:
            if other := other_question(champion, contract):
                why = f"the champion answers another question ({other}); the release will be a major version"
                return Check(TITLE, NOT_COMPARABLE, REQUIRED, True, why)
            rows = unlearned(Rows(test, y, weight, 0), folder)
            if rows.learned and len(rows.test) < params.min_compared:
                return Check(TITLE, NOT_COMPARABLE, REQUIRED, False, too_few(rows, params))
            return compare(model, champion, rows, contract, params)
    except UserError as error:
        return Check(TITLE, NOT_COMPARABLE, REQUIRED, False, f"{error}; or set validate.champion to ignore")


def other_question(champion: Released, contract: Contract) -> str:
    """In what the champion's question differs from the contract's; empty where it is the same."""
    theirs, ours = champion.contract.problem, contract.problem
    if theirs.target != ours.target:
        return f'it predicts "{theirs.target}", the candidate "{ours.target}"'
    if theirs.task != ours.task:
        return f"it was made for {theirs.task}, the candidate for {ours.task}"
    if set(theirs.classes) != set(ours.classes):
        return f"it knows the classes {', '.join(theirs.classes)}; the candidate {', '.join(ours.classes)}"
    return ""


def unlearned(rows: Rows, folder: Path) -> Rows:
    """Those of `rows` that the champion in `folder` has not learned."""
    learned = read_learned(folder / FILE)
    if learned is None or ROW not in rows.test:
        return Rows(rows.test, rows.y, rows.weight, None)
    new = ~is_learned(learned, rows.test[ROW].to_numpy())
    weight = None if rows.weight is None else rows.weight[new]
    return Rows(rows.test[new].reset_index(drop=True), rows.y[new], weight, int((~new).sum()))


def too_few(rows: Rows, params: ValidateParams) -> str:
    """What is the matter, and what to do; it says nothing of the candidate, of which nothing is known."""
    n = len(rows.test) + (rows.learned or 0)
    return (
        f"the champion learned {rows.learned} of these {n} rows, and {len(rows.test)} are fewer than validate.min_compared "
        f"({params.min_compared}); compare on live rows (make retrain), on a fresh batch in data/raw, or go back to the "
        "split of the release; or set validate.champion to ignore"
    )


def compare(model: Model, champion: Released, rows: Rows, contract: Contract, params: ValidateParams) -> Check:
    """The gain with its interval. A sure loss passes where it is surely smaller than the margin: equivalence testing, as
    Lakens (2017) describes it, with the margin as a share of what the champion gains over the naive baseline."""
    name = contract.problem.metric
    theirs = as_judged(champion, champion.predictions(champion_cells(rows.test, contract, champion)), model, name)
    ours = as_judged(model, model.predictions(rows.test), model, name)
    if ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=SAME, atol=SAME):
        return Check(TITLE, 0.0, REQUIRED, True, "the candidate predicts what the champion does, in each row")
    gain, low, high = paired_difference(name, rows.y, ours, theirs, params.draw, rows.weight)
    why = f"gain over the champion {short(gain)}, between {short(low)} and {short(high)}, on {rows.words}"
    if high >= 0:
        return Check(TITLE, high, REQUIRED, True, why)
    baseline = as_judged(model, model.baseline_predictions(len(rows.y)), model, name)
    margin = params.champion_margin * champion_gain(name, rows, theirs, baseline)
    if low >= -margin:
        small = f"worse, and by less than {short(margin)}, which validate.champion_margin allows; {why}"
        return Check(TITLE, high, REQUIRED, True, small)
    return Check(TITLE, high, REQUIRED, False, f"{why}; validate.champion_margin allows {short(margin)}")


def champion_gain(name: str, rows: Rows, theirs: np.ndarray, baseline: np.ndarray) -> float:
    """What the champion gains over the naive baseline on these rows, in the metric's own unit; never less than nothing."""
    sign = 1 if metric(name).greater_is_better else -1
    gain = sign * (score(name, rows.y, theirs, rows.weight) - score(name, rows.y, baseline, rows.weight))
    return max(0.0, gain) if np.isfinite(gain) else 0.0


def champion_cells(test: pd.DataFrame, contract: Contract, champion: Released) -> pd.DataFrame:
    """The test rows as the champion needs them. Columns that the candidate leaves out, or reads as another type, come from the
    raw table: without them the champion would be judged on rows with holes."""
    cells = as_cells(test, contract)
    types = {field.name: field.type for field in contract.features}
    raw = [field.name for field in champion.contract.features if types.get(field.name) != field.type]
    if not raw or SOURCE not in test:
        return cells
    table = read_raw(options=ReadOptions.of(contract)).frame.drop_duplicates(SOURCE).set_index(SOURCE)
    for name in raw:
        if name in table:
            cells[name] = table[name].reindex(test[SOURCE]).to_numpy(dtype=object)
    return cells


def is_there(folder: Path) -> bool:
    """Whether a model is released. Raises UserError where one is, and its folder is not here or is not the one that is named:
    that is no fault of the candidate's, and without it a worse model would pass as the first one."""
    check_identity(folder)
    return (folder / "model.joblib").exists()


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
