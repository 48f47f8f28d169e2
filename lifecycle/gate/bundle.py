"""deploy: the bundle that a service loads, and nothing else is needed to serve it: model, code, contract, golden rows.

Run: python -m stages.deploy      (reads the candidate, its evaluation and the gate's verdict; writes models/bundle/)

A candidate that failed the gate yields a folder with REFUSED.md in it and nothing to release. The bundle is loaded in a
fresh process that sees only the bundle, and must give the golden rows' answers to the last digit.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import lifecycle
from lifecycle.gate.alone import named, plain
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import (
    read_yaml,
    sha256,
)
from lifecycle.model.model import Model
from lifecycle.model.store import own_code
from lifecycle.table.conform import conform
from lifecycle.table.contract import MODEL, Contract, Field

BUNDLE, CANDIDATE = Path("models/bundle"), Path("models/candidate")
MADE_BY = ("problem", "columns", "define", "clean", "split", "train")  # the blocks that decide what the model is
RECORDED = ("data/contract.yaml", "data/train.parquet", "data/test.parquet")
ALONE = Path(__file__).with_name("alone.py")


# ---- golden rows: cells as a client sends them, and the answers that they must get ---------------------------


def as_cells(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Typed rows as the JSON cells that a client sends: numbers, true and false, texts, ISO dates, None."""
    columns = {}
    for field in contract.used(MODEL):
        cells = [None if pd.isna(value) else as_cell(value, field) for value in frame[field.name]]
        columns[field.name] = pd.Series(cells, index=frame.index, dtype=object)
    return pd.DataFrame(columns, index=frame.index)


def as_cell(value: Any, field: Field) -> bool | int | float | str:
    """One typed cell that is not missing."""
    if field.is_date:
        return str(value.isoformat()).removesuffix("T00:00:00")
    if field.type == "boolean":
        return bool(value)
    if field.is_text:
        return str(value)
    if float(value).is_integer() and abs(value) < 2**53:
        return int(value)
    return float(value)


def odd_rows(row: dict[str, Any], contract: Contract) -> list[dict[str, Any]]:
    """What live traffic brings and a test table may not: nothing known, categories never seen, numbers far outside."""
    unseen, outside = dict(row), dict(row)
    for field in contract.used(MODEL):
        if field.is_text:
            unseen[field.name] = "never seen \N{SNOWMAN}"
        if field.is_number and field.maximum is not None:
            outside[field.name] = 2 * abs(field.maximum) + 1
    return [dict.fromkeys(row), unseen, outside]


def golden(model: Model, test: pd.DataFrame, contract: Contract, n_rows: int) -> dict[str, Any]:
    """{rows, answers, labels}: typical rows first, then odd ones. The answers are the training pipeline's own."""
    place = np.unique(np.linspace(0, len(test) - 1, min(n_rows, len(test))).astype(int))
    typed = test.iloc[place].reset_index(drop=True)
    rows = as_cells(typed, contract).to_dict("records")
    rows += odd_rows(rows[0], contract)
    read = conform(pd.DataFrame(rows, dtype=object), contract, MODEL).frame
    answers = model.predictions(read)
    # as many rows at a time: the last digit of a matrix product depends on its size
    if not np.array_equal(model.predictions(read.iloc[: len(place)]), model.predictions(typed)):
        raise UserError(
            "data/test.parquet and the same rows written as JSON get different answers; a cell's type is lost on the way"
        )
    return {"rows": rows, "answers": answers.tolist(), "labels": [_plain(v) for v in model.predict(read)]}


def with_answers(model: Model, test: pd.DataFrame) -> pd.DataFrame:
    """The test rows with the model's answers beside them: what monitoring compares live rows with."""
    answers = model.predictions(test)
    names = ["__answer__"] if model.task == "regression" else [f"__p_{i}__" for i in range(answers.shape[1])]
    return test.assign(**dict(zip(names, answers.reshape(len(test), -1).T, strict=True)))


# ---- the bundle ------------------------------------------------------------------------------------------------


def manifest(folder: Path, facts: dict[str, Any], needed: dict[str, str]) -> dict[str, Any]:
    """What the bundle is made of; `needed`: versions of packages that this model needs beside the usual. Its own hash is vouched for by dvc.lock, and that by the release's commit."""
    params = read_yaml("params.yaml")
    blocks = {block: params[block] for block in MADE_BY}
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "format": 1,
        "engine": lifecycle.__version__,
        "model": facts["name"],
        "task": facts["task"],
        "classes": facts["classes"],
        "files": {p.relative_to(folder).as_posix(): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()},
        "data": {path: sha256(path) for path in RECORDED},
        "params": hashlib.sha256(json.dumps(blocks, sort_keys=True).encode()).hexdigest(),
        "versions": {"python": python} | facts["versions"] | needed,
    }


def made_from(contract: Contract) -> dict[str, dict[str, Any]]:
    """What a model card says of it: the data's hashes, and the seeds; of the split the contract remembers one where params.yaml
    names none."""
    params = read_yaml("params.yaml")
    split = params["split"].get("random_state")
    if split in ("", None):
        split = contract.identity.random_state
    seeds = {"split.random_state": split, "train.random_state": params["train"]["random_state"]}
    return {"data": {path: sha256(path) for path in RECORDED}, "seeds": seeds}


def check_alone(folder: Path) -> dict[str, str]:
    """Load the bundle in a process of its own that has its code and its requirements alone, and compare the golden answers
    exactly. The distributions that the model needs beside the service's own, with their versions. Raises UserError."""
    done = subprocess.run(
        [sys.executable, str(ALONE), str(folder.resolve())],
        cwd=folder,
        env={**os.environ, **own_code(folder)},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines() or ["no message"]
    found: dict[str, Any] = json.loads(lines[-1]) if lines[-1].startswith("{") else {"error": lines[-1]}
    if "missing" in found:
        raise UserError(
            f"the model needs a package that requirements-serve.txt does not name; {to_add(found['missing'])}"
        )
    if "error" in found:
        raise UserError(f"the bundle does not answer alike in a fresh process: {found['error']}")
    return dict(found["loaded"])


def to_add(module: str) -> str:
    """The lines that bring a module's distribution, and what that needs itself, into the serving lock."""
    owners = metadata.packages_distributions().get(module.partition(".")[0], [])
    if not owners:
        return f"{module} is not installed here either; pip install it, and add its line there"
    have = named(Path("requirements-serve.txt"))
    todo, lines = [owners[0]], {}
    while todo:
        name = todo.pop()
        if plain(name) in have or plain(name) in lines:
            continue
        try:
            lines[plain(name)] = f"{name}=={metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue  # needed on another system, or for an extra
        needed = [requirement for requirement in metadata.requires(name) or [] if "extra ==" not in requirement]
        todo += [re.split(r"[\s=<>!~;\[(]", requirement)[0] for requirement in needed]
    return f"add there: {', '.join(sorted(lines.values()))}; then `dvc repro` (and add it to pyproject.toml)"


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
