"""Why an answer is what it is: the columns that moved it away from the average, with amounts that add up.

Shapley values by sampling (Castro et al. 2009; Strumbelj and Kononenko 2014): the row's cells replace those of a background row one
after the other, in a random order and in its reverse (antithetic: Mitchell et al. 2022), and each column gets what the prediction
moved when its turn came. Each background row takes part equally often, so that the amounts add up to the prediction less the mean
of the background exactly. The orders are drawn once, for all rows: an answer has the same reasons in whatever company.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.words import cut, short
from lifecycle.model.encode import TableEncoder
from lifecycle.model.model import Model
from lifecycle.table.contract import Contract, Field

Array = np.ndarray
BACKGROUND = 16  # rows
LOOKED_AT = 2_000  # rows, of which the background is chosen
PAIRS = 2  # orders and their reverses with each background row; two, so that their difference gives the error
BATCH = 40_000  # rows of one call of the model


@dataclass(frozen=True)
class Reasons:
    """Of n rows and d `columns`: `amounts` (n, d), their standard `errors` (n, d) by sampling, `base` (n,) the mean prediction of
    the background and `prediction` (n,); of a classification the probability of class `codes` (n,), of a binary one the positive
    class's. base + amounts.sum(axis=1) is the prediction."""

    columns: list[str]
    amounts: Array
    errors: Array
    base: Array
    prediction: Array
    codes: Array

    def order(self, row: int) -> Array:
        """The columns of one row, by what they moved, the most first."""
        return np.argsort(-np.abs(self.amounts[row]), kind="stable")


# ---- the background -----------------------------------------------------------------------------------------------


def looked_at(frame: pd.DataFrame, random_state: int) -> pd.DataFrame:
    """The rows that a background is picked from: of fewer all, in their order."""
    some = np.sort(np.random.default_rng(random_state).permutation(len(frame))[:LOOKED_AT])
    return frame.iloc[some].reset_index(drop=True)


def pick_background(model: Model, frame: pd.DataFrame, random_state: int, n: int = BACKGROUND) -> dict[str, Array]:
    """Rows of `frame` that stand for all: evenly along the ordered predictions, so that their mean is nearly the mean."""
    rows = looked_at(frame, random_state)
    prediction = np.asarray(model.predictions(rows), dtype=float)
    if prediction.ndim == 2:
        prediction = prediction[:, 1 if prediction.shape[1] == 2 else int(prediction.mean(axis=0).argmax())]
    order = np.argsort(prediction, kind="stable")
    n = min(n, len(rows))
    middles = ((np.arange(n) + 0.5) * len(rows) / n).astype(int)
    return arrays_of(rows.iloc[order[middles]], model)


def arrays_of(frame: pd.DataFrame | Mapping[str, Array], model: Model) -> dict[str, Array]:
    """The columns that the model reads, texts as objects."""
    out = {}
    for column in model.columns:
        values = frame[column]
        if isinstance(values, pd.Series):
            values = values.to_numpy(dtype=object if isinstance(values.dtype, pd.StringDtype) else None)
        out[column] = values
    return out


# ---- amounts ------------------------------------------------------------------------------------------------------


