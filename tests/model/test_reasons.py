"""Reasons add up, are those of the model, and the same whoever else is asked about."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from lifecycle.model import reasons
from lifecycle.model.encode import TableEncoder, together
from lifecycle.model.model import Model
from lifecycle.table.contract import Field
from tests.small_model import fitted, table, terms

TASKS = ["binary", "multiclass", "regression"]


def own_features(frame):
    return frame


def exact(model, row, background):
    """Shapley values of one row by all subsets of the columns, the mean over the background rows."""
    columns = list(model.columns)
    n, n_background = len(columns), len(next(iter(background.values())))

    def value(chosen):
        mixed = {c: np.repeat(row[c], n_background) if c in chosen else background[c] for c in columns}
        prediction = model.predictions(mixed)
        if prediction.ndim == 1:
            return prediction.mean()
        code = 1 if prediction.shape[1] == 2 else model.predictions(row).argmax()
        return prediction[:, code].mean()

    amounts = []
    for column in columns:
        others = [c for c in columns if c != column]
        total = 0.0
        for size in range(n):
            for chosen in combinations(others, size):
                total += (value({*chosen, column}) - value(set(chosen))) / n / comb(n - 1, size)
        amounts.append(total)
    return np.array(amounts)


@pytest.fixture(scope="module", params=TASKS)
def model(request):
    return fitted(request.param)


def test_amounts_add_up_to_the_prediction(model):
    frame = table(model.task, 20, seed=5)
    found = reasons.explain(model, frame)
    assert found.base + found.amounts.sum(axis=1) == pytest.approx(found.prediction, abs=1e-9)


def test_they_agree_with_the_exact_values_within_their_error(model):
    frame = table(model.task, 6, seed=6)
    found = reasons.explain(model, frame, pairs=30)
    for i in range(len(frame)):
        row = {c: v[i : i + 1] for c, v in reasons.arrays_of(frame, model).items()}
        wanted = exact(model, row, model.background)
        scale = np.abs(wanted).max()
        assert (np.abs(found.amounts[i] - wanted) <= 5 * found.errors[i] + 1e-9 * scale).all()


def test_a_row_has_the_same_reasons_in_whatever_company(model):
    frame = table(model.task, 12, seed=7)
    together = reasons.explain(model, frame)
    alone = reasons.explain(model, frame.iloc[4:5])
    assert alone.amounts[0] == pytest.approx(together.amounts[4], abs=1e-9)


def test_features_made_of_several_columns_are_made_anew():
    model = fitted("regression")
    plain = reasons.explain(model, table("regression", 5, seed=5))
    model.add_features = own_features
    assert reasons.explain(model, table("regression", 5, seed=5)).amounts == pytest.approx(plain.amounts, abs=1e-9)


def test_what_two_dates_say_together_is_credited_to_both():
    hours = np.random.default_rng(1).integers(0, 900, (2, 60)).astype("timedelta64[h]")
    begin, end = np.datetime64("2024-01-01", "us") + hours
    rows, kinds = {"begin": begin, "end": end}, {"begin": "time", "end": "date", together("begin", "end"): "between"}
    y = (end - begin) / np.timedelta64(1, "D")
    model = Model("regression", [], dict.fromkeys(rows, "M"), float(y.mean()), len(y))
    encoder = TableEncoder(kinds, "tree").fit(rows, y)
    model.members = [(1.0, Pipeline([("encode", encoder), ("fit", Ridge().fit(encoder.transform(rows), y))]))]
    model.background = {column: values[:20] for column, values in rows.items()}
    found = reasons.explain(model, {column: values[20:24] for column, values in rows.items()})
    assert found.base + found.amounts.sum(axis=1) == pytest.approx(found.prediction)
    assert np.abs(found.amounts).min(axis=0).all()


def test_a_cell_that_is_as_in_all_of_the_background_moves_nothing():
    model = fitted("binary")
    model.background = {column: values[:1].repeat(4) for column, values in model.background.items()}
    row = {column: values[:1] for column, values in model.background.items()}
    found = reasons.explain(model, row)
    assert found.amounts.tolist() == [[0.0] * len(model.columns)]


def test_the_background_predicts_about_the_mean():
    model = fitted("regression")
    frame = table("regression", 400, seed=1)
    background = reasons.pick_background(model, frame, 1)
    assert len(background["signal"]) == reasons.BACKGROUND
    spread = model.predictions(frame).std()
    assert abs(model.predictions(background).mean() - model.predictions(frame).mean()) < 0.05 * spread


def test_many_rows_go_to_the_model_in_bounded_batches(monkeypatch):
    monkeypatch.setattr(reasons, "BATCH", 50)
    model, sizes = fitted("regression"), []
    real = Model.predictions_of
    monkeypatch.setattr(Model, "predictions_of", lambda self, m, n: sizes.append(n) or real(self, m, n))
    frame = table("regression", 12, seed=5)
    found = reasons.explain(model, frame)
    assert max(sizes) <= 100
    monkeypatch.undo()
    assert reasons.explain(model, frame).amounts == pytest.approx(found.amounts, abs=1e-9)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (Field("Contract"), "Month-to-month", "Contract is Month-to-month"),
        (Field("Contract"), np.nan, "Contract is not known"),
        (Field("income", type="number"), 46374.2, "income is 46,374"),
        (Field("member", type="boolean", true_values=("ja",), false_values=("nein",)), 0.0, "member is nein"),
        (Field("day", type="date"), np.datetime64("2024-03-01"), "day is 2024-03-01"),
    ],
)
def test_a_cell_in_words(field, value, text):
    assert reasons.cell_in_words(field, value) == text


@pytest.mark.parametrize(
    ("amount", "task", "text"),
    [
        (0.18, "binary", "+18 points"),
        (-0.0123, "multiclass", "−1.2 points"),
        (0.01, "binary", "+1 point"),
        (12345.0, "regression", "+12,345"),
        (-0.5, "regression", "−0.5"),
    ],
)
def test_an_amount_in_words(amount, task, text):
    assert reasons.amount_in_words(amount, task) == text


def test_the_largest_come_first_in_words():
    frame = table("binary", 5, seed=5)
    model = fitted("binary")
    found = reasons.explain(model, frame)
    listed = reasons.listed(found, 0, reasons.arrays_of(frame, model), terms("binary"))
    assert [abs(one["amount"]) for one in listed] == sorted((abs(one["amount"]) for one in listed), reverse=True)
    assert listed[0]["text"].startswith(f"{listed[0]['column']} is ")
