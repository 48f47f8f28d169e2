"""`from lifecycle import project`, and the notebook that uses it, on a project of its own columns."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lifecycle import project as projects
from lifecycle.ground.errors import UserError
from tests.service.build import ROOT, environment, golden

NOTEBOOK = ROOT / "notebooks/explore.ipynb"


@pytest.fixture
def here(project, monkeypatch):
    """The project, with the notebook where it is in a project."""
    (project / "notebooks").mkdir(exist_ok=True)
    (project / "notebooks/explore.ipynb").write_bytes(NOTEBOOK.read_bytes())
    monkeypatch.chdir(project / "notebooks")
    return projects.open()


def test_it_is_found_from_a_folder_inside(here, project, tmp_path, monkeypatch):
    assert here.folder == project
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="is not in a project"):
        projects.open()
    assert projects.open(project).folder == project


def test_its_model_answers_typed_rows_and_cells_as_golden_ones(here, folder):
    known = golden(folder)
    model = here.model()
    rows = pd.DataFrame(known["rows"], index=range(5, 5 + len(known["rows"])))
    answers = model.predict_proba(rows)
    assert answers.to_numpy() == pytest.approx(np.array(known["answers"]), abs=1e-9)
    assert list(answers.columns) == ["no", "yes"] and list(model.predict(rows).index) == list(rows.index)
    errors, test = here.errors(), here.data("test")
    typed = model.predict_proba(test)
    truth = [typed.loc[i, label] for i, label in test["let"].items()]
    assert sorted(errors["error"]) == pytest.approx(sorted(1 - np.array(truth)), abs=1e-9)
    model.close()


def test_errors_come_the_worst_first_with_their_row(here):
    errors = here.errors()
    assert errors["error"].is_monotonic_decreasing and errors["__source__"].str.startswith("flats.csv:").all()
    wrong = errors["y_true"] != errors["y_pred"]
    assert wrong.iloc[0] and not wrong.iloc[-1] and len(errors) == len(here.data("test"))


def test_a_regression_s_errors_are_differences(regression, monkeypatch):
    monkeypatch.chdir(regression)
    errors = projects.open().errors()
    assert errors["error"].to_numpy() == pytest.approx((errors["y_true"] - errors["y_pred"]).abs().to_numpy())


def test_what_is_not_there_is_said(here):
    with pytest.raises(UserError, match="did you mean"):
        here.data("trian")
    with pytest.raises(UserError, match="dvc repro"):
        projects.Project(here.folder / "data").data("train")


def test_every_cell_of_the_notebook_runs(here, monkeypatch):
    import matplotlib

    matplotlib.use("agg")
    names = {}
    monkeypatch.setattr(sys, "path", list(sys.path))
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], cell["id"], "exec"), names)


@pytest.mark.slow
def test_the_notebook_runs_in_jupyter(here):
    pytest.importorskip("nbclient", reason="pip install nbclient ipykernel, or the notebook is not run as Jupyter does")
    pytest.importorskip(
        "ipykernel", reason="pip install nbclient ipykernel, or the notebook is not run as Jupyter does"
    )
    code = (
        "import nbformat, nbclient; n = nbformat.read('explore.ipynb', 4);"
        "nbclient.NotebookClient(n, timeout=120).execute()"
    )
    env = environment() | {"JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=os.getcwd(), env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
