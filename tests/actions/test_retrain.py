"""retrain: a better model becomes a branch, any other leaves no trace, and a kill at any moment leaves nothing half done."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from actions.retrain import (
    Parts,
    by_time,
    check_repository,
    check_verdict,
    check_weights,
    columns_of,
    divide,
    judge,
    put_under_dvc,
    set_test_from,
    verdict,
)
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import write_json
from lifecycle.monitor.batches import digest, live_of
from lifecycle.monitor.watch import model_digest
from lifecycle.table.contract import Contract
from lifecycle.table.read import Tables
from tests.released import copy_of_it, run, table
from tests.settings import settings

# ---- which rows are learned from, and which judge -------------------------------------------------------------------


def number(name, role):
    return {"name": name, "role": role, "type": "number", "missingValues": [""], "constraints": {}}


AT = {"name": "at", "role": "time", "type": "date", "format": "ISO8601", "missingValues": [""]}


def contract(*roles, numbers=(), more=(), **problem):
    """Columns of these (name, role), further ones of numbers, `more` fields, and the target `y`."""
    fields = [*more, *[number(*column) for column in numbers]]
    fields += [{"name": name, "role": role, "type": "string", "missingValues": [""]} for name, role in roles]
    fields.append(
        {"name": "y", "role": "target", "type": "string", "missingValues": [""], "constraints": {"enum": ["no", "yes"]}}
    )
    asked = {"target": "y", "task": "binary", "classes": ["no", "yes"]} | problem
    return Contract.read({"problem": asked, "fields": fields})


PARAMS = settings("retrain", judge_share=0.3, min_judged=2)


def test_the_newest_labelled_rows_judge_and_are_not_learned_from():
    told = contract(("x", "feature"))
    live = live_of(
        pd.DataFrame({"x": list("abcdefghij"), "y": ["yes", "", "no", "yes", "", "no", "yes", "no", "yes", ""]}), told
    )
    learn, judge = divide(live, told, PARAMS)
    assert list(np.flatnonzero(learn)) == [0, 2, 3, 5, 6]
    assert list(np.flatnonzero(judge)) == [7, 8]


@pytest.mark.parametrize("role", ["id", "group"])
def test_what_is_the_same_thing_as_a_judging_row_is_not_learned_from(role):
    told = contract(("who", role), ("x", "feature"))
    live = live_of(pd.DataFrame({"who": list("abcda"), "x": list("vwxyz"), "y": ["yes", "no"] * 2 + ["yes"]}), told)
    learn, judge = divide(live, told, PARAMS)
    assert list(np.flatnonzero(judge)) == [3, 4]
    assert list(np.flatnonzero(learn)) == [1, 2]  # the first one is "a" again


def test_a_batch_has_the_columns_of_the_table_whose_rows_are_not_read_for_that(tmp_path, monkeypatch):
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/raw/a.csv").write_text("x,new,y,\n" + "1,2,yes,\n" * 30)
    monkeypatch.setattr(Tables, "parts", lambda self: pytest.fail("rows were read"))
    assert columns_of(tmp_path, contract(("x", "feature"))) == ["x", "y", "new"]


def test_rows_without_an_id_are_all_different():
    told = contract(("who", "id"), ("x", "feature"))
    live = live_of(pd.DataFrame({"who": [""] * 5, "x": list("vwxyz"), "y": ["yes", "no"] * 2 + ["yes"]}), told)
    assert divide(live, told, PARAMS).learn.sum() == 3


def timed(days, **columns):
    told = contract(("x", "feature"), *[(name, name) for name in columns], more=[AT])
    n = len(days)
    cells = {"at": days, "x": [f"x{i}" for i in range(n)], "y": (["yes", "no"] * n)[:n]} | columns
    return live_of(pd.DataFrame(cells), told), told


THREE = settings("retrain", judge_share=0.3, min_judged=3)


def test_with_a_split_by_time_what_is_learned_is_older_than_all_that_judges():
    live, told = timed(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-03", "2024-01-03", "2024-01-03", ""])
    parts, start = by_time(live, told, THREE, None)
    assert list(np.flatnonzero(parts.judge)) == [2, 3, 4, 5] and start == "2024-01-03T00:00:00"  # the last has no time
    assert list(np.flatnonzero(parts.learn)) == [0, 1]


def test_with_a_split_by_time_groups_are_learned_from_on_both_sides_of_the_cut():
    live, told = timed([f"2024-01-{d:02d}" for d in range(1, 11)], group=["a", "b"] * 5)
    parts, _ = by_time(live, told, THREE, None)
    assert parts.learn.sum() == 7 and parts.judge.sum() == 3


def test_labels_that_come_late_do_not_make_rows_that_were_learned_judge():
    live, told = timed([f"2024-01-{d:02d}" for d in range(1, 11)])
    parts, start = by_time(live, told, THREE, np.datetime64("2024-01-09"))
    assert list(np.flatnonzero(parts.judge)) == [8, 9] and start == "2024-01-09T00:00:00"
    assert parts.learn.sum() == 8
    parts, _ = by_time(live, told, THREE, np.datetime64("2025-01-01"))
    assert not parts.judge.any()


def test_live_rows_of_two_moments_are_parted_between_them():
    live, told = timed(["2024-01-01"] * 6 + ["2024-02-01"] * 2)
    parts, start = by_time(live, told, THREE, None)
    assert (parts.learn.sum(), parts.judge.sum(), start) == (6, 2, "2024-02-01T00:00:00")


def test_a_model_that_knows_no_time_says_so_where_the_split_is_by_time():
    told = contract(("x", "feature"))
    live = live_of(pd.DataFrame({"x": list("ab"), "y": ["yes", "no"]}), told)
    with pytest.raises(UserError, match="the model in production knows no time column; release"):
        by_time(live, told, THREE, None)


@pytest.mark.parametrize("line", ["  test_from: ''       # why", "  test_from:", "  test_from: '2024-01-01T00:00:00'"])
def test_the_moment_is_set_in_params_yaml_and_nothing_else_changes(tmp_path, line):
    path = tmp_path / "params.yaml"
    text = f"split:\n  test_size: 0.2  # share\n{line}\ntrain: {{n: 1}}\n"
    path.write_text(text)
    for start, wanted in (("2024-03-01T08:00:00", "2024-03-01T08:00:00"), ("2019.0", 2019.0)):
        set_test_from(path, start)
        assert yaml.safe_load(path.read_text())["split"] == {"test_size": 0.2, "test_from": wanted}
        assert [x.partition(":")[0] for x in path.read_text().splitlines()] == [
            x.partition(":")[0] for x in text.splitlines()
        ]
    assert ("# why" in path.read_text()) == ("# why" in line) and "# share" in path.read_text()
    path.write_text("split:\n  seed: 1\ncolumns:\n  test_from: {role: ignored}\n")
    with pytest.raises(UserError, match="has no line of its own for split.test_from"):
        set_test_from(path, "2024-03-01")
    path.write_bytes(b"split:\r\n    # four spaces\r\n    test_from: ''\r\n    seed: 1\r\n")
    set_test_from(path, "2024-03-01")
    assert path.read_bytes() == b"split:\r\n    # four spaces\r\n    test_from: '2024-03-01'\r\n    seed: 1\r\n"


# ---- judging ---------------------------------------------------------------------------------------------------------


class Answers:
    task, classes = "binary", ["no", "yes"]

    def __init__(self, column):
        self.column = column

    def decide(self, answers):
        return np.array(self.classes, dtype=object)[answers.argmax(axis=1)]

    def predictions(self, frame):
        p = frame[self.column].to_numpy(dtype=float)
        return np.column_stack([1 - p, p])


def judged(monkeypatch, tmp_path, metric, y, good, bad, weight):
    numbers = (("w", "weight"), ("bad", "feature"), ("good", "feature"))
    told = contract(numbers=numbers, metric=metric, positive="yes")
    live = live_of(pd.DataFrame({"good": good, "bad": bad, "w": weight, "y": y}).astype(str), told)
    monkeypatch.setattr("actions.retrain.read_contract", lambda path: told)
    monkeypatch.setattr("actions.retrain.load_model", lambda path: Answers("good"))
    monkeypatch.setattr("actions.retrain.Released", lambda path: contextlib.nullcontext(Answers("bad")))
    everything = Parts(np.zeros(len(y), dtype=bool), np.ones(len(y), dtype=bool))
    params = settings("retrain", n_bootstrap=200)
    return judge(tmp_path, tmp_path / "champion", live, everything, params)


def test_the_rows_that_judge_weigh_as_they_do_at_the_gate(monkeypatch, tmp_path):
    heavy = np.arange(200) % 4 == 0
    good, bad = np.where(heavy, 0.9, 0.1), np.where(heavy, 0.1, 0.9)
    for weight, better in ((np.where(heavy, 20, 1), True), (np.ones(200), False)):
        found = judged(monkeypatch, tmp_path, "log_loss", ["yes"] * 200, good, bad, weight)
        assert (found["low"] > 0) is better and (found["challenger"] < found["champion"]) is better


def test_rows_that_give_no_score_make_no_better_model(monkeypatch, tmp_path):
    p = np.random.default_rng(1).uniform(size=120)
    found = judged(monkeypatch, tmp_path, "roc_auc", ["no"] * 120, p, p[::-1], np.ones(120))
    assert np.isnan(found["low"]) and verdict({"passed": True, "checks": []}, found)[0] is False


def test_a_verdict_counts_for_the_rows_and_the_model_that_it_is_about(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    bundle = tmp_path / "bundle"
    for name in ("data/live", "reports", "bundle"):
        (tmp_path / name).mkdir(parents=True)
    write_json(bundle / "candidate.json", {"sha256": "one"})

    def told(**about):
        about = {"live": digest(), "model": model_digest(bundle)} | about
        write_json("reports/monitoring.json", {"verdict": "warn", "reasons": ["few"], "about": [about]})
        return check_verdict(bundle, force=False)

    assert told() == "the verdict is warn: few"
    with pytest.raises(UserError, match="is not about data/live as it is now"):
        told(live="")
    with pytest.raises(UserError, match="is not about .*bundle as it is now"):
        told(model="another")


def made_by_export(*outs):
    """dvc.yaml of a project whose stage `export` makes the table."""
    return yaml.safe_dump({"stages": {"define": {"outs": ["data/x"]}, "export": {"outs": list(outs)}}})


@pytest.mark.parametrize("out", ["data/raw", "data/raw/", {"data/raw": {"persist": True}}])
def test_where_a_stage_makes_the_whole_folder_it_is_named_and_told_what_to_write(monkeypatch, tmp_path, out):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(made_by_export(out))
    with pytest.raises(UserError, match=r"by the stage export of dvc.yaml.*outs: \[data/raw/TABLE.csv\]"):
        check_repository()


@pytest.mark.parametrize("out", ["data/raw/export.parquet", {"data/raw/export.csv": {"persist": True}}])
def test_beside_a_file_that_a_stage_makes_a_batch_is_put_under_dvc_by_a_pointer_of_its_own(monkeypatch, tmp_path, out):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(made_by_export(out, "data/rawhide"))
    monkeypatch.setattr("actions.retrain.git", lambda *a: "")
    monkeypatch.setattr("actions.retrain.changed_paths", lambda: [])
    check_repository()
    ran = []
    monkeypatch.setattr("actions.retrain.within", lambda project, *command: ran.append(command[-1]))
    put_under_dvc(tmp_path, "live-1")
    (pointer,) = ran
    told = yaml.safe_load((tmp_path / pointer).read_text())
    assert (tmp_path / pointer).parent.joinpath(told["wdir"], told["outs"][0]["path"]).resolve() == tmp_path / (
        "data/raw/live-1.csv"
    )


@pytest.mark.parametrize("outs", [["data/rawhide"], []])
def test_a_table_that_nothing_keeps_is_to_be_put_under_dvc(monkeypatch, tmp_path, outs):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(made_by_export(*outs))
    with pytest.raises(UserError, match="data/raw.dvc is missing"):
        check_repository()


def test_rows_without_a_weight_are_refused_before_the_training():
    told = contract(("x", "feature"), numbers=[("w", "weight")])
    live = live_of(pd.DataFrame({"w": ["1", "", "2"], "x": list("abc"), "y": ["yes", "no", "yes"]}), told)
    learn = np.array([True, False, False])
    check_weights(live, Parts(learn, np.array([False, False, True])), told)
    with pytest.raises(UserError, match='data/live/live.csv: 1 labelled rows have no weight "w"'):
        check_weights(live, Parts(learn, np.array([False, True, False])), told)


# ---- the whole of it ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return copy_of_it(tmp_path_factory, tmp_path_factory.mktemp("retrain") / "project")


@pytest.fixture
def project(released, tmp_path):
    place = tmp_path / "project"
    shutil.copytree(released, place, symlinks=True)
    return place


@pytest.fixture(scope="module")
def watched(released, tmp_path_factory):
    """The same after the world has turned: 400 live rows, and a verdict on them; not to be changed."""
    place = tmp_path_factory.mktemp("watched") / "project"
    shutil.copytree(released, place, symlinks=True)
    live(place, a=table(400, 2, "2025-04-01", turned=True))
    return place


@pytest.fixture
def turned(watched, tmp_path):
    place = tmp_path / "project"
    shutil.copytree(watched, place, symlinks=True)
    return place


def live(project, **batches):
    for name, batch in batches.items():
        batch.to_csv(project / f"data/live/{name}.csv", index=False)
    run(project, "dvc", "repro", "-q", "monitor")


def state(project):
    """All that a user would see: commits, branches, the work tree's files."""
    hidden = {".git", ".dvc", "__pycache__"}
    files = {
        p.relative_to(project).as_posix(): p.read_bytes()
        for p in project.rglob("*")
        if p.is_file() and not hidden & set(p.relative_to(project).parts)
    }
    return run(project, "git", "for-each-ref").stdout, run(project, "git", "status", "--porcelain").stdout, files


