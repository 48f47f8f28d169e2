"""A small project whose pipeline ran: what deploy made of it is served by the tests beside."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[2]
STAGES = ("define", "clean", "split", "train", "evaluate", "validate", "deploy")
# rows as a client sends them, in the table's own columns
ROW = {"size": 20.5, "rooms": 3, "heated": True, "place": "north", "day": "2024-12-04", "note": "a quiet street"}


def table(n=320, seed=0):
    """Numbers with a code for missing, whole numbers, words for yes and no, categories, dates, notes, an id; two targets."""
    rng = np.random.default_rng(seed)
    size, rooms = rng.gamma(4, 6, n).round(1), rng.integers(1, 7, n)
    place, heated = rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2]), rng.random(n) < 0.6
    price = 40 + 3 * size + 12 * rooms + 25 * (place == "north") + rng.normal(0, 12, n)
    words = np.array(["quiet", "loud", "street", "garden", "river", "sunny", "old", "new"])
    frame = pd.DataFrame(
        {
            "flat": [f"F-{i:05d}" for i in range(n)],
            "size": np.where(rng.random(n) < 0.04, 9999, size),
            "rooms": rooms,
            "heated": np.where(heated, "Yes", "No"),
            "place": place,
            "day": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), "D")).strftime("%Y-%m-%d"),
            "note": [" ".join(rng.choice(words, rng.integers(2, 9))) for _ in range(n)],
            "price": price.round(2),
        }
    )
    frame["let"] = np.where(price + rng.normal(0, 15, n) > np.median(price), "yes", "no")
    frame.loc[rng.random(n) < 0.05, "place"] = "?"
    return frame


def project(place, target, n=320):
    """A folder with its table, parameters and code, as a repository has them."""
    place.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("custom", "stages", "lifecycle", "service", "actions"):
        shutil.copytree(ROOT / name, place / name, ignore=ignore)
    for name in ("requirements-serve.txt", "requirements.txt", "dvc.yaml"):
        shutil.copyfile(ROOT / name, place / name)
    (place / "pyproject.toml").write_text('[project]\nname = "flats"\n', "utf-8")
    shutil.copytree(
        ROOT / "models" / "champion", place / "models" / "champion", ignore=shutil.ignore_patterns("bundle*")
    )
    (place / "data" / "raw").mkdir(parents=True)
    table(n).drop(columns={"let": "price", "price": "let"}[target]).to_csv(
        place / "data" / "raw" / "flats.csv", index=False
    )
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    params["problem"] |= {"statement": "A flat <b>&", "unit": "one flat", "target": target}
    params["train"] |= {
        "time_budget": 20,
        "repeats": 1,
        "candidates": {k: params["train"]["candidates"][k] for k in ("linear", "boosting_shallow")},
    }
    params["evaluate"] |= {"n_bootstrap": 60, "importance_repeats": 1}
    params["validate"] |= {"n_bootstrap": 60, "n_rows": 40}
    params["columns"] = {"note": {"type": "text"}, "size": {"missingValues": ["9999", "", "?"]}}
    write_params(place, params)
    return place


def write_params(place, params):
    (place / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True), "utf-8")


def run(place, *stages):
    """The stages' lines, run in one process: most of their time is the import of what they share."""
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module('stages.' + name).main()\n"
    done = subprocess.run(
        [sys.executable, "-c", code, *stages], cwd=place, env=environment(), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(**more):
    """This environment without what would change a service's settings."""
    ours = ("HOST", "PORT", "API_KEY", "ALLOW_OPEN", "PREDICTION_LOG", "LOG_", "MAX_", "PYTHONPATH", "GIT_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **{k: str(v) for k, v in more.items()}}


def golden(bundle):
    return json.loads((bundle / "golden.json").read_text("utf-8"))
