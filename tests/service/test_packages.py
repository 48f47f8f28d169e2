"""A bundle as a Python package and as a model of MLflow's: golden rows alike, each in an environment of its own."""

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import yaml

from actions import wheel
from service.frames import FrameModel
from tests.service.build import environment, golden
from tests.service.running import free_port, wait

ASK_WHEEL = """
import json, sys, pandas as pd
from flats_model import load, __version__
rows = pd.DataFrame(json.load(sys.stdin))
model = load()
assert model.version == __version__ == "1.2.0" and model.classes == ["no", "yes"] and load() is model
assert set(model.predict(rows)) == {"no", "yes"}
print(json.dumps(model.predict_proba(rows).to_numpy().tolist()))
"""
ASK_MLFLOW = """
import json, sys, mlflow, pandas as pd
rows = pd.DataFrame(json.load(sys.stdin))
for _ in range(2):  # it leaves nothing in the folder that would make it another one
    model = mlflow.pyfunc.load_model(sys.argv[1])
print(json.dumps(model.predict(rows)[["probability no", "probability yes"]].to_numpy().tolist()))
"""


def same(answers, bundle):
    return np.array(answers) == pytest.approx(np.array(golden(bundle)["answers"]), abs=1e-9)


# ---- in this environment ----------------------------------------------------------------------------------------------


def test_typed_rows_and_cells_are_answered_alike(folder, project):
    model = FrameModel(folder)
    assert same(model.predict_proba(pd.DataFrame(golden(folder)["rows"])), folder)
    test = pd.read_parquet(project / "data/test.parquet").drop(columns="let")
    reference = pd.read_parquet(folder / "reference.parquet")
    answers = model.predict_proba(test.set_index(test.index + 7))
    assert answers.to_numpy() == pytest.approx(reference[["__p_0__", "__p_1__"]].to_numpy(), abs=1e-9)
    assert list(answers.index) == list(test.index + 7) and len(model.predict(test[:0])) == 0
    with pytest.raises(ValueError, match="'size'"):
        model.predict(test.drop(columns="size"))


def test_a_regression_gives_numbers(regression):
    bundle = regression / "models/bundle"
    model = FrameModel(bundle)
    assert same(model.predict(pd.DataFrame(golden(bundle)["rows"])), bundle)
    assert list(model.table(pd.DataFrame(golden(bundle)["rows"]))) == ["prediction"]
    with pytest.raises(ValueError, match="no probabilities"):
        model.predict_proba(pd.DataFrame(golden(bundle)["rows"]))


def test_mlmodel_names_the_columns_and_nothing_of_the_day(folder):
    about = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    flavor = about["flavors"]["python_function"]
    assert (folder / flavor["code"] / f"{flavor['loader_module'].replace('.', '/')}.py").exists()
    inputs = {one["name"]: one["type"] for one in json.loads(about["signature"]["inputs"])}
    assert inputs["size"] == "double" and inputs["place"] == "string" and "let" not in inputs
    assert "utc_time_created" not in about
    assert {"MLmodel", "python_env.yaml"} <= set(json.loads((folder / "manifest.json").read_text())["files"])


def test_the_same_bundle_gives_the_same_wheel(folder, tmp_path):
    one = wheel.build(folder, "Größe-2 churn", "v1.2.0", tmp_path / "a")
    two = wheel.build(folder, "Größe-2 churn", "v1.2.0", tmp_path / "b")
    assert one.name == "gr_e_2_churn_model-1.2.0-py3-none-any.whl" and one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        metadata = archive.read("gr_e_2_churn_model-1.2.0.dist-info/METADATA").decode()
    assert "Requires-Dist: scikit-learn==" in metadata and "fastapi" not in metadata.partition("\n\n")[0]
    assert wheel.build(folder, "2", "", tmp_path).name.startswith("model_2_model-0+")


# ---- each in its own ---------------------------------------------------------------------------------------------------


