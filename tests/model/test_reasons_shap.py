"""Reasons agree with shap's exact values within their stated error; shap has an environment of its own, made at the first call."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lifecycle.model import reasons
from lifecycle.model.store import save_model
from tests.small_model import fitted, table

ROOT = Path(__file__).parents[2]
PLACES = ["north", "south", "west"]
EXACT = """
import json, sys
import numpy as np, shap
from lifecycle.model.store import load_model

model, given = load_model(sys.argv[1]), json.load(open(sys.argv[2]))
places = np.array(given["places"], dtype=object)

def predicted(x):
    rows = {"signal": x[:, 0], "member": x[:, 1], "place": places[x[:, 2].astype(int)]}
    out = model.predictions(rows)
    return out if out.ndim == 1 else out[:, 1]

masker = shap.maskers.Independent(np.array(given["background"]), max_samples=1000)
found = shap.explainers.Exact(predicted, masker)(np.array(given["rows"]))
print(json.dumps({"values": found.values.tolist(), "base": np.ravel(found.base_values).tolist(), "shap": shap.__version__}))
"""


def numbers(cells):
    return np.column_stack([cells["signal"], cells["member"], [PLACES.index(one) for one in cells["place"]]]).tolist()


def environment_of_shap():
    """A Python that has shap; one that is there already may be named by SHAP_PYTHON."""
    if "SHAP_PYTHON" in os.environ:
        return os.environ["SHAP_PYTHON"]
    from benchmarks.environments import environment

    programs = environment("shap", ["-r", str(ROOT / "requirements.txt")], ["shap"])
    return str(programs / ("python.exe" if sys.platform == "win32" else "python"))


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_they_agree_with_shap_s_exact_values(tmp_path, task):
    model, frame = fitted(task), table(task, 25, seed=9)
    cells = reasons.arrays_of(frame, model)
    save_model(model, tmp_path / "model", {"name": "linear"})
    given = {"places": PLACES, "rows": numbers(cells), "background": numbers(model.background)}
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    command = [environment_of_shap(), "-c", EXACT, str(tmp_path / "model"), str(tmp_path / "given.json")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    exact = json.loads(done.stdout.splitlines()[-1])
    found = reasons.explain(model, frame, pairs=20)
    columns = [found.columns.index(name) for name in ("signal", "member", "place")]
    difference = np.abs(found.amounts[:, columns] - np.array(exact["values"]))
    assert found.base == pytest.approx(exact["base"][0])
    assert (difference <= 5 * found.errors[:, columns] + 1e-6 * np.abs(found.amounts).max()).all()
