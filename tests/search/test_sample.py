"""A table too large for memory or time: the search sees a sample, boosting sees all rows, and the gain is measured."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from lifecycle.ground.files import read_json, read_parquet
from lifecycle.ground.params import TrainParams
from lifecycle.model.families import FAMILIES
from lifecycle.model.model import ROWS_AT_ONCE
from lifecycle.model.store import load_model
from lifecycle.search import crossval, sample
from lifecycle.search.all_rows import predictions
from lifecycle.search.bins import fit_on_bins
from lifecycle.search.budget import Entry
from lifecycle.search.data import TrainingData, prepare
from lifecycle.search.sample import LEAST, sample_of, sample_size
from lifecycle.table.contract import read_contract
from stages import train
from tests.search.test_train import TWO, bakes, board, here, told  # noqa: F401

FEW_ROUNDS = {
    "linear": {"C": 1.0},
    "additive": {"C": 0.3},
    "network": {"max_iter": 2},
    "boosting": {"max_iter": 8},
}
FILES = ("models/candidate/model.joblib", "models/candidate/candidate.json", "reports/leaderboard.csv")


@pytest.fixture
def small(monkeypatch):
    """Samples of 600 rows are large enough, and 1 GB is too little for any more."""
    monkeypatch.setattr(sample, "LEAST", 600)
    monkeypatch.setattr(sample, "CELL", 1e6)


@pytest.mark.parametrize("estimator", [HistGradientBoostingClassifier, HistGradientBoostingRegressor])
def test_a_fit_on_bins_is_the_fit_on_the_numbers(estimator):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    y = (np.nan_to_num(x[:, 0]) + rng.normal(size=900) > 0).astype(int)
    more = {"X_val": x[700:], "y_val": y[700:]}
    hyper = {"max_iter": 12, "early_stopping": True, "n_iter_no_change": 12, "random_state": 1, "max_features": 0.5}
    plain = estimator(**hyper).fit(x[:700], y[:700], **more)
    mapper = plain._bin_mapper
    more["X_val"] = np.ascontiguousarray(mapper.transform(x[700:]))
    binned = fit_on_bins(estimator(**hyper), mapper, mapper.transform(x[:700]), y[:700], **more)
    assert type(binned) is estimator and set(vars(binned)) == set(vars(plain))
    rounds = len(binned._predictors)
    assert rounds == np.argmax(plain.validation_score_[1:]) + 1
    plain._predictors = plain._predictors[:rounds]
    assert (binned.predict(x) == plain.predict(x)).all()


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_search_sees_a_sample_and_boosting_all_rows(here, small, capsys, task):  # noqa: F811
    here(bakes(3000, task=task), train={"max_memory_gb": 1})
    train.main()
    said, facts, table = capsys.readouterr().out, told()["sample"], board()
    rows = len(read_parquet("data/train.parquet"))
    assert facts["rows"] == rows and 500 < facts["searched"] < 700 and facts["why"] == "train.max_memory_gb"
    assert "the search saw" in said and "rows kept aside" in said
    larger = [name for name in table.index if name.endswith(" all rows")]
    assert larger and (table.loc[larger, "rows"] == rows - int(0.1 * rows)).all()
    assert table.loc["linear", "rows"] == facts["searched"]
    assert facts["score"] <= facts["searched_score"]
    model = load_model("models/candidate")
    assert all(type(pipeline[-1]).__module__.split(".")[0] in ("sklearn", "lifecycle") for _, pipeline in model.members)
    assert len(read_parquet("models/candidate/oof.parquet")) < 0.06 * rows


def test_a_sampled_search_gives_the_same_bytes_twice(here, small):  # noqa: F811
    folder = here(bakes(2500), train={"max_memory_gb": 1})
    train.main()
    first = [(folder / name).read_bytes() for name in FILES]
    train.main()
    assert [(folder / name).read_bytes() for name in FILES] == first


def test_what_is_measured_on_was_never_fitted_on(here, small):  # noqa: F811
    here(bakes(2500), train={"max_memory_gb": 1})
    contract = read_contract()
    for scheme in ("random", "time"):
        drawn = sample_of(contract, TrainParams.load(), scheme, None, FAMILIES)
        assert not (drawn.chosen & drawn.judged).any() and (drawn.chosen | drawn.judged | drawn.rest).all()
    frame = read_parquet("data/train.parquet")
    newest, older = frame["day"][drawn.judged], frame["day"][~drawn.judged]
    assert newest.min() > older.max()


def test_a_sample_keeps_the_share_of_each_class(here, small):  # noqa: F811
    frame = bakes(4000)
    frame["good"] = np.where(np.arange(4000) % 100 == 0, "yes", "no")
    here(frame, train={"max_memory_gb": 1})
    drawn = sample_of(read_contract(), TrainParams.load(), "random", None, FAMILIES)
    share = (read_parquet("data/train.parquet")["good"] == "yes").to_numpy()
    assert share[drawn.judged].mean() == pytest.approx(share.mean(), abs=0.004)
    assert share[drawn.chosen].sum() >= 6


def test_the_rows_of_a_group_stay_together(here, small):  # noqa: F811
    frame = bakes(4000)
    here(frame, train={"max_memory_gb": 1}, columns={"baker": {"role": "group"}}, split={"scheme": "group"})
    drawn = sample_of(read_contract(), TrainParams.load(), "group", None, FAMILIES)
    groups = read_parquet("data/train.parquet")["__group__"]
    sides = [set(groups[mask]) for mask in (drawn.chosen, drawn.judged, drawn.rest)]
    assert sum(map(len, sides)) == len(set().union(*sides)) and sides[0]


def test_a_table_that_fits_is_not_sampled(here):  # noqa: F811
    here(bakes(300))
    assert sample_of(read_contract(), TrainParams.load(), "random", None, FAMILIES) is None
    train.main()
    assert "sample" not in read_json("models/candidate/candidate.json")
    assert (board()["rows"] == len(read_parquet("data/train.parquet"))).all()


def test_a_larger_table_a_smaller_memory_and_a_shorter_budget_ask_for_a_sample(here):  # noqa: F811
    here(bakes(300), train={"candidates": TWO, "time_budget": 60, "max_memory_gb": 4})
    contract, params = read_contract(), TrainParams.load()
    data = prepare(read_parquet("data/train.parquet"), contract, params, None, FAMILIES)

    def size(rows, **more):
        values = {name: getattr(params, name) for name in params.__dataclass_fields__ if name != "name"}
        return sample_size(data, rows, TrainParams(**values | more), "random")

    assert size(100_000) == (100_000, "")
    assert size(100_000, time_budget=6000, max_memory_gb=0.6)[1] == "train.max_memory_gb"
    n, why = size(50_000_000, max_memory_gb=1e4)
    assert why == "train.time_budget" and LEAST <= n < 50_000_000
    assert size(50_000_000) == size(50_000_000)


def test_many_rows_are_fitted_from_compact_matrices_one_at_a_time(here, monkeypatch):  # noqa: F811
    here(bakes(600))
    data = prepare(read_parquet("data/train.parquet"), read_contract(), TrainParams.load(), None, FAMILIES)
    rows = np.arange(len(data.y))
    data.folds = [(rows[100:], rows[:100])]
    entries = [Entry(name, name, more) for name, more in FEW_ROUNDS.items()]
    usual = [crossval.Fitter(data).fit(entry, 0, False) for entry in entries]
    monkeypatch.setattr(crossval, "MANY", 300)
    fitter = crossval.Fitter(data)
    for entry, before in zip(entries, usual, strict=True):
        after = fitter.fit(entry, 0, False)
        assert len(fitter.matrices) == 1
        last = max(after.stages)
        assert np.allclose(after.stages[last], before.stages[last], atol=2e-3), entry.name


def test_of_rows_that_are_drawn_a_rare_class_is_never_without_some():
    y = np.zeros(2_000, dtype=int)
    y[:12] = 1
    for seed in range(20):
        rows = crossval.some_of(np.arange(2_000), y, 100, seed)
        assert y[rows].sum() == pytest.approx(10, abs=2) and len(rows) <= 120
    assert len(crossval.some_of(np.arange(2_000), y + 0.5, 100, 1)) == 100


def test_curves_are_fitted_on_some_of_very_many_rows_and_it_is_said(here, monkeypatch):  # noqa: F811
    here(bakes(600), train={"candidates": {"additive": {"C": 0.3, "alpha": 3.0}}})
    monkeypatch.setattr(crossval, "MOST_PIECEWISE", 200)
    train.main()
    assert board().loc["additive", "rows"] == 200


def test_rows_kept_aside_are_answered_in_parts_as_large_as_the_models_own():
    sizes = []

    class Encoder:
        def transform(self, rows):
            sizes.append(len(rows.positions))
            return np.zeros((sizes[-1], 1))

    class Estimator:
        def predict(self, x):
            return np.zeros(len(x))

    n = ROWS_AT_ONCE + 1
    x = np.zeros(n)
    data = TrainingData("regression", [], "rmse", {"x": x}, {"x": "f"}, {"x": "number"}, x, None, 0)
    (answers,) = predictions(data, [(Encoder(), Estimator())], data)
    assert sizes == [ROWS_AT_ONCE, 1] and len(answers) == n
