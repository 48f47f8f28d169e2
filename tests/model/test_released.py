"""A released bundle answers with its own code, in a process of its own, whatever the work tree has become."""

import contextlib
import io
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

import custom.features
from actions import drill, retrain
from actions.retrain import Parts
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import write_json, write_yaml
from lifecycle.model import released
from lifecycle.model.released import Released
from lifecycle.model.store import folder_hash, load_model, save_model
from lifecycle.monitor.batches import live_of
from lifecycle.table.contract import read_contract
from tests import small_model, watched
from tests.bundles import add_code, features_of_today, seal
from tests.here import run_here
from tests.settings import settings

DVC_SAID = "e1cd872cc8c32019deb2c3b5c8e11252.dir"
HALVED = "def add_features(frame):\n    return frame.assign(signal=frame['signal'] / 2)\n"
TASKS = ("binary", "multiclass", "regression")


@pytest.fixture(autouse=True)
def add_features(monkeypatch):
    return features_of_today(monkeypatch)


def bundle(place, task="binary", features=HALVED):
    """A bundle with the user's features as they were at its release; the work tree's of today do nothing."""
    watched.write_bundle(place, task)
    folder = place / "models/bundle"
    model = load_model(folder)
    model.add_features = custom.features.add_features
    save_model(model, folder, {"name": "linear", "task": task, "n_rows": 400})
    reference = watched.table(task, 600, seed=2)
    answers = expected(model, reference)
    names = ["__answer__"] if task == "regression" else [f"__p_{i}__" for i in range(answers.shape[1])]
    columns = dict(zip(names, answers.reshape(len(reference), -1).T, strict=True))
    reference.assign(**columns).to_parquet(folder / "reference.parquet", index=False)
    return add_code(folder, custom_features=features)


def expected(model, frame):
    """What the bundle's own code answers."""
    return model.predictions(frame.assign(signal=frame["signal"] / 2))


def cells(frame):
    """Rows as a client sends them."""
    rows = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"), member=frame["member"] > 0)
    return rows.astype(object)


@pytest.mark.parametrize("task", TASKS)
def test_it_answers_with_its_own_code_to_the_last_digit(tmp_path, task):
    folder, rows = bundle(tmp_path, task), watched.table(task, 50, seed=3)
    model = load_model(folder)
    with Released(folder) as one:
        answers = one.predictions(cells(rows))
        assert np.array_equal(answers, expected(model, rows))
        assert not np.array_equal(answers, model.predictions(rows)), "the work tree's code answers otherwise"
        assert one.predict(cells(rows)).tolist() == model.decide(answers).tolist()
        assert (one.task, one.classes) == (task, small_model.CLASSES[task])
        if task == "regression":
            with pytest.raises(UserError, match="has no probabilities"):
                one.predict_proba(cells(rows))
        assert one.predictions(cells(rows).iloc[:0]).shape == answers[:0].shape


def test_text_and_cells_in_batches_are_the_same_rows(tmp_path, monkeypatch):
    folder, rows = bundle(tmp_path), watched.rows("binary", 25, seed=3)
    monkeypatch.setattr(released, "BATCH", 7)
    with Released(folder) as one:
        text = one.predict_proba(rows.astype(str))
        assert np.array_equal(text, one.predict_proba(rows))
        lacking = one.predict_proba(rows.drop(columns="member"))
        assert lacking.shape == text.shape and not np.array_equal(lacking, text)


