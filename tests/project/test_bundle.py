"""The bundle: whole, passed by the gate, and with the answers that it was released with."""

import hashlib
import json
import re
import subprocess
import sys


def test_the_gate_passed_it(root, bundle):
    verdict = json.loads((root / "reports/validation.json").read_text("utf-8"))
    assert verdict["passed"] is True


def test_each_of_its_files_is_the_one_that_the_manifest_names(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    files = [p for p in bundle.rglob("*") if p.is_file() and "__pycache__" not in p.parts and p.name != "manifest.json"]
    found = {p.relative_to(bundle).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert found == manifest["files"]


def test_it_speaks_of_the_contract_of_this_work_tree(root, bundle):
    """Where this fails, the bundle is of another run: `dvc repro`, or `dvc checkout`."""
    assert (bundle / "contract.yaml").read_text("utf-8") == (root / "data/contract.yaml").read_text("utf-8")


def test_its_requirements_are_names_and_versions(bundle):
    lines = (bundle / "requirements.txt").read_text("utf-8").split("\n")
    assert [line for line in lines if line and not re.match(r"[\w.-]+(\[[\w,]+\])?==", line)] == []


def test_its_own_code_answers_the_golden_rows_as_at_its_making(bundle, environment, tmp_path):
    command = [sys.executable, "-m", "service.bundle", str(bundle)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and "answered alike" in done.stdout, done.stdout + done.stderr
