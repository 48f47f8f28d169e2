"""The model families that `train` chooses among. One of your own goes into custom/candidates.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.errors import UserError, nearest
from lifecycle.model.scaled_target import ScaledTarget
from lifecycle.model.shape import Shape

Hyper = dict[str, Any]


def plain_cost(shape: Shape, hyper: Hyper) -> float:
    """For a candidate that says nothing about its work."""
    return 2e-6 * shape.rows * shape.columns * shape.outputs


def plain_latency(hyper: Hyper, rounds: int, outputs: int) -> float:
    return 1.0


def plain_size(shape: Shape, hyper: Hyper) -> float:
    return 0.0


class Family(NamedTuple):
    """`style`: how the encoder prepares the rows: "tree", "linear" or "piecewise" (lifecycle.model.encode).
    `make(y, hyper_parameters, random_state)`: an unfitted estimator; y is codes of a classification, floats of a regression.
    `cost`: seconds of one fit on one core of the machine where it was recorded (see lifecycle.search.budget).
    `latency`: milliseconds to answer one row there, of (hyper-parameters, rounds, outputs); counted from the model's
    parts and never timed, so that it can decide what a model is made of.
    `rounds`: the hyper-parameter that counts boosting rounds, whose number the folds find together.
    `scaled_target`: of a regression, fitted on the standardised target. `size`: about how many MB the file will have,
    where that grows with the table: what is over train.max_size_mb is not tried. `draws`: what is fitted hangs on
    random_state, so that on few rows the mean of several fits is better than one. `sparse`: of many rows it takes a matrix
    of scipy.sparse, which needs a fifth of the memory."""

    style: str
    make: Callable[[np.ndarray, Hyper, int], Any]
    cost: Callable[[Shape, Hyper], float] = plain_cost
    latency: Callable[[Hyper, int, int], float] = plain_latency
    size: Callable[[Shape, Hyper], float] = plain_size
    rounds: str = ""
    scaled_target: bool = False
    draws: bool = False
    sparse: bool = False


def linear(y: np.ndarray, hyper: Hyper, random_state: int) -> Any:
    """Logistic regression (C) or ridge regression (alpha)."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if y.dtype.kind == "f":
        return Ridge(alpha=hyper["alpha"], random_state=random_state)
    return LogisticRegression(C=hyper["C"], max_iter=300, tol=1e-3)


def linear_cost(shape: Shape, hyper: Hyper) -> float:
    return 0.02 + 4e-8 * shape.rows * shape.wide * (1 if shape.regression else shape.outputs)


def linear_latency(hyper: Hyper, rounds: int, outputs: int) -> float:
    return 0.1