def test_nothing_of_the_work_tree_and_no_output_of_the_users_code_comes_between(tmp_path, monkeypatch):
    (tmp_path / "here/custom").mkdir(parents=True)
    (tmp_path / "here/json.py").write_text("raise SystemExit('the work tree is imported')\n", "utf-8")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "here"))
    folder = bundle(
        tmp_path, features="print('loaded')\n" + HALVED.replace("    return", "    print('asked')\n    return")
    )
    rows = watched.table("binary", 5, seed=3)
    with Released(folder) as one:
        assert np.array_equal(one.predictions(cells(rows)), expected(load_model(folder), rows))
    assert not list(folder.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: (f / "model.joblib").write_bytes(b"x"), "model.joblib is not the file that the manifest names"),
        (lambda f: (f / "code/custom/features.py").unlink(), "features.py is missing"),
        (lambda f: (f / "code/sitecustomize.py").write_text(""), "sitecustomize.py is not in the manifest; remove it"),
        (lambda f: compiled(f), "features.cpython-311.pyc is not in the manifest; remove it"),
        (lambda f: (f / "code/numpy").symlink_to(f), "code/numpy is not in the manifest; remove it"),
        (lambda f: (f / "manifest.json").unlink(), "it has no manifest.json"),
    ],
)
def test_nothing_unlisted_and_nothing_changed_is_run(tmp_path, spoil, told):
    folder = bundle(tmp_path, features="raise SystemExit('its code ran')\n")
    spoil(folder)
    with pytest.raises(UserError, match="cannot be served") as error:
        Released(folder)
    assert told in str(error.value).replace("\\", "/") and "\n" not in str(error.value)


def compiled(folder):
    cache = folder / "code/custom/__pycache__"
    cache.mkdir()
    (cache / "features.cpython-311.pyc").write_bytes(b"anything")


def test_a_package_that_is_not_installed_here_is_one_line(tmp_path):
    folder = bundle(tmp_path, features="import a_package_of_another_machine\n" + HALVED)
    with pytest.raises(UserError, match="needs the package a_package_of_another_machine, which is not installed"):
        Released(folder)


def test_code_that_fails_or_ends_is_one_line(tmp_path):
    rows = cells(watched.table("binary", 5, seed=3))
    gone = "def add_features(frame):\n    return frame['gone']\n"
    with Released(bundle(tmp_path / "a", features=gone)) as one, pytest.raises(UserError, match="be asked: KeyError"):
        one.predictions(rows)
    ends = "import os\ndef add_features(frame):\n    os._exit(3)\n"
    with Released(bundle(tmp_path / "b", features=ends)) as one, pytest.raises(UserError, match="ended with status 3"):
        one.predictions(rows)


def test_a_bundle_made_before_the_engine_had_a_folder_answers_too(tmp_path):
    """Its code lies in stages/lib: the least that such a bundle has."""
    folder = tmp_path / "old"
    code = {
        "service/__init__.py": "",
        "service/bundle.py": OLD_BUNDLE,
        "stages/__init__.py": "",
        "stages/lib/__init__.py": "",
        "stages/lib/conform.py": OLD_CONFORM,
    }
    for name, text in code.items():
        path = folder / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    write_yaml(folder / "contract.yaml", small_model.contract("binary"))
    write_json(folder / "candidate.json", {"name": "old", "task": "binary", "sha256": ""})
    with Released(seal(folder)) as one:
        answers = one.predictions(pd.DataFrame({"signal": ["0,25", "1"]}))
        assert answers.tolist() == [[0.75, 0.25], [0.0, 1.0]]
        assert one.decide(answers).tolist() == ["no", "yes"]


OLD_BUNDLE = """
import numpy as np

class Bundle:
    def __init__(self, folder):
        self.contract, self.model = "its own contract", Old()

class Old:
    task, classes = "binary", ["no", "yes"]
    def answers(self, frame):
        p = frame["signal"].to_numpy()
        return np.column_stack([1 - p, p])
    def decide(self, answers):
        return np.array(self.classes, dtype=object)[(answers[:, 1] >= 0.5).astype(int)]
"""
OLD_CONFORM = """
MODEL = ("feature",)

class Conformed:
    pass

def conform(frame, contract, roles):
    assert contract == "its own contract" and roles is MODEL
    out = Conformed()
    out.frame = frame["signal"].str.replace(",", ".").astype(float).to_frame()
    return out
"""

# ---- each that asks it ----------------------------------------------------------------------------------------------