def retrain(project, *arguments, check=True):
    return run(project, sys.executable, "-m", "actions.retrain", *arguments, check=check)


@pytest.mark.slow
def test_without_cause_nothing_changes(project):
    live(project, a=table(300, 2, "2025-04-01"))
    before = state(project)
    assert "the verdict is ok" in retrain(project).stdout
    assert state(project) == before


@pytest.mark.slow
def test_a_verdict_on_other_data_is_refused(turned):
    project = turned
    table(300, 3, "2025-06-01").to_csv(project / "data/live/b.csv", index=False)
    assert retrain(project, check=False).stderr.startswith("error: reports/monitoring.json is not about data/live")


@pytest.mark.slow
def test_a_challenger_that_is_not_better_leaves_no_trace(project):
    live(project, a=table(400, 2, "2025-04-01"))
    before = state(project)
    said = retrain(project, "--force").stdout
    assert "No branch was made" in said and "challenger" in said
    assert state(project) == before
    assert not list((project / ".dvc/tmp").glob("retrain-*"))


@pytest.mark.slow
def test_the_world_turns_and_the_retrained_model_is_released(turned):
    project = turned
    before = state(project)
    said = retrain(project).stdout
    branch = next(line.split()[-1] for line in said.splitlines() if line.startswith("review:"))
    after = state(project)
    assert after[1:] == before[1:]
    assert "again" not in said and branch in after[0]
    shown = run(project, "git", "show", "--stat", branch).stdout
    assert "280 rows of data/live/a.csv" in shown and "data/raw.dvc" in shown and "log_loss" in shown
    judged = json.loads(run(project, "git", "show", f"{branch}:reports/retrain.json").stdout)["judged"]
    assert judged["rows"] == 120 and judged["low"] > 0 and judged["challenger"] < judged["champion"] / 2

    # a second call finds it made
    assert "has been made from these rows already" in retrain(project).stdout
    # the command that it printed
    command = next(line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith("release:"))
    run(project, "sh", "-c", command.replace("python ", f"{sys.executable} "))
    raw = pd.read_csv(next((project / "data/raw").glob("live-*.csv")))
    newest = pd.read_csv(project / "data/live/a.csv").tail(120)
    assert len(raw) == 280 and not set(raw["order"]) & set(newest["order"])
    # a verdict on the model before is none on this one
    assert "is not about" in retrain(project, check=False).stderr
    # what is left to watch is what the new model has not seen, and it does well there
    run(project, "dvc", "repro", "-q")
    told = json.loads((project / "reports/monitoring.json").read_text("utf-8"))
    assert told["live_rows"] == 120 and told["about"][0]["bundle"] == "models/champion/bundle"
    assert told["live_measured"] == pytest.approx(judged["challenger"], rel=1e-3)


