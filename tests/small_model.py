"""A fitted model of each task on a tiny table, with its contract and test rows: what evaluate and report read."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from lifecycle.ground.files import write_parquet
from lifecycle.ground.params import EvaluateParams
from lifecycle.model.conformal import fit_intervals, fit_sets
from lifecycle.model.encode import TableEncoder, as_arrays
from lifecycle.model.model import Model, encode_target
from lifecycle.model.reasons import pick_background
from lifecycle.model.store import save_model
from lifecycle.table.contract import Contract

LEARNING = {
    "name": "linear",
    "points": [{"rows": 100, "score": 0.7, "std": 0.01}, {"rows": 200, "score": 0.5, "std": 0.01}],
}
CLASSES = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}
PARAMS = {
    "confidence": 0.95, "n_bootstrap": 100, "importance_repeats": 2, "importance_rows": 500, "partial_dependence": 3,
    "max_slice_levels": 4, "min_slice_rows": 20, "max_slices": 60, "worst": 5, "reasons_rows": 30, "random_state": 1,
}  # fmt: skip
SETTINGS = EvaluateParams.read(PARAMS)


def table(task, n, seed, place="place"):
    """`signal` decides the target, `noise` and `place` do not; in the south the target is random."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "signal": signal,
            "noise": rng.normal(size=n),
            place: pd.Series(rng.choice(["north", "south", "west"], n), dtype="str"),
            "member": rng.integers(0, 2, n).astype(float),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, n), "D").as_unit("us"),
            "remark": pd.Series([f"text {i}" for i in range(n)], dtype="str"),
        }
    )
    frame.loc[rng.choice(n, n // 20, replace=False), "noise"] = np.nan
    hidden = np.where(frame[place] == "south", rng.normal(size=n), signal)
    if task == "regression":
        frame["target"] = 100 + 10 * hidden + rng.normal(size=n)
    else:
        k = len(CLASSES[task])
        code = np.clip(np.floor(hidden + k / 2), 0, k - 1).astype(int)
        frame["target"] = pd.Series(np.array(CLASSES[task])[code], dtype="str")
    frame["__source__"] = [f"rows.csv:{i + 2}" for i in range(n)]
    return frame


def contract(task, metric="", place="place"):
    fields = [
        {"name": "signal", "role": "feature", "type": "number", "constraints": {"minimum": -4.0, "maximum": 4.0}},
        {"name": "noise", "role": "feature", "type": "number"},
        {"name": place, "role": "feature", "type": "string", "constraints": {"enum": ["north", "south", "west"]}},
        {"name": "member", "role": "feature", "type": "boolean"},
        {"name": "day", "role": "time", "type": "date"},
        {"name": "remark", "role": "feature", "type": "text"},
        {"name": "number", "role": "id", "type": "integer", "reason": "different in each row"},
        {"name": "target", "role": "target", "type": "number" if task == "regression" else "string"},
    ]
    problem = {
        "statement": "Which target?", "decision": "", "owner": "", "unit": "one row", "target": "target", "task": task,
        "metric": metric or ("rmse" if task == "regression" else "log_loss"), "classes": CLASSES[task],
        "positive": "yes" if task == "binary" else "", "criteria": {}, "costs": {}, "exclude": [],
    }  # fmt: skip
    return {"problem": problem, "fields": fields, "notes": ["task: inferred"]}


def terms(task, metric="", place="place", fields=()):
    """The contract's class; `fields`: further ones."""
    content = contract(task, metric, place)
    return Contract.read(content | {"fields": [*content["fields"], *fields]})


def fitted(task, place="place"):
    """A linear model of `signal`, `member` and the place, on 400 rows."""
    train = table(task, 400, seed=1, place=place)
    y = encode_target(train["target"], terms(task))
    columns = {"signal": "f", "member": "f", place: "O"}
    share = np.bincount(y, minlength=len(CLASSES[task])) / len(y) if CLASSES[task] else float(y.mean())
    model = Model(task, CLASSES[task], columns, share, len(y))
    kinds = {"signal": "number", "member": "number", place: "category"}
    pipeline = make_pipeline(
        TableEncoder(kinds, "linear"), LogisticRegression() if CLASSES[task] else LinearRegression()
    )
    model.members = [(1.0, pipeline.fit(model.rows(train), y))]
    model.background = pick_background(model, train, random_state=1, n=6)
    # on rows that it has learned: near enough, of three columns
    prediction, fold = model.predictions(train), np.arange(len(y)) % 3
    if task == "regression":
        rows = as_arrays(train[list(kinds)])
        model.conformal = fit_intervals(rows, kinds, y, prediction, fold, None, 0.9, 1)
    else:
        model.conformal = fit_sets(y, prediction, None, 0.9)
    return model


def write_candidate(folder, task, place="place"):
    model = fitted(task, place)
    save_model(model, folder / "models/candidate", {"name": "linear", "task": task, "learning": LEARNING})
    train = table(task, 400, seed=1, place=place)
    prediction = model.predictions(train).reshape(len(train), -1)
    names = [f"p_{code}" for code in range(len(CLASSES[task]))] or ["prediction"]
    oof = pd.DataFrame(prediction, columns=names).assign(y_true=encode_target(train["target"], terms(task)), fold=0)
    write_parquet(folder / "models/candidate/oof.parquet", oof)
