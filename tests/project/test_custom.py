"""custom/: your features give a row what it gives alone, and your families of models can be built."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from custom.candidates import CANDIDATES
from custom.features import add_features
from lifecycle.model.families import build

own_features = pytest.mark.skipif(add_features is None, reason="custom/features.py adds no features: nothing to test")
own_families = pytest.mark.skipif(not CANDIDATES, reason="custom/candidates.py has no family: nothing to test")
ROWS = 60


@pytest.fixture
def rows(contract, held_out):
    """Rows as add_features sees them, under an index that is not 0, 1, 2, ..."""
    frame = held_out[contract.names(["feature", "time"])].head(ROWS)
    return frame.set_axis(range(1000, 1000 + 2 * len(frame), 2))


@own_features
def held_out_stay_and_so_does_their_order(rows):
    assert list(add_features(rows.copy()).index) == list(rows.index)


@own_features
def test_the_index_of_the_rows_that_are_given_is_left_as_it_was(rows):
    given = rows.copy()
    add_features(given)
    assert list(given.index) == list(rows.index)


@own_features
def test_a_row_gets_what_it_gets_alone(rows):
    """In production rows come one at a time: a mean over the others is another mean there."""
    together = add_features(rows.copy())
    for place in np.linspace(0, len(rows) - 1, 10).astype(int):
        alone = add_features(rows.iloc[[place]].copy())
        assert_frame_equal(alone, together.iloc[[place]], check_dtype=False)


@own_features
def test_a_row_gets_the_same_in_another_order(rows):
    together = add_features(rows.copy())
    assert_frame_equal(add_features(rows[::-1].copy())[::-1], together, check_dtype=False)


@own_features
def test_a_row_of_which_nothing_is_known_gets_its_features_too(rows):
    nobody = rows.index.max() + 1
    unknown = rows.reindex([nobody]).astype(rows.dtypes)
    assert list(add_features(unknown).index) == [nobody]


@own_features
def test_features_are_numbers_texts_or_dates(rows):
    """The encoder uses a column by its dtype: an object column is none of these."""
    kinds = {
        name: values.dtype for name, values in add_features(rows.copy()).items() if values.dtype.kind not in "biufM"
    }
    assert [name for name, dtype in kinds.items() if not isinstance(dtype, pd.StringDtype)] == []


@own_features
def test_the_target_is_not_among_the_features(contract, rows):
    assert contract.problem.target not in add_features(rows.copy())


@own_families
def test_each_family_of_your_own_is_tried(params):
    blocks = params["train"]["candidates"]
    assert set(CANDIDATES) - set(blocks) == set(), "they have no block under train.candidates in params.yaml"


@own_families
def test_each_family_of_your_own_can_be_built(contract, params):
    if contract.problem.task == "regression":
        y, answer = np.array([0.5, 1.5, 2.5]), "predict"
    else:
        y, answer = np.arange(len(contract.problem.classes)), "predict_proba"
    for name, family in CANDIDATES.items():
        estimator = build(family, name, y, params["train"]["candidates"].get(name) or {}, 0)
        assert hasattr(estimator, "fit") and hasattr(estimator, answer), name