@pytest.mark.slow
def test_where_a_stage_makes_the_table_the_rows_join_it_beside_its_file(project):
    """The export runs no more for it, and goes on as before when its source changes."""
    steps = yaml.safe_load((project / "dvc.yaml").read_text("utf-8"))
    (made,) = (project / "data/raw").iterdir()
    (project / "shop").mkdir()
    made.rename(project / "shop" / made.name)
    copy = "import shutil; shutil.copy('shop/NAME', 'data/raw/NAME')".replace("NAME", made.name)
    export = {"cmd": f'python -c "{copy}"', "deps": [f"shop/{made.name}"], "outs": [f"data/raw/{made.name}"]}
    (project / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"export": export, **steps["stages"]}}, sort_keys=False)
    )
    for command in ("dvc remove data/raw.dvc", "dvc repro -q", "git add -A", "git commit -qm Export"):
        run(project, *command.split())
    live(project, a=table(400, 2, "2025-04-01", turned=True))
    assert "retrain: better" in retrain(project).stdout
    branch = run(project, "git", "for-each-ref", "--format=%(refname:short)", "refs/heads/retrain").stdout.strip()
    run(project, "git", "restore", ".")
    run(project, "git", "switch", "-q", branch)
    run(project, "dvc", "checkout", "-q", "data/raw/" + made.name, *(project / "data/provenance").glob("*.dvc"))
    assert {path.name.partition("-")[0] for path in (project / "data/raw").iterdir()} == {made.name, "live"}
    cleaning = json.loads((project / "reports/cleaning.json").read_text("utf-8"))
    assert cleaning["rows_in"] == 700 + 280
    assert "live-" not in (project / "dvc.lock").read_text("utf-8")  # the export's output is what it was


