"""A folder with a table and params.yaml, in which stages run as DVC runs them: `python -m stages.NAME`."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
QUICK = {  # enough to tell a model from a guess, in a second
    "train": {
        "folds": 3,
        "repeats": 1,
        "candidates": {"linear": {"C": 1.0, "alpha": 1.0}, "boosting": {"max_iter": 60, "max_leaf_nodes": 15}},
    },
    "evaluate": {"n_bootstrap": 100, "importance_repeats": 1},
}


def scratch(folder: Path, table: str | bytes, target: str, name: str = "table.csv", **blocks: dict) -> Path:
    """`folder` with data/raw/`name` and the project's params.yaml, changed by `blocks` ({block: {key: value}})."""
    raw = folder / "data/raw" / name
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.write_bytes(table.encode() if isinstance(table, str) else table)
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["problem"]["target"] = target
    for block, changes in {**QUICK, **blocks}.items():
        params[block].update(changes)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    return folder


def run_stages(folder: Path, *stages: str, check: bool = True) -> subprocess.CompletedProcess:
    """The last process; the first that fails ends the row."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in stages:
        command = [sys.executable, "-m", f"stages.{name}"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8")
        if done.returncode:
            break
    if check:
        assert done.returncode == 0, f"{name}: {done.stdout}\n{done.stderr}"
    return done
