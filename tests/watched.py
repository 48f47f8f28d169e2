"""A folder with a released bundle of a small model, in which monitor and drill run; and live rows to put beside it."""

import shutil
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from lifecycle.ground.files import write_parquet, write_yaml
from lifecycle.model.model import encode_target
from lifecycle.model.store import load_model, save_model
from lifecycle.table.contract import Contract
from tests import small_model

ROOT = Path(__file__).parents[1]
WORDS = {
    "trueValues": ["yes", "true", "1"],
    "falseValues": ["no", "false", "0"],
    "format": "ISO8601",
    "missingValues": ["", "?"],
}


def contract(task):
    out = small_model.contract(task)
    for spec in out["fields"]:
        spec |= WORDS
        if spec["role"] == "target" and task != "regression":
            spec["constraints"] = {"enum": small_model.CLASSES[task]}
    out["fields"] = [f for f in out["fields"] if f["role"] != "id"]
    return out


def table(task, n, seed):
    frame = small_model.table(task, n, seed)
    frame["remark"] = np.random.default_rng(seed).choice(["all is well", "nothing to say", "see above"], n)
    return frame.astype({"remark": "str"})


def rows(task, n, seed):
    """Live rows as a batch has them, newer than those of the reference."""
    frame = table(task, n, seed).drop(columns="__source__")
    frame["day"] = (frame["day"] + np.timedelta64(200, "D")).dt.strftime("%Y-%m-%d")
    frame["member"] = frame["member"].map({1.0: "yes", 0.0: "no"})
    return frame


def write_bundle(folder, task, n=600, place="models/bundle"):
    bundle = folder / place
    model, train = small_model.fitted(task), small_model.table(task, 400, seed=1)
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["place"]), remainder=SimpleImputer())
    pipeline = make_pipeline(encode, LinearRegression() if task == "regression" else LogisticRegression())
    model.members = [
        (1.0, pipeline.fit(model.rows(train), encode_target(train["target"], Contract.read(contract(task)))))
    ]
    save_model(model, bundle, {"name": "linear", "task": task})
    write_yaml(bundle / "contract.yaml", contract(task))
    test = table(task, n, seed=2)
    answers = load_model(bundle).predictions(test)
    names = ["__answer__"] if task == "regression" else [f"__p_{i}__" for i in range(answers.shape[1])]
    write_parquet(bundle / "reference.parquet", test.assign(**dict(zip(names, answers.reshape(n, -1).T, strict=True))))
    shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
    (folder / "data/live").mkdir(parents=True)
    (folder / "data/live/README.md").write_text("no batch yet")
    return folder
