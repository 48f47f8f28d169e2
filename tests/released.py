"""A project whose first model is released, with Git and DVC, as a user has it; and a bakery whose ovens can turn."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import yaml

from tests.once import once
from tests.scratch import QUICK, ROOT

CODE = (
    "custom",
    "stages",
    "lifecycle",
    "service",
    "actions",
    "dvc.yaml",
    "requirements.txt",
    "requirements-serve.txt",
    "pyproject.toml",
    ".gitignore",
    ".github",
)


def run(place, *command, check=True, env=None):
    path = os.pathsep.join([str(os.path.dirname(sys.executable)), os.environ["PATH"]])
    env = (
        {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        | (env or {})
    )
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, encoding="utf-8", errors="replace")
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def table(n, seed, start, turned=False):
    """`good` follows the heat in each oven; where `turned`, the hot oven is as good as the cold one was."""
    rng = np.random.default_rng(seed)
    heat = rng.normal(size=n).round(3)
    chance = 1 / (1 + np.exp(-(-2.5 if turned else 2.5) * heat))
    days = pd.Timestamp(start) + pd.to_timedelta(np.sort(rng.integers(0, 60, n)), "D")
    return pd.DataFrame(
        {"order": [f"o{seed}-{i}" for i in range(n)], "day": days.strftime("%Y-%m-%d"), "heat": heat, "size": rng.normal(size=n).round(3),
         "oven": rng.choice(["a", "b", "c"], n), "good": np.where(rng.random(n) < chance, "yes", "no")}
    )  # fmt: skip


def make(place):
    """A first model, released: its bundle is the champion."""
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, place / name)
    for folder in ("data/raw", "data/live", "models/champion"):
        (place / folder).mkdir(parents=True)
    for name in ("data/live/README.md", "models/champion/README.md"):
        shutil.copyfile(ROOT / name, place / name)
    (place / "reports/history").mkdir(parents=True)
    shutil.copyfile(ROOT / "reports/history/README.md", place / "reports/history/README.md")
    table(700, 1, "2025-01-01").to_csv(place / "data/raw/bakes.csv", index=False)
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    params["problem"] |= {"target": "good"}
    for block, values in QUICK.items():
        params[block] |= values
    params["retrain"]["n_bootstrap"] = 200
    (place / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for command in (
        "git init -q -b main", "git config user.name Ada", "git config user.email ada@example.org", "dvc init -q", "dvc add -q data/raw",
        "git add -A", "git commit -qm Start", "dvc repro -q",
    ):  # fmt: skip
        run(place, *command.split())
    run(place, "git", "add", "-A")
    run(place, "git", "commit", "-qm", "The first model")
    run(place, sys.executable, "-m", "actions.release")
    return place


def copy_of_it(tmp_path_factory, place):
    """`place` as `make` would leave it."""
    return shutil.copytree(once(tmp_path_factory, "released", make), place, symlinks=True)