def extra_trees(y: np.ndarray, hyper: Hyper, random_state: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    family = ExtraTreesRegressor if y.dtype.kind == "f" else ExtraTreesClassifier
    return family(n_jobs=1, random_state=random_state, **hyper)


def extra_trees_cost(shape: Shape, hyper: Hyper) -> float:
    share = hyper.get("max_features", 1.0)
    tried = shape.columns * (share if isinstance(share, float) else 0.3)
    levels = np.log2(2 + shape.rows / hyper.get("min_samples_leaf", 1))
    return hyper.get("n_estimators", 100) * (3e-4 + shape.rows * (1.2e-8 * tried * levels + 1e-7))


def extra_trees_latency(hyper: Hyper, rounds: int, outputs: int) -> float:
    return 0.05 + 0.0015 * hyper.get("n_estimators", 100)


def extra_trees_size(shape: Shape, hyper: Hyper) -> float:
    nodes = 2 * shape.rows / hyper.get("min_samples_leaf", 1)
    outputs = shape.outputs if shape.outputs > 2 else 1
    return hyper.get("n_estimators", 100) * nodes * (64 + 8 * outputs) / 4.3 / 1e6


def hist_gradient_boosting(y: np.ndarray, hyper: Hyper, random_state: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    family = HistGradientBoostingRegressor if y.dtype.kind == "f" else HistGradientBoostingClassifier
    # the folds stop it on their held rows; `fit_members` then sets early_stopping to False
    usual: Hyper = {"early_stopping": True, "n_iter_no_change": 40, "tol": 0.0}
    return family(random_state=random_state, **usual | hyper)


def boosting_cost(shape: Shape, hyper: Hyper) -> float:
    leaves = min(hyper.get("max_leaf_nodes", 31) or 255, 2 + shape.rows / 40)
    a_round = 2e-4 + shape.rows * shape.columns * 2.6e-9 + leaves * (2e-5 + shape.columns * 1e-6)
    trees = 1 if shape.regression or shape.outputs == 2 else 0.6 * shape.outputs  # of many classes each is smaller
    return hyper.get("max_iter", 100) * trees * a_round


def boosting_latency(hyper: Hyper, rounds: int, outputs: int) -> float:
    return 0.08 + 3e-4 * rounds * outputs


def network(y: np.ndarray, hyper: Hyper, random_state: int) -> Any:
    from lifecycle.model.network import Network

    usual: Hyper = {"early_stopping": True}
    return Network(y.dtype.kind == "f", random_state=random_state, **usual | hyper)


def network_cost(shape: Shape, hyper: Hyper) -> float:
    usual: Hyper = {"hidden_layer_sizes": [64, 32], "n_estimators": 4, "batch_size": 128, "max_iter": 50}
    hyper = usual | hyper
    nodes = [shape.wide, *hyper["hidden_layer_sizes"], shape.outputs]
    weights = sum(a * b for a, b in zip(nodes, nodes[1:], strict=False))
    batch = max(8, min(hyper["batch_size"], shape.rows / 16))
    a_step = 1.2e-4 + batch * hyper["n_estimators"] / 4 * (1.5e-6 + 3.5e-10 * weights)
    return hyper["max_iter"] * shape.rows / batch * a_step


def network_latency(hyper: Hyper, rounds: int, outputs: int) -> float:
    return 0.05 + 1e-5 * hyper.get("n_estimators", 4) * sum(hyper.get("hidden_layer_sizes", [64, 32]))


FAMILIES = {
    "linear": Family("linear", linear, linear_cost, linear_latency, scaled_target=True, sparse=True),
    "boosting": Family("tree", hist_gradient_boosting, boosting_cost, boosting_latency, rounds="max_iter", draws=True),
    "network": Family(
        "linear", network, network_cost, network_latency, rounds="max_iter", scaled_target=True, draws=True, sparse=True
    ),
    "extra_trees": Family("tree", extra_trees, extra_trees_cost, extra_trees_latency, extra_trees_size),
}
# further shapes of the same families
FAMILIES |= {
    "linear_strong": FAMILIES["linear"],
    "additive": FAMILIES["linear"]._replace(style="piecewise"),
    "boosting_shallow": FAMILIES["boosting"],
    "boosting_deep": FAMILIES["boosting"],
    "network_piecewise": FAMILIES["network"]._replace(style="piecewise"),
    "extra_trees_smooth": FAMILIES["extra_trees"],
}


def check_candidates(blocks: dict[str, Any], y: np.ndarray, families: dict[str, Family]) -> None:
    """UserError where params.yaml names a candidate that is not among `families`, or that cannot be made of its block."""
    if not blocks:
        raise UserError(f"params.yaml: train.candidates is empty; name one or more of {', '.join(families)}")
    for name, hyper in blocks.items():
        if name not in families:
            near = nearest(name, list(families)) or f"; there are {', '.join(families)}"
            raise UserError(
                f"params.yaml: train.candidates has {name!r}, which neither the engine nor custom/candidates.py has{near}"
            )
        build(families[name], name, y, hyper, 0)


def build(family: Family, name: str, y: np.ndarray, hyper: Hyper, random_state: int, log: bool = False) -> Any:
    """The unfitted estimator of one candidate; `log`: of a regression, fitted on the target's logarithm."""
    try:
        estimator = family.make(y, hyper or {}, random_state)
    except ImportError as error:
        raise UserError(
            f"train.candidates.{name} needs a package that is not installed ({error}); install it, or take the "
            f"block {name} out of params.yaml"
        ) from error
    except (TypeError, KeyError) as error:
        raise UserError(
            f"params.yaml: train.candidates.{name} does not fit its estimator ({error}); see its documentation"
        ) from error
    return ScaledTarget(estimator, log) if y.dtype.kind == "f" and (log or family.scaled_target) else estimator