def explain(
    model: Model, frame: pd.DataFrame | Mapping[str, Array], random_state: int = 1, pairs: int = PAIRS
) -> Reasons:
    """Of each row of `frame`, typed as the model's `predictions` takes it. `pairs`: two or more; more are more exact."""
    if model.background is None:
        raise ValueError("this model was made without a background")
    rows, background = arrays_of(frame, model), model.background
    columns = list(model.columns)
    n, n_background = len(rows[columns[0]]), len(background[columns[0]])
    differs = np.stack([unlike(rows[c], background[c]) for c in columns], axis=2)  # (n, background, columns)
    orders = draw_orders(len(columns), n_background, pairs, random_state)
    first = np.asarray(model.predictions(dict(rows)))
    codes = output_codes(model, first)
    of_background = np.asarray(model.predictions(dict(background)))
    mixed = Mixer(model, rows, background)
    amounts, errors = np.zeros((n, len(columns))), np.zeros((n, len(columns)))
    for part in parts_of(differs, pairs):
        plan = [walk(differs[i], orders) for i in part]
        hybrids = np.concatenate([one.from_row for one in plan])
        at = np.concatenate([np.full(len(one.from_row), i) for i, one in zip(part, plan, strict=True)])
        behind = np.concatenate([one.background for one in plan])
        values = mixed(hybrids, at, behind) if len(at) else of_background[:0]
        starts = np.cumsum([0, *(len(one.from_row) for one in plan)])
        for i, one, start in zip(part, plan, starts[:-1], strict=True):
            inner = picked(values[start : start + len(one.from_row)], codes[i])
            ends = picked(of_background, codes[i]), float(picked(first[i : i + 1], codes[i])[0])
            amounts[i], errors[i] = credited(one, inner, *ends, n_background, pairs, len(columns))
    prediction = np.array([picked(first[i : i + 1], codes[i])[0] for i in range(n)])
    base = np.array([picked(of_background, code).mean() for code in codes])
    return Reasons(columns, amounts, errors, base, prediction, codes)


def unlike(values: Array, background: Array) -> Array:
    """(n, b): whether the cells differ; two missing ones do not."""
    a, b = values[:, None], background[None, :]
    both = pd.isna(values)[:, None] & pd.isna(background)[None, :]
    return np.asarray(a != b, dtype=bool) & ~both


def draw_orders(n_columns: int, n_background: int, pairs: int, random_state: int) -> Array:
    """(background, pairs, columns): an order of the columns for each."""
    rng = np.random.default_rng(random_state)
    return rng.permuted(np.tile(np.arange(n_columns), (n_background, pairs, 1)), axis=2)


def output_codes(model: Model, prediction: Array) -> Array:
    """The class whose probability is explained, of each row; -1: a value."""
    if prediction.ndim == 1:
        return np.full(len(prediction), -1)
    if prediction.shape[1] == 2:
        return np.ones(len(prediction), dtype=int)
    return prediction.argmax(axis=1)


def picked(prediction: Array, code: int) -> Array:
    return prediction if code < 0 else prediction[:, code]


def parts_of(differs: Array, pairs: int) -> Iterator[range]:
    """Rows whose hybrids go into one call of the model."""
    sizes = (2 * pairs * np.maximum(differs.sum(axis=2) - 1, 0)).sum(axis=1)
    start, total = 0, 0
    for i, size in enumerate(sizes.tolist()):
        if total and total + size > BATCH:
            yield range(start, i)
            start, total = i, 0
        total += size
    if start < len(sizes):
        yield range(start, len(sizes))


@dataclass(frozen=True)
class Walk:
    """The hybrids of one row: `from_row` (h, d) which cells are the row's own, `background` (h,) whose the others are; `steps` the
    orders walked, each (background row, the columns in their order)."""

    from_row: Array
    background: Array
    steps: list[tuple[int, Array]]


def walk(differs: Array, orders: Array) -> Walk:
    """From each background row to the row, by orders of the columns that differ; both ends are known already."""
    hybrids, behind, steps = [], [], []
    for b, of_one in enumerate(orders):
        unequal = differs[b]
        for order in of_one:
            order = order[unequal[order]]
            for one in (order, order[::-1]):
                steps.append((b, one))
                n_inner = max(len(one) - 1, 0)
                # the k-th hybrid has the first k columns of the order
                place = np.full(len(unequal), len(unequal))
                place[one] = np.arange(len(one))
                hybrids.append(place[None, :] <= np.arange(n_inner)[:, None])
                behind.append(np.full(n_inner, b))
    return Walk(np.concatenate(hybrids), np.concatenate(behind), steps)


