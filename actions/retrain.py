"""Retrain where the monitor says so: a better model becomes a commit on a branch of its own, any other leaves no trace.

    python -m actions.retrain [--force]      or: make retrain [FORCE=1]

The labelled live rows, but for the newest, join data/raw as a batch (also where a stage of the user's makes the other files
there), with its provenance in data/provenance; `dvc repro`
makes the challenger; the newest rows, which neither model has seen, decide between it and the champion. Where split.scheme
is time, these newest rows become the test rows (split.test_from), so that all older ones are learned from.

All of it happens in a clone under .dvc/tmp that shares DVC's cache. The work tree is never touched, and the branch appears
by one `git fetch` at the end: stopped at any moment, the next call clears the rest away and begins again, and stages that
were done come from the cache.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from actions.publish import clone, top_of, within
from actions.registry import champion_version, changed_paths, git
from custom.metrics import METRICS
from lifecycle.gate.champion import as_judged
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, read_parquet, read_yaml, write_csv, write_json, write_text
from lifecycle.ground.metrics import add_metrics, paired_difference, score
from lifecycle.ground.params import RetrainParams, SplitParams
from lifecycle.ground.words import as_scores
from lifecycle.model.model import encode_target, sample_weight
from lifecycle.model.released import Released
from lifecycle.model.store import load_model
from lifecycle.monitor.batches import Live, digest, read_live
from lifecycle.monitor.watch import find_bundle, model_digest
from lifecycle.table.conform import conform
from lifecycle.table.contract import Contract, read_contract
from lifecycle.table.folds import moments, scheme_of
from lifecycle.table.read import ReadOptions, open_tables
from lifecycle.table.rows import keys_of, row_keys

RESULTS = ("dvc.lock", "reports/")  # what `dvc repro monitor` may have changed before


class Parts(NamedTuple):
    """Masks over the live rows: those to learn from, and the newest labelled ones, to judge by."""

    learn: np.ndarray
    judge: np.ndarray


def divide(live: Live, contract: Contract, params: RetrainParams) -> Parts:
    """The newest labelled rows are kept out of training, and so is whatever is the same thing as one of them."""
    labelled = live.rows[contract.problem.target].notna().to_numpy()
    place = np.flatnonzero(labelled)
    n_judge = max(int(len(place) * params.judge_share), params.min_judged)
    judge = np.zeros(len(labelled), dtype=bool)
    judge[place[max(0, len(place) - n_judge) :]] = True
    same = same_as(judge, live, contract, scheme_of(Contract.read(contract).identity, "auto"))
    return Parts(labelled & ~judge & ~same, judge)


def same_as(judge: np.ndarray, live: Live, contract: Contract, scheme: str) -> np.ndarray:
    """Mask of the rows that are the same thing as one of those that judge."""
    known = Contract.read(contract)
    table = live.text[[f.name for f in known.fields if f.name in live.text]]
    same = keys_of(row_keys(table, known.identity), scheme)
    return np.isin(same, same[judge & (same != 0)])  # empty cells are no identity


def by_time(live: Live, contract: Contract, params: RetrainParams, tested_from: Any) -> tuple[Parts, str]:
    """(the parts with a clean cut between them, the moment of the cut): what is learned is older than all that judges.

    The cut never goes back behind `tested_from`, the first moment of the present test rows: the champion has learned what
    is older. One moment is never parted; groups are, as time alone decides here."""
    at = live.rows[time_column(contract)]
    when = moments(at.to_numpy())
    labelled = live.rows[contract.problem.target].notna().to_numpy() & ~np.isnan(when)
    if not labelled.any():
        return Parts(labelled, labelled), ""
    known = np.sort(when[labelled])
    n_judge = max(int(len(known) * params.judge_share), params.min_judged)
    cut = known[max(0, len(known) - n_judge)]
    if cut == known[0]:  # the oldest moment, with all that is newer, if anything is
        cut = next(iter(known[known > cut]), cut)
    if tested_from is not None:
        cut = max(cut, moments(np.array([tested_from]))[0])
    judge = labelled & (when >= cut)
    start = str(at[judge].min()).replace(" ", "T") if judge.any() else ""
    return Parts(labelled & ~judge & ~same_as(judge, live, contract, "random"), judge), start


def time_column(contract: Contract) -> str:
    times = contract.used(("time",))
    if not times:
        raise UserError(
            "split.scheme is time, and the model in production knows no time column; release a model of this split first "
            "(validate.champion: ignore, dvc repro, make release)"
        )
    return times[0].name


def tested_from(contract: Contract, path: str = "data/test.parquet") -> Any:
    """The first moment of the test rows, a numpy scalar; None where there are none yet."""
    name = time_column(contract)
    at = read_parquet(path, [name])[name].dropna()
    return at.to_numpy().min() if len(at) else None


# ---- what must hold before ----------------------------------------------------------------------------------------


def check_verdict(folder: Path, force: bool) -> str:
    """An empty string where retraining is called for, else why it is not."""
    told = read_json("reports/monitoring.json")
    about = told["about"][0]
    for now, then, what in (
        (digest(), about["live"], "data/live"),
        (model_digest(folder), about.get("model"), str(folder)),
    ):
        if now != then:
            raise UserError(
                f"reports/monitoring.json is not about {what} as it is now; `dvc repro monitor` (make monitor) first"
            )
    if told["verdict"] == "retrain" or force:
        return ""
    return f"the verdict is {told['verdict']}: {told['reasons'][0]}"


def outs_in(path: str) -> list[tuple[str, str]]:
    """(stage, output) of each output of dvc.yaml that is `path`, or something in it."""
    found = []
    for name, about in read_yaml("dvc.yaml")["stages"].items():
        listed = about.get("do", about).get("outs", [])  # of a `foreach`: what each is made of
        outs = [next(iter(out)) if isinstance(out, dict) else out for out in listed]
        found += [(str(name), out.rstrip("/")) for out in outs if f"{out.rstrip('/')}/".startswith(f"{path}/")]
    return found


def check_repository() -> None:
    """data/raw takes a further file: it is under DVC by data/raw.dvc, or a stage makes files in it, not the folder itself."""
    made = outs_in("data/raw")
    if not made and not Path("data/raw.dvc").exists():
        raise UserError(
            "data/raw.dvc is missing, and new rows must be put under DVC; `dvc add data/raw`, then commit it"
        )
    for name, out in made:
        if out == "data/raw":
            raise UserError(
                f"data/raw, the whole folder, is made by the stage {name} of dvc.yaml, which would take away the rows that a "
                "retraining adds; name the file that it writes instead (outs: [data/raw/TABLE.csv]), then dvc repro, commit, again"
            )
    git("var", "GIT_COMMITTER_IDENT")  # not known after an hour of training
    if changed := [path for path in changed_paths() if not path.startswith(RESULTS)]:
        raise UserError(
            f"{changed[0]} is not committed, and a retraining starts from the last commit; git commit or git restore it"
        )


def check_weights(live: Live, parts: Parts, contract: Contract) -> None:
    """Before an hour of training, not after it."""
    for column in (f.name for f in contract.used(("weight",))):
        lacks = ~(live.rows[column].to_numpy(dtype=float) >= 0) & (parts.learn | parts.judge)
        if lacks.any():
            raise UserError(
                f'data/live/{live.batch[lacks][0]}: {lacks.sum()} labelled rows have no weight "{column}", and training weighs by '
                "it; write it into the batches, or give the column another role under params.yaml: columns"
            )


# ---- the clone ----------------------------------------------------------------------------------------------------


def add_batch(project: Path, live: Live, parts: Parts, contract: Contract, name: str, start: str) -> dict[str, Any]:
    """Write the rows to learn from beside the table's files, in its columns, and into Git where they came from; where
    the split is by time, also those that judge: `start`, their first moment, makes them the test rows."""
    columns = columns_of(project, contract)
    added = parts.learn | parts.judge if start else parts.learn
    rows = live.text[added].reindex(columns=columns, fill_value="").fillna("")
    if start:
        set_test_from(project / "params.yaml", start)
    taken = {batch.file: int((live.batch[added] == batch.file).sum()) for batch in live.batches}
    facts = {
        "rows": int(added.sum()),
        "to_learn_from": int(parts.learn.sum()),
        "kept_to_judge": int(parts.judge.sum()),
        "from": [{"file": b.file, "sha256": b.sha256, "taken": taken[b.file]} for b in live.batches if taken[b.file]],
        "champion": champion_version() or "models/bundle, not released",
    }
    facts |= {"test_from": start} if start else {}
    if times := contract.used(("time",)):
        at = live.rows[times[0].name][added]
        facts |= {"first": str(at.min()), "last": str(at.max())}
    write_csv(project / f"data/raw/{name}.csv", rows)
    write_json(project / f"data/provenance/{name}.json", facts)
    put_under_dvc(project, name)
    return facts


def columns_of(project: Path, contract: Contract) -> list[str]:
    """The columns of the table in data/raw, whose rows are not read for that; without one that has no name, unless it is known."""
    known = Contract.read(contract).by_name
    names = open_tables(project / "data/raw", ReadOptions.of(contract)).names
    return [name for name in names if name in known or not name.startswith("unnamed_")]


def put_under_dvc(project: Path, name: str) -> None:
    """The batch, as a part of data/raw; or, where a stage makes the files beside it, by a pointer of its own. The pointer stands
    with the provenance: Git ignores what is in data/raw."""
    if (project / "data/raw.dvc").exists():
        within(project, "dvc", "add", "--quiet", "data/raw")
        return
    pointer = f"data/provenance/{name}.csv.dvc"
    write_text(project / pointer, f"wdir: ../raw\nouts:\n- path: {name}.csv\n")
    within(project, "dvc", "commit", "--quiet", "--force", pointer)


def set_test_from(path: Path, start: str) -> None:
    """Set split.test_from in params.yaml; the rest of it, comments too, stays as it is."""
    value = start if re.fullmatch(r"-?[\d.]+", start) else f"'{start}'"
    text = path.read_bytes().decode("utf-8")
    block = re.compile(
        r"^(split:[^\n]*\n(?:[ #][^\n]*\n|\r?\n)*? +test_from:)[^#\r\n]*?( *(?:#[^\r\n]*)?\r?)$", re.MULTILINE
    )
    text, n = block.subn(rf"\g<1> {value}\g<2>", text, count=1)
    if not n:
        raise UserError(
            f"{path.name} has no line of its own for split.test_from; add `  test_from: ''` to the block split"
        )
    path.write_bytes(text.encode("utf-8"))


# ---- judging ------------------------------------------------------------------------------------------------------


def judge(project: Path, folder: Path, live: Live, parts: Parts, params: RetrainParams) -> dict[str, Any]:
    """Challenger against champion on the newest labelled rows, each reading them by its own contract."""
    contract = read_contract(project / "data/contract.yaml")
    problem = contract.problem
    text = live.text[parts.judge].reset_index(drop=True)
    rows = conform(text, contract).frame
    known = (
        rows[problem.target].isin(problem.classes) if problem.task != "regression" else rows[problem.target].notna()
    ).to_numpy()
    name = problem.metric
    challenger = load_model(project / "models/candidate")  # made in the clone, by the code of this commit
    ours = as_judged(challenger, challenger.predictions(rows[known]), challenger, name)
    with Released(folder) as champion:
        theirs = as_judged(champion, champion.predictions(text[known]), challenger, name)
    y = encode_target(rows[problem.target][known], contract)
    weight = sample_weight(rows[known], contract, "data/live")  # as the gate judges
    gain, low, high = paired_difference(name, y, ours, theirs, params.draw, weight)
    scores = {"challenger": score(name, y, ours, weight), "champion": score(name, y, theirs, weight)}
    return {"metric": name, "rows": int(known.sum()), **scores, "gain": gain, "low": low, "high": high}


def verdict(gate: dict[str, Any], found: dict[str, Any]) -> tuple[bool, str]:
    """(whether the challenger is to be reviewed, else why not)."""
    if not gate["passed"]:
        failed = "; ".join(f"{c['name']}: {c['why']}" for c in gate["checks"] if not c["passed"])
        return False, f"the challenger failed the gate ({failed})"
    if np.isnan(found["low"]):  # one class only, say
        return False, f"these rows give {found['metric']} no interval, so that they judge nothing"
    worse = "worse" if found["high"] < 0 else "not better beyond chance"
    return bool(found["low"] > 0), f"the challenger is {worse}"


def words(found: dict[str, Any]) -> str:
    challenger, champion, gain, low, high = as_scores(
        [found[key] for key in ("challenger", "champion", "gain", "low", "high")]
    )
    return (
        f"on the {found['rows']} newest labelled rows, which neither has seen, {found['metric']}: challenger {challenger}, "
        f"champion {champion}; gain {gain} [{low}, {high}]"
    )


def message(facts: dict[str, Any], found: dict[str, Any], difference: str) -> str:
    """The commit's message: what changed in the data, and what that did."""
    came = "\n".join(f"- {f['taken']} rows of data/live/{f['file']}" for f in facts["from"])
    when = f", {facts['first']} to {facts['last']}" if "first" in facts else ""
    champion, challenger = as_scores([found["champion"], found["challenger"]])
    return (
        f"Retrained on {facts['to_learn_from']} labelled live rows: {found['metric']} {champion} -> {challenger}\n\n"
        f"Data: {facts['rows']} rows join data/raw{when}:\n{came}\n"
        f"{facts['kept_to_judge']} newer ones were kept out of training, to judge by"
        f"{'; they are the test rows now' if 'test_from' in facts else ''}.\n\n"
        f"The gate passed. Judged {words(found)}.\n\nMetrics against the commit before:\n\n{difference}"
    )


