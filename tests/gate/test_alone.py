"""What a bundle needs to run is what its lock names: deploy tries it without anything else."""

import shutil
from importlib import metadata

import pytest

from lifecycle.gate.alone import named
from lifecycle.gate.bundle import check_alone
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import write_json, write_yaml
from lifecycle.model.store import load_model, save_model
from tests import small_model
from tests.bundles import ROOT, add_code, features_of_today
from tests.watched import contract

LOCK = ROOT / "requirements-serve.txt"


def bundle(folder, monkeypatch, features, more=""):
    model = small_model.fitted("binary")
    model.add_features = features_of_today(monkeypatch)
    save_model(model, folder, {"name": "linear", "task": "binary", "n_rows": 400})
    write_yaml(folder / "contract.yaml", contract("binary"))
    row = {"signal": 0.5, "noise": 1, "place": "north", "member": True, "day": "2024-01-02", "remark": "fine"}
    answers = model.predictions(
        small_model.table("binary", 1, 1).assign(signal=0.5, place="north", member=1.0)
    ).tolist()
    write_json(folder / "golden.json", {"rows": [row], "answers": answers, "labels": []})
    (folder / "requirements.txt").write_text(LOCK.read_text("utf-8") + more, "utf-8")
    return add_code(folder, custom_features=features)


SAME = "def add_features(frame):\n    return frame\n"


def test_what_is_only_installed_here_is_no_need_of_the_model_s(tmp_path, monkeypatch):
    assert "pyarrow" not in named(LOCK), "which pandas imports where it is there"
    assert check_alone(bundle(tmp_path, monkeypatch, SAME)) == {}


@pytest.mark.parametrize(
    "features",
    [
        "import pytest\n" + SAME,
        "def add_features(frame):\n    import pytest\n    return frame\n",
    ],
)
def test_a_package_that_the_lock_lacks_is_refused_with_the_lines_to_add(tmp_path, monkeypatch, features):
    monkeypatch.chdir(ROOT)
    lines = [f"{name}=={metadata.version(name)}" for name in ("iniconfig", "pluggy", "pytest")]
    with pytest.raises(UserError, match="the model needs a package that requirements-serve.txt does not name") as error:
        check_alone(bundle(tmp_path / "a", monkeypatch, features))
    assert all(line in str(error.value) for line in lines) and "\n" not in str(error.value)
    more = "\n".join(
        [*lines, f"packaging=={metadata.version('packaging')}", f"pygments=={metadata.version('pygments')}"]
    )
    needed = check_alone(bundle(tmp_path / "b", monkeypatch, features, more))
    assert needed["pytest"] == metadata.version("pytest") and "pandas" not in needed


def test_a_bundle_that_answers_otherwise_is_refused(tmp_path, monkeypatch):
    other = "def add_features(frame):\n    return frame.assign(signal=frame['signal'] + 1)\n"
    with pytest.raises(UserError, match="does not answer alike in a fresh process"):
        check_alone(bundle(tmp_path, monkeypatch, other))


def test_a_model_whose_package_is_missing_is_one_line(tmp_path, monkeypatch):
    folder = bundle(tmp_path, monkeypatch, SAME)
    monkeypatch.delattr("custom.features.add_features")
    code = folder / "code/custom/features.py"
    code.write_text("import a_package_of_another_machine\n" + SAME, "utf-8")
    shutil.rmtree(folder / "code/custom/__pycache__", ignore_errors=True)
    monkeypatch.setitem(__import__("sys").modules, "custom.features", None)
    with pytest.raises(UserError, match="needs the package custom.features, which is not installed here"):
        load_model(folder)
