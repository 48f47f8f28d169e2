"""Did that edit help? In seconds, and nothing of the pipeline is touched.

    python -m actions.try [COMMIT]      or: make try

custom/ and params.yaml as they stand, against those of COMMIT (default: the last one): the out-of-fold predictions of a fast
portfolio (linear, boosting, families of your own), on the same rows and folds, and their paired difference with its interval.
A large table is tried on some of its rows. `dvc repro` is what counts: with all candidates, and on test rows.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from actions.registry import git, output_hash
from custom.metrics import METRICS
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_parquet, read_yaml
from lifecycle.ground.metrics import Draw, add_metrics, default_metric, metric, paired_difference
from lifecycle.ground.params import SplitParams, TrainParams
from lifecycle.ground.words import as_scores, short
from lifecycle.table.contract import read_contract
from lifecycle.table.json_rows import flat

CELLS = 400_000  # of the features, that are tried: a few seconds
FOLDS = 3
FAST = ("linear", "boosting")
SHAPES_ROWS = (
    "problem",
    "columns",
    "define",
    "clean",
    "split",
)  # blocks of params.yaml from which the training rows come
DRAW = Draw(n_bootstrap=1000, confidence=0.95, random_state=1)
ANSWERS = "answers.npz"


@dataclass(frozen=True)
class OneSide:
    """`rows`: numbers of the rows; their outcome, out-of-fold predictions and weights (all ones where there are none)."""

    question: str
    metric: str
    names: str
    rows: np.ndarray
    y: np.ndarray
    oof: np.ndarray
    weight: np.ndarray


# ---- one side, in a folder and a process of its own -----------------------------------------------------------------


def answer() -> None:
    """Here are custom/, params.yaml, the contract and the training rows of one side; writes what a fast portfolio answers."""
    from custom.candidates import CANDIDATES
    from custom.features import add_features
    from lifecycle.model.families import FAMILIES
    from lifecycle.search.budget import Plan
    from lifecycle.search.choose import entries_of, find_blend
    from lifecycle.search.data import TRAIN, prepare
    from lifecycle.search.workers import Clock
    from lifecycle.table.folds import make_folds, scheme_of
    from lifecycle.table.rows import ROW, keys_of, shares

    contract, params = read_contract(), TrainParams.load()
    frame, scheme = read_parquet(TRAIN), scheme_of(contract.identity, SplitParams.load().scheme)
    share = CELLS / max(len(contract.features), 1) / len(frame)
    frame = frame[shares(keys_of(frame, scheme), 1) < share].reset_index(drop=True)
    fast = {name: hyper for name, hyper in params.candidates.items() if name in FAST or name in CANDIDATES}
    params = replace(params, candidates=fast or params.candidates)
    data = prepare(frame, contract, params, add_features, FAMILIES | CANDIDATES)
    data.folds = make_folds(frame, data.y, contract, scheme, FOLDS, data.random_state)
    entries = entries_of(params.candidates, data.y, params.choose if params.choose in params.candidates else "")
    blend = find_blend(data, Plan(entries, FOLDS, False, 0.0, []), params, Clock(np.inf))
    weight = data.weights(data.scored)
    problem = contract.problem
    np.savez(
        ANSWERS,
        question=f"{problem.target}, {problem.task}, {'/'.join(problem.classes)}",
        metric=problem.metric,
        names=" and ".join(entry.name for entry in entries),
        rows=frame[ROW].to_numpy()[data.scored],
        y=data.y[data.scored],
        oof=blend.oof,
        weight=np.ones(len(data.scored)) if weight is None else weight,
    )


def ask(folder: Path) -> OneSide:
    run_in(folder, "actions.try", "--answer")
    with np.load(folder / ANSWERS) as kept:
        question, name, names = (str(kept[word]) for word in ("question", "metric", "names"))
        return OneSide(question, name, names, kept["rows"], kept["y"], kept["oof"], kept["weight"])


def run_in(folder: Path, module: str, *arguments: str) -> None:
    """`module` with the project's engine and the folder's custom/ and params.yaml."""
    path = os.pathsep.join([str(folder), str(Path.cwd())])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder, env=env, capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise UserError(f"{said.removeprefix('error: ')} ({folder.name})")


# ---- the two sides --------------------------------------------------------------------------------------------------


def side(folder: Path, commit: str) -> Path:
    """custom/, params.yaml and the contract of `commit`, or of the work tree where that is empty."""
    prefix = git("rev-parse", "--show-prefix")
    here = [p.as_posix() for p in Path("custom").rglob("*.py")]
    there = git("ls-tree", "-r", "--name-only", commit, "custom").splitlines() if commit else here
    for name in [*there, "params.yaml", "data/contract.yaml"]:
        path = folder / name.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = git("show", f"{commit}:./{name}") + "\n" if commit else Path(name).read_text("utf-8")
        path.write_text(text, encoding="utf-8")
    own = folder / "custom/metrics.py"
    if not own.exists():  # a commit of before there were any
        own.write_text("METRICS = {}\n", encoding="utf-8")
    return folder


def bring_rows(folder: Path, commit: str) -> None:
    """The training rows of `commit`, from the work tree or DVC's cache."""
    target = Path("data/train.parquet")
    wanted = output_hash(git("show", f"{commit}:./dvc.lock"), "split", target.as_posix())
    here = output_hash(Path("dvc.lock").read_text("utf-8"), "split", target.as_posix())
    if target.exists() and wanted and here == wanted:
        shutil.copyfile(target, folder / target)
        return
    command = [
        sys.executable,
        "-m",
        "dvc",
        "get",
        "-q",
        ".",
        target.as_posix(),
        "--rev",
        commit,
        "-o",
        str(folder / target),
    ]
    if subprocess.run(command, capture_output=True).returncode:
        raise UserError(f"{target.as_posix()} of {commit} is not here; `dvc pull`, or `dvc repro` and commit")