def test_the_monitor_s_figures_are_those_of_the_bundle_s_own_code(tmp_path):
    folder = bundle(tmp_path)
    live = watched.rows("binary", 400, seed=3)
    live.to_csv(tmp_path / "data/live/a.csv", index=False)
    assert run_here(tmp_path, "monitor").code == 0
    result = json.loads((tmp_path / "reports/monitoring.json").read_text("utf-8"))
    assert result["verdict"] == "ok", result["reasons"]
    from lifecycle.ground.metrics import score

    told = read_contract(folder / "contract.yaml")
    rows = live_of(live.astype(str), told).rows
    y = (rows["target"] == "yes").to_numpy().astype(int)
    ours = score("log_loss", y, load_model(folder).predictions(rows))
    assert result["live_measured"] == float(f"{score('log_loss', y, expected(load_model(folder), rows)):.4g}")
    assert abs(ours - result["live_measured"]) > 0.01, "the work tree's code would have said otherwise"


def test_the_drill_asks_the_bundle_s_own_code(tmp_path):
    """Where the work tree's code answered, each clean control would be an alarm."""
    bundle(tmp_path)
    out, before = io.StringIO(), os.getcwd()
    os.chdir(tmp_path)
    try:
        with contextlib.redirect_stdout(out):
            stage(drill.main)
    finally:
        os.chdir(before)
    assert "0 alarms" in out.getvalue() and "drill passed" in out.getvalue()


def test_a_retraining_judges_the_champion_by_its_own_code(tmp_path):
    folder = bundle(tmp_path / "champion")
    project = tmp_path / "clone"
    shutil.copytree(folder, project / "models/candidate", ignore=shutil.ignore_patterns("code"))
    (project / "data").mkdir()
    shutil.copyfile(folder / "contract.yaml", project / "data/contract.yaml")
    live = live_of(watched.rows("binary", 300, seed=3).astype(str), read_contract(folder / "contract.yaml"))
    everything = Parts(np.zeros(300, dtype=bool), np.ones(300, dtype=bool))
    params = settings("retrain", n_bootstrap=100)
    found = retrain.judge(project, folder, live, everything, params)
    from lifecycle.ground.metrics import score

    y = (live.rows["target"] == "yes").to_numpy().astype(int)
    assert found["champion"] == score("log_loss", y, expected(load_model(folder), live.rows))
    assert found["challenger"] == score("log_loss", y, load_model(folder).predictions(live.rows)) != found["champion"]


# ---- which one it is ------------------------------------------------------------------------------------------------


def test_the_folder_s_hash_is_the_one_that_dvc_gives_it(tmp_path):
    """{"a": "1\\n", "code/b.py": ""} and DVC 3.67, by `dvc add`."""
    (tmp_path / "bundle/code").mkdir(parents=True)
    (tmp_path / "bundle/a").write_bytes(b"1\n")
    (tmp_path / "bundle/code/b.py").write_bytes(b"")
    assert folder_hash(tmp_path / "bundle") == DVC_SAID
    assert folder_hash(tmp_path / "none") == ""


def test_another_folder_than_the_pointer_names_is_not_asked(tmp_path):
    folder = bundle(tmp_path)
    pointer, record = folder.with_name("bundle.dvc"), folder.with_name("version.json")
    pointer.write_text(f"outs:\n- md5: {folder_hash(folder)}\n  path: bundle\n")
    write_json(record, {"version": "v1.1.0", "md5": folder_hash(folder)})
    Released(folder).close()
    (folder / "MODEL_CARD.md").write_text("another model's")
    seal(folder)  # its manifest agrees with it
    with pytest.raises(UserError, match="is not v1.1.0, which .*bundle.dvc names; `dvc checkout --force"):
        Released(folder)
    pointer.write_text(f"outs:\n- md5: {folder_hash(folder)}\n  path: bundle\n")  # as `dvc repro` does
    with pytest.raises(UserError, match="bundle.dvc does not name v1.1.0, as .*version.json does .*`make doctor`"):
        Released(folder)
    record.unlink()
    Released(folder).close()
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="is not here; `dvc pull .*bundle.dvc` fetches it"):
        Released(folder)
