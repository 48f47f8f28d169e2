"""Coverage and width of MAPIE on the rows of one draw, one line of JSON; coverage.py runs it with a Python that has MAPIE.

    PYTHON benchmarks/mapie_coverage.py train.parquet test.parquet TARGET regression|binary|multiclass LEVEL SEED

The model is scikit-learn's boosting, with the settings of ours in coverage.py; each method that MAPIE has for such a model is
tried: cross-conformal and jackknife-like intervals, conformalized quantiles; sets by score (LAC) and adaptive sets (APS).
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from mapie.classification import CrossConformalClassifier
from mapie.regression import ConformalizedQuantileRegressor, CrossConformalRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OrdinalEncoder

BOOSTING = {"max_iter": 300, "learning_rate": 0.08, "max_leaf_nodes": 15}


def as_numbers(train: pd.DataFrame, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    texts = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    parts = (
        [(encoder.fit_transform(train[texts].astype(str)), encoder.transform(test[texts].astype(str)))] if texts else []
    )
    others = [name for name in train if name not in texts]
    parts.append(tuple(one[others].to_numpy(dtype=float, na_value=np.nan) for one in (train, test)))
    return np.column_stack([one for one, _ in parts]), np.column_stack([one for _, one in parts])


def intervals(X: Any, y: Any, X_test: Any, level: float, seed: int) -> dict[str, Any]:
    """(n, 2) by method."""
    plain = HistGradientBoostingRegressor(**BOOSTING, random_state=seed)
    crossed = CrossConformalRegressor(plain, confidence_level=level, method="plus", cv=5, random_state=seed)
    quantiles = ConformalizedQuantileRegressor(
        HistGradientBoostingRegressor(loss="quantile", quantile=0.5, **BOOSTING, random_state=seed),
        confidence_level=level,
    )
    X_fit, X_held, y_fit, y_held = train_test_split(X, y, test_size=0.2, random_state=seed)
    quantiles.fit(X_fit, y_fit).conformalize(X_held, y_held)
    found = {"cv+": crossed.fit_conformalize(X, y), "cqr": quantiles}
    return {name: one.predict_interval(X_test)[1][:, :, 0] for name, one in found.items()}


def sets(X: Any, y: Any, X_test: Any, level: float, seed: int) -> dict[str, Any]:
    """(n, k) by method."""
    out = {}
    scores = ("lac", "aps") if len(np.unique(y)) > 2 else ("lac",)  # MAPIE has no other of two classes
    for name in scores:
        plain = HistGradientBoostingClassifier(**BOOSTING, early_stopping=True, random_state=seed)
        one = CrossConformalClassifier(plain, confidence_level=level, conformity_score=name, cv=5, random_state=seed)
        out[name] = one.fit_conformalize(X, y).predict_set(X_test)[1][:, :, 0]
    return out


def main() -> None:
    train_path, test_path, target, task, level, seed = sys.argv[1:]
    train, test = pd.read_parquet(train_path), pd.read_parquet(test_path)
    X, X_test = as_numbers(train.drop(columns=target), test.drop(columns=target))
    found = {}
    if task == "regression":
        y, y_test = train[target].to_numpy(dtype=float), test[target].to_numpy(dtype=float)
        for name, one in intervals(X, y, X_test, float(level), int(seed)).items():
            inside = (one[:, 0] <= y_test) & (y_test <= one[:, 1])
            width = float((one[:, 1] - one[:, 0]).mean())
            found[name] = {"coverage": float(inside.mean()), "width": width, "least": float(inside.mean())}
    else:
        classes, y = np.unique(train[target].astype(str), return_inverse=True)
        y_test = np.searchsorted(classes, test[target].astype(str))
        for name, one in sets(X, y, X_test, float(level), int(seed)).items():
            inside = one[np.arange(len(y_test)), y_test]
            least = min(float(inside[y_test == code].mean()) for code in np.unique(y_test))
            found[name] = {"coverage": float(inside.mean()), "width": float(one.sum(axis=1).mean()), "least": least}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