def changes(then: Path, now: Path) -> list[str]:
    """What differs between the two sides."""
    names = sorted({p.relative_to(s).as_posix() for s in (then, now) for p in s.glob("custom/**/*.py")})
    found = [n for n in names if not same(then / n, now / n)]
    old, new = (flat(read_yaml(folder / "params.yaml")) for folder in (then, now))
    return found + [f"params.yaml: {key}" for key in sorted({*old, *new}) if old.get(key) != new.get(key)]


def same(a: Path, b: Path) -> bool:
    return a.exists() and b.exists() and a.read_text("utf-8").split() == b.read_text("utf-8").split()


def other_rows(changed: list[str], commit: str) -> bool:
    """Whether the training rows are others than the commit's: by params.yaml, or by the table."""
    blocks = tuple(f"params.yaml: {block}." for block in SHAPES_ROWS) + ("params.yaml: columns",)
    raw = Path("data/raw.dvc")
    table = raw.exists() and raw.read_text("utf-8").strip() != git("show", f"{commit}:./data/raw.dvc").strip()
    return table or any(name.startswith(blocks) for name in changed)


def make_rows(folder: Path) -> None:
    """define, clean and split, in that folder."""
    shutil.copytree("data/raw", folder / "data/raw", copy_function=linked)
    for name in ("define", "clean", "split"):
        run_in(folder, f"stages.{name}")


def linked(source: str, target: str) -> None:
    """A link where the system has them: the table may be large."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)


# ---- the verdict ----------------------------------------------------------------------------------------------------


def verdict(then: OneSide, now: OneSide, commit: str) -> str:
    """The line of numbers, and better, no difference or worse."""
    if then.question != now.question:
        raise UserError(f"not comparable: {commit} predicts {then.question}; now it is {now.question}")
    rows, at_then, at_now = np.intersect1d(then.rows, now.rows, return_indices=True)
    if len(rows) < 2:
        raise UserError(f"not comparable: the two have {len(rows)} rows in common")
    name = now.metric if metric(now.metric).needs != "classes" else default_metric(now.question.split(", ")[1])
    y, a, b = now.y[at_now], now.oof[at_now], then.oof[at_then]
    gain, low, high = paired_difference(name, y, a, b, DRAW, now.weight[at_now])
    scores = as_scores([metric(name).function(y, p, now.weight[at_now]) for p in (a, b)])
    said = "better" if low > 0 else "worse" if high < 0 else "no difference"
    some = (
        ""
        if len(rows) == max(len(now.rows), len(then.rows))
        else f" of {max(len(now.rows), len(then.rows))}, those of both"
    )
    return (
        f"try: {now.names}, {FOLDS} folds, {len(rows)} rows{some}; {name} {scores[0]}, at {commit} {scores[1]}\n"
        f"try: {said}: gain {short(gain)} [{short(low)}, {short(high)}]"
    )


def main() -> None:
    add_metrics(METRICS)
    parser = argparse.ArgumentParser(prog="python -m actions.try", description="did that edit help?")
    parser.add_argument("commit", nargs="?", default="HEAD", help="what to compare with")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer:
        answer()
        return
    commit = given.commit
    if not git("ls-tree", commit, "data/contract.yaml", "dvc.lock").count("\n"):
        raise UserError(f"{commit} holds no model yet: dvc repro and commit, then there is something to compare with")
    with tempfile.TemporaryDirectory() as place:
        then, now = side(Path(place, commit.replace("/", "-")), commit), side(Path(place, "work tree"), "")
        changed = changes(then, now)
        remade = other_rows(changed, commit)
        if not changed and not remade:
            print(f"try: custom/, params.yaml and the table are as they were at {commit}: there is nothing to try")
            return
        print(f"try: {', '.join(changed) or 'the table'} changed since {commit}", flush=True)
        bring_rows(then, commit)
        if remade:
            make_rows(now)
        else:
            shutil.copyfile(then / "data/contract.yaml", now / "data/contract.yaml")
            shutil.copyfile(then / "data/train.parquet", now / "data/train.parquet")
        print(verdict(ask(then), ask(now), commit))


if __name__ == "__main__":
    stage(main)