def python_with(place, *packages):
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
    subprocess.run(install, check=True)
    return python


def ask(python, script, rows, *arguments, place):
    command = [python, "-c", script, *map(str, arguments)]
    done = subprocess.run(
        command, input=json.dumps(rows), capture_output=True, encoding="utf-8", env=environment(), cwd=place
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_wheel_answers_golden_rows_in_a_fresh_environment(folder, tmp_path):
    built = wheel.build(folder, "flats", "v1.2.0", tmp_path / "dist")
    python = python_with(tmp_path / "venv", built)
    assert same(ask(python, ASK_WHEEL, golden(folder)["rows"], place=tmp_path), folder)


@pytest.fixture(scope="module")
def mlflow(folder, tmp_path_factory):
    """A Python that has MLflow and what the bundle states."""
    place = tmp_path_factory.mktemp("mlflow")
    return python_with(place, "mlflow", "-r", folder / "requirements.txt")


@pytest.mark.slow
def test_mlflow_loads_the_bundle_as_it_is(mlflow, folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "bundle"))
    assert same(ask(mlflow, ASK_MLFLOW, golden(folder)["rows"], copy, place=tmp_path), folder)
    assert not list(copy.rglob("__pycache__"))


@pytest.mark.slow
def test_mlflow_serves_the_bundle_as_it_is(mlflow, folder, tmp_path):
    copy, port = shutil.copytree(folder, tmp_path / "bundle"), free_port()
    command = [mlflow, "-m", "mlflow", "models", "serve", "-m", copy, "--env-manager", "local", "-p", str(port)]
    env = environment() | {"PATH": f"{Path(mlflow).parent}:/usr/bin:/bin"}
    process = subprocess.Popen(
        command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    try:
        wait(process, f"http://127.0.0.1:{port}/ping", seconds=120)
        rows = golden(folder)["rows"]
        answer = httpx.post(f"http://127.0.0.1:{port}/invocations", json={"dataframe_records": rows}, timeout=60)
        assert answer.status_code == 200, answer.text
        answers = [[one["probability no"], one["probability yes"]] for one in answer.json()["predictions"]]
        assert same(answers, folder)
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
def test_a_release_is_logged_once_to_a_tracking_server_and_loaded_from_there(mlflow, project, folder, tmp_path):
    port = free_port()
    store = [
        "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--artifacts-destination", f"{tmp_path}/artifacts",
    ]  # fmt: skip
    env = environment(MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}")
    env["PATH"] = f"{Path(mlflow).parent}:/usr/bin:/bin"
    server = subprocess.Popen(
        [mlflow, "-m", "mlflow", "server", *store, "-p", str(port), "--workers", "1"], env=env, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    try:
        wait(server, f"http://127.0.0.1:{port}/health", seconds=120)
        said = []
        for _ in range(2):
            command = [mlflow, "-m", "actions.export_mlflow", "candidate"]
            done = subprocess.run(command, cwd=project, env=env, capture_output=True, encoding="utf-8")
            assert done.returncode == 0, done.stderr
            said.append(done.stdout.splitlines()[-1])
        assert "logged before" in said[1] and "logged before" not in said[0]
        run = said[0].split("is run ")[1].split()[0]
        rows = golden(folder)["rows"]
        script = ASK_MLFLOW.replace(
            "import json",
            f"import os; os.environ['MLFLOW_TRACKING_URI'] = {env['MLFLOW_TRACKING_URI']!r}\nimport json",
            1,
        )
        assert same(ask(mlflow, script, rows, f"runs:/{run}/model", place=tmp_path), folder)
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.parametrize("variables", [{}, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}])
def test_what_export_lacks_is_one_line(project, variables):
    code = "import sys; sys.modules['mlflow'] = None; from actions.export_mlflow import main; from lifecycle.ground.errors import stage; stage(main)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=environment(**variables), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert ("pip install mlflow" if variables else "MLFLOW_TRACKING_URI is not set") in done.stderr
