"""Batch scoring of the project's own test rows gives what the model answered when it was tested."""

import subprocess
import sys

import pandas as pd
import pytest

from lifecycle.gate.bundle import as_cells


@pytest.fixture(scope="module")
def tested(bundle):
    """The test rows with the answers of then beside them, as the bundle keeps them for monitoring."""
    return pd.read_parquet(bundle / "reference.parquet").head(200).reset_index(drop=True)


def test_scoring_gives_what_the_model_answered_when_it_was_tested(tested, contract, bundle, environment, tmp_path):
    source, target = tmp_path / "rows.parquet", tmp_path / "scored.parquet"
    pd.DataFrame(as_cells(tested, contract)).to_parquet(source, index=False)
    command = [sys.executable, "-m", "service.score", str(bundle), str(source), str(target)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    scored = pd.read_parquet(target)
    assert len(scored) == len(tested)
    if contract.problem.task == "regression":
        expected, given = tested[["__answer__"]], scored[["prediction"]]
    else:
        classes = contract.problem.classes
        expected = tested[[f"__p_{i}__" for i in range(len(classes))]]
        given = scored[[f"probability {name}" for name in classes]]
    assert given.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-9)