@pytest.mark.slow
def test_with_a_split_by_time_the_challenger_learns_all_but_the_rows_that_judge(project):
    params = (project / "params.yaml").read_text().replace("scheme: auto", "scheme: time")
    # the model before has seen rows that are test rows now
    for champion, last in (("ignore", f"{sys.executable} -m actions.release"), ("compare", "git status")):
        (project / "params.yaml").write_text(params.replace("champion: compare", f"champion: {champion}"))
        for command in ("dvc repro -q", "git add -A", "git commit -qm Time", last):
            run(project, *command.split())
    live(project, a=table(400, 2, "2025-04-01", turned=True))
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-qm", "Live rows")
    said = retrain(project).stdout
    assert "better on the" in said, said
    branch = next(line.split()[-1] for line in said.splitlines() if line.startswith("review:"))
    command = next(line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith("release:"))
    run(project, "sh", "-c", command.replace("python ", f"{sys.executable} "))
    parts = {name: set(pd.read_parquet(project / f"data/{name}.parquet")["order"]) for name in ("train", "test")}
    came = pd.read_csv(project / "data/live/a.csv")
    judged = json.loads((project / "reports/retrain.json").read_text("utf-8"))
    cut, days = judged["test_from"][:10], came.set_index("order")["day"]
    assert set(days[days > cut].index) <= parts["test"] <= set(days[days >= cut].index)
    assert set(days[days < cut].index) <= parts["train"]
    assert len(parts["train"]) == 700 + judged["to_learn_from"] and len(parts["test"]) == judged["judged"]["rows"]
    assert judged["rows"] == sum(f["taken"] for f in judged["from"]) == judged["to_learn_from"] + len(parts["test"])
    # the gate compared the two models on the same rows; the release has since put the new one beside itself
    validation = run(project, "git", "show", f"{branch}:reports/validation.json").stdout
    checks = {c["name"]: c for c in json.loads(validation)["checks"]}
    assert checks["not worse than the champion"]["measured"] > 0


