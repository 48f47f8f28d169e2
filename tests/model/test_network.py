"""network: it learns what a line cannot, and answers alike however often it is asked."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lifecycle.model.network import Network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 4))
ODD = ((X[:, 0] > 0) != (X[:, 1] > 0)).astype(int)


def small(regression=False, **changes):
    return Network(
        regression, **{"n_estimators": 3, "hidden_layer_sizes": [16, 8], "batch_size": 32, "max_iter": 40} | changes
    )


def test_it_learns_what_no_line_can():
    net = small(learning_rate_init=0.01).fit(X[:400], ODD[:400] * 3 + 2)
    assert net.classes_.tolist() == [2, 5]
    assert ((net.predict_proba(X[400:])[:, 1] > 0.5) == ODD[400:]).mean() > 0.9
    assert np.allclose(net.predict_proba(X).sum(axis=1), 1)


def test_a_regression_starts_from_the_mean():
    net = small(regression=True, max_iter=1, learning_rate_init=1e-5).fit(X, X[:, 0] + 3)
    assert abs(net.predict(X).mean() - 3) < 0.2


def test_the_same_seed_gives_the_same_bytes():
    one, two = (pickle.dumps(small(max_iter=3).fit(X, ODD)) for _ in range(2))
    assert one == two


def test_a_row_alone_is_answered_as_among_others():
    net = small(max_iter=3).fit(X, ODD)
    alone = np.concatenate([net.predict_proba(X[i : i + 1]) for i in range(50)])
    assert np.abs(alone - net.predict_proba(X)[:50]).max() < 1e-12


def test_it_stops_past_the_best_epoch_and_tells_each():
    noise = RNG.integers(0, 2, 600)
    net = small(max_iter=100, early_stopping=True, n_iter_no_change=3).fit(
        X[:300], noise[:300], X_val=X[300:], y_val=noise[300:]
    )
    stages = list(net.staged_predict_proba(X[:5]))
    assert 3 < len(stages) < 60
    assert np.array_equal(stages[-1], net.predict_proba(X[:5]))


@pytest.mark.parametrize("n", [3, 9, 40])
def test_few_rows_are_enough_to_fit(n):
    assert np.isfinite(small(max_iter=2).fit(X[:n], np.arange(n) % 2).predict_proba(X)).all()


def test_weights_count():
    weight = np.where(ODD == 1, 10.0, 1.0)
    assert small(max_iter=5).fit(X, ODD, sample_weight=weight).predict_proba(X)[:, 1].mean() > 0.7


def test_a_sparse_matrix_makes_the_network_that_the_whole_one_makes(monkeypatch):
    monkeypatch.setattr("lifecycle.model.network.AT_ONCE", 250)
    x = np.where(np.abs(X) < 1, 0.0, X)
    more = {"X_val": x[500:], "y_val": ODD[500:]}
    one = small(max_iter=3, early_stopping=True).fit(x, ODD, **more)
    more["X_val"] = csr_matrix(x[500:])
    two = small(max_iter=3, early_stopping=True).fit(csr_matrix(x), ODD, **more)
    assert pickle.dumps(one) == pickle.dumps(two)
    assert np.allclose(one.predict_proba(x), two.predict_proba(csr_matrix(x)), atol=1e-12)