class Mixer:
    """The model's predictions for hybrids of rows and background."""

    def __init__(self, model: Model, rows: dict[str, Array], background: dict[str, Array]) -> None:
        self.model, self.rows, self.background = model, rows, background
        # encoded once, and mixed by the columns' blocks; features of several columns must be made anew for each hybrid
        self.is_by_column = model.add_features is None and all(map(is_by_column, model.encoders))
        if self.is_by_column:
            self.of_rows, self.of_background = model.matrices(rows), model.matrices(background)
            self.owner = {id(e): owners(e, background, list(model.columns)) for e in model.encoders}

    def __call__(self, from_row: Array, at: Array, behind: Array) -> Array:
        if not self.is_by_column:
            made = {}
            for j, column in enumerate(self.model.columns):
                made[column] = np.where(from_row[:, j], self.rows[column][at], self.background[column][behind])
            return np.asarray(self.model.predictions(made))
        matrices = {}
        for key, owner in self.owner.items():
            matrices[key] = np.where(from_row[:, owner], self.of_rows[key][at], self.of_background[key][behind])
        return self.model.predictions_of(matrices, len(at))


def is_by_column(encoder: Any) -> bool:
    """Whether each of its features is made of one column."""
    return isinstance(encoder, TableEncoder) and all(len(encoder.sources(key)) == 1 for key in encoder.kinds)


def owners(encoder: TableEncoder, rows: Mapping[str, Array], columns: list[str]) -> Array:
    """The column, by its place in `columns`, that each feature of the encoder is made of."""
    found: list[int] = []
    for column, parts in encoder.parts_.items():
        for part in parts:
            found += [columns.index(column)] * part.transform(rows[column][:1]).shape[1]
    return np.array(found, dtype=int)


def credited(
    one: Walk, inner: Array, of_background: Array, of_row: float, n_background: int, pairs: int, n_columns: int
) -> tuple[Array, Array]:
    """(amounts, their errors) of one row: the mean over background rows of the mean over orders."""
    found = np.zeros((n_background, pairs, 2, n_columns))
    flat = found.reshape(-1, n_columns)
    start = 0
    for step, (b, order) in enumerate(one.steps):
        if not len(order):
            continue
        n_inner = len(order) - 1
        path = np.concatenate([[of_background[b]], inner[start : start + n_inner], [of_row]])
        flat[step, order] = np.diff(path)
        start += n_inner
    by_pair = found.mean(axis=2)
    amounts = by_pair.mean(axis=(0, 1))
    variance = by_pair.var(axis=1, ddof=1).sum(axis=0) / pairs / n_background**2
    return amounts, np.sqrt(variance)


# ---- words --------------------------------------------------------------------------------------------------------


def cell_in_words(field: Field, value: Any) -> str:
    """Contract is Month-to-month: of a typed cell."""
    name = cut(field.name, 40, middle=True)
    if pd.isna(value):
        return f"{name} is not known"
    if field.is_date:
        moment = pd.Timestamp(value)
        return f"{name} is {moment.date() if field.type == 'date' else moment}"
    if field.type == "boolean":
        return f"{name} is {field.boolean_word(bool(value))}"
    if field.is_number:
        return f"{name} is {short(float(value))}"
    return f"{name} is {cut(value, 40, middle=True)}"


def amount_in_words(amount: float, task: str) -> str:
    """+18 points, of a probability; +12,300, of a value."""
    sign = "+" if amount >= 0 else "−"
    if task == "regression":
        return f"{sign}{short(abs(amount), 3)}"
    points = abs(amount) * 100
    text = f"{points:.0f}" if points >= 9.95 else f"{points:.1f}"
    return f"{sign}{text} point{'' if text == '1.0' else 's'}".replace("1.0 point", "1 point")


def listed(
    found: Reasons, row: int, cells: Mapping[str, Array], contract: Contract, most: int | None = None
) -> list[dict[str, Any]]:
    """The reasons of one row, the largest first: column, amount, error, and both in words; none that moved nothing."""
    out = []
    for j in found.order(row)[:most].tolist():
        amount = float(found.amounts[row, j])
        if amount == 0:
            break
        column = found.columns[j]
        says = cell_in_words(contract.by_name[column], cells[column][row])
        text = f"{says}: {amount_in_words(amount, contract.problem.task)}"
        out.append({"column": column, "amount": amount, "error": float(found.errors[row, j]), "text": text})
    return out