@pytest.mark.slow
def test_too_few_labels_are_said_to_be_too_few(project):
    live(project, a=table(150, 2, "2025-04-01", turned=True))
    before = state(project)
    assert "100 can judge and 50 be learned; it takes 100 and 100" in retrain(project, "--force").stdout
    assert state(project) == before


@pytest.mark.slow
def test_an_uncommitted_change_of_the_pipeline_is_refused(turned):
    project = turned
    with open(project / "params.yaml", "a") as file:
        file.write("\n# tried\n")
    assert "params.yaml is not committed" in retrain(project, check=False).stderr


@pytest.mark.slow
@pytest.mark.parametrize("after", ["in a clone", "stages.train", "stages.deploy"])
def test_killed_at_any_moment_the_next_call_finishes(turned, after):
    project = turned
    before = state(project)
    env = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "actions.retrain"], cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    for line in process.stdout:
        if after in line:
            break
    else:
        pytest.fail(f"it never came to {after}")
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert state(project) == before
    assert "retrain: better" in retrain(project).stdout
    assert not list((project / ".dvc/tmp").glob("retrain-*"))
    refs = run(project, "git", "for-each-ref", "refs/heads").stdout.splitlines()
    assert len(refs) == 2 and state(project)[1:] == before[1:]
    run(project, "dvc", "status")
