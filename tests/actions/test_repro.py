"""`make repro` is `dvc repro` without the hints that do not apply; what DVC and the stages say of a fault stays whole."""

import os
import subprocess
import sys

import pytest

from tests.scratch import ROOT

PIPELINE = """stages:
  write:
    cmd: python -c "import sys; open('out.txt', 'w').write(open('in.txt').read()); print('write', 1, 'row'); sys.exit(STATUS)"
    deps: [in.txt]
    outs: [out.txt]
"""
REPRODUCE = "import sys; from actions.repro import reproduce; sys.exit(reproduce([]))"


@pytest.fixture
def project(tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "DVC"))} | {"PYTHONPATH": str(ROOT)}
    env["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), env["PATH"]])
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, env=env, check=True)
    (tmp_path / "in.txt").write_text("a\n")

    def reproduce(status):
        (tmp_path / "dvc.yaml").write_text(PIPELINE.replace("STATUS", str(status)))
        return subprocess.run([sys.executable, "-c", REPRODUCE], cwd=tmp_path, env=env, capture_output=True, text=True)

    return reproduce


def test_no_hint_of_dvc_is_shown_and_a_fault_is_told_whole(project):
    failed = project(3)
    assert (
        failed.returncode and "ERROR: failed to reproduce 'write'" in failed.stderr and "exited with 3" in failed.stderr
    )
    done = project(0)
    assert done.returncode == 0 and "write 1 row" in done.stdout and "Running stage 'write'" in done.stdout
    said = failed.stdout + failed.stderr + done.stdout + done.stderr
    assert [hint for hint in ("git add", "autostage", "dvc push") if hint in said] == []