def main() -> None:
    add_metrics(METRICS)
    parser = argparse.ArgumentParser(prog="python -m actions.retrain", description="retrain where the monitor says so")
    parser.add_argument("--force", action="store_true", help="whatever the verdict is")
    given = parser.parse_args()
    params = RetrainParams.load()
    folder = find_bundle()
    if folder is None:
        raise UserError("there is no model to retrain: the gate refused the candidate, see models/bundle/REFUSED.md")
    if reason := check_verdict(folder, given.force):
        print(f"retrain: {reason}. Nothing was changed; make retrain FORCE=1 goes on all the same")
        return
    check_repository()
    contract = read_contract(folder / "contract.yaml")
    live = read_live(contract, window_rows=10**9)
    timed = scheme_of(contract.identity, SplitParams.load().scheme) == "time"
    if timed:
        parts, start = by_time(live, contract, params, tested_from(contract))
    else:
        parts, start = divide(live, contract, params), ""
    if parts.judge.sum() < params.min_judged or parts.learn.sum() < params.min_learned:
        why = (
            "; those that judge are newer than what is learned, and not older than the present test rows"
            if timed
            else ""
        )
        print(
            f"retrain: of the labelled live rows that training does not have yet {parts.judge.sum()} can judge and "
            f"{parts.learn.sum()} be learned; it takes {params.min_judged} and {params.min_learned}{why}. "
            "Nothing was changed"
        )
        return
    check_weights(live, parts, contract)
    keys = json.dumps([git("rev-parse", "HEAD"), live.text[parts.learn].to_csv(), live.text[parts.judge].to_csv()])
    name = f"live-{hashlib.sha256(keys.encode()).hexdigest()[:8]}"
    branch = f"retrain/{name}"
    made = git("for-each-ref", "--format=%(refname)", f"refs/heads/{branch}", f"refs/remotes/*/{branch}")
    if made:  # here, or by a scheduled run whose pull request waits
        print(f"retrain: the branch {branch} has been made from these rows already")
        say_next(branch)
        return
    print(
        f"retrain: {parts.learn.sum()} labelled rows to learn from, {parts.judge.sum()} newer ones to judge by; in a clone, on {branch}",
        flush=True,
    )
    with clone("retrain") as project:
        within(project, "git", "switch", "--quiet", "-c", branch)
        within(project, "dvc", "checkout", "--quiet", "--allow-missing")
        if not (project / "data/raw").exists():
            raise UserError("data/raw is not in DVC's cache; `dvc pull` fetches it")
        facts = add_batch(project, live, parts, contract, name, start)
        # not the monitor: what it says of the champion has been said, of the challenger `judge` says more
        within(project, "dvc", "repro", "report", "deploy", quiet=False)
        gate, found = read_json(project / "reports/validation.json"), judge(project, folder, live, parts, params)
        better, cause = verdict(gate, found)
        if not better:
            print(f"\nretrain: {cause}; {words(found)}. No branch was made; the work tree is as it was")
            print(
                "next: more labelled rows, or what the model cannot see yet: a column, a feature (custom/features.py), "
                "a larger train.time_budget; then again"
            )
            return
        difference = within(project, "dvc", "metrics", "diff", "--md", "HEAD")
        write_json(project / "reports/retrain.json", facts | {"judged": found})
        within(project, "git", "add", "-A")
        within(project, "git", "commit", "--quiet", "-m", message(facts, found, difference))
        git("fetch", "--quiet", top_of(project), f"{branch}:{branch}")
    print(f"\nretrain: better {words(found)}")
    say_next(branch)


def say_next(branch: str) -> None:
    restore = "git restore dvc.lock reports && " if changed_paths() else ""
    print(f"review:  git show {branch}")
    print(f"release: {restore}git merge --ff-only {branch} && dvc checkout && python -m actions.release")


if __name__ == "__main__":
    stage(main)
