"""Set-up and checks: the locks, the Makefile, the workflows, pre-commit."""

import difflib
import os
import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import modify_yaml
from packaging.requirements import Requirement

from tests.template.bake import ROOT, run

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no make: README's plain commands are for it")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


ABOUT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MODEL = ABOUT["project"]["dependencies"]
SERVE, TOOLS, CLUSTER = (
    [d for d in ABOUT["dependency-groups"][name] if isinstance(d, str)] for name in ("serve", "tools", "cluster")
)
TEMPLATE_ONLY = ABOUT["project"]["optional-dependencies"]["template"]
LOCKS = {  # what each is compiled from
    "requirements.txt": MODEL,
    "requirements-serve.txt": SERVE,
    "requirements-tools.txt": MODEL + SERVE + TOOLS,
    "requirements-cluster.txt": CLUSTER,
    "requirements-template.txt": MODEL + SERVE + TOOLS + TEMPLATE_ONLY,
}


def locked(lock="requirements-template.txt"):
    """{package: the requirement lines that pin it}"""
    pins = {}
    for line in (ROOT / lock).read_text("utf-8").splitlines():
        requirement = Requirement(line)
        pins.setdefault(requirement.name, []).append(requirement)
    return pins


def names(requirements):
    return {Requirement(text).name for text in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_no_address(lock):
    for line in (ROOT / lock).read_text("utf-8").splitlines():
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.]+( ; [^#@]+)?", line), line
        assert "://" not in line and not line.startswith("-")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_within_its_range(lock):
    pins = locked(lock)
    for wanted in map(Requirement, LOCKS[lock]):
        assert wanted.name in pins, f"{wanted.name} is not in {lock}; the command is in pyproject.toml"
        for pin in pins[wanted.name]:
            (exact,) = pin.specifier
            assert wanted.specifier.contains(exact.version), f"{pin} is not within {wanted}; lock again"


def test_a_package_has_one_version_in_all_locks():
    everything = locked()
    for lock in LOCKS:
        for name, pins in locked(lock).items():
            assert {pin.specifier for pin in pins} <= {pin.specifier for pin in everything[name]}, f"{name} in {lock}"


def test_the_lock_of_a_model_holds_none_of_the_tools():
    assert set(locked("requirements.txt")) & names(TOOLS + TEMPLATE_ONLY) == set()


def test_a_project_gets_nothing_that_only_the_template_needs():
    assert set(locked("requirements-tools.txt")) & names(TEMPLATE_ONLY) == set()


def test_the_stages_depend_on_the_model_s_lock_and_the_service_s_alone():
    """So that a newer linter leaves `dvc status` as it was."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
    deps = {(name, dep) for name, stage in stages.items() for dep in stage["deps"] if dep.startswith("requirements")}
    assert deps == {("train", "requirements.txt"), ("deploy", "requirements-serve.txt")}


def test_this_environment_is_the_lock():
    for name in ("dvc", "pandas", "scikit-learn", "ruff", "mypy", "cookiecutter"):
        pin = next(p for p in locked()[name] if not p.marker or p.marker.evaluate())
        assert pin.specifier.contains(version(name)), f"{name} {version(name)} is installed, {pin} is locked: make test"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_fits_githubs_schema(workflow):
    run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", workflow, cwd=ROOT)


def test_the_schema_would_find_a_mistake(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text("utf-8").replace("runs-on:", "run-on:"))
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", wrong)
    assert run(*command, cwd=ROOT, check=False).returncode == 1


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_uses_actions_at_a_major_version_and_no_make(workflow):
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    assert not any(re.match(r"make\b", step.get("run", "")) for step in steps), "Windows has no make"


def test_the_template_is_tried_on_the_three_systems():
    matrix = yaml.safe_load((ROOT / ".github/workflows/template.yml").read_text("utf-8"))["jobs"]["generate"][
        "strategy"
    ]["matrix"]
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_each_python_that_is_named_is_tried():
    jobs = yaml.safe_load((ROOT / ".github/workflows/template.yml").read_text("utf-8"))["jobs"]
    matrix = jobs["generate"]["strategy"]["matrix"]
    tried = {*matrix["python"], *(more["python"] for more in matrix["include"])}
    named = [line.rpartition(" ")[2] for line in ABOUT["project"]["classifiers"]]
    assert named and set(named) <= tried
    assert ABOUT["project"]["requires-python"] == f">={named[0]}"


def test_pre_commit_takes_its_configuration_and_pins_what_is_locked():
    run(sys.executable, "-m", "pre_commit", "validate-config", cwd=ROOT)
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    pins = [d for hook in config["repos"][0]["hooks"] for d in hook["additional_dependencies"] if d.startswith("ruff")]
    assert pins
    assert set(pins) == {f"ruff{pin.specifier}" for pin in locked()["ruff"]}


@posix
def test_every_target_is_listed_by_make_and_by_the_generated_readme():
    makefile, ours = ((ROOT / name).read_text("utf-8") for name in ("Makefile", "new.mk"))
    targets, only_here = (set(re.findall(r"^\.PHONY: (.*)$", m, re.MULTILINE)[0].split()) for m in (makefile, ours))
    targets -= {"help"}
    assert {"repro", "test", "lint", "compare"} <= targets and only_here == {"new", "slow", "docs"}
    listed = run("make", cwd=ROOT).stdout
    assert all(f"make {target} " in listed for target in only_here)
    readme = (ROOT / "{{cookiecutter.project}}/README.md").read_text("utf-8")
    for target in targets:
        assert f"make {target} " in listed
        assert f"    make {target} " in readme


@posix
def test_a_sweep_is_refused_where_dvc_would_hang(tmp_path):
    folder = tmp_path / "Größe"
    (folder / ".venv").mkdir(parents=True)
    (folder / ".dvc").mkdir()
    for name in ("Makefile", "requirements-tools.txt"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    for name in (".venv/ready", ".dvc/config"):
        (folder / name).touch()
    done = run("make", "sweep", cwd=folder, check=False)
    assert done.returncode == 2 and "not ASCII" in done.stderr and "Traceback" not in done.stderr


@posix
def test_make_says_what_is_missing_and_how_to_get_it(tmp_path):
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text("utf-8"))
    (tmp_path / "requirements-tools.txt").write_text("")
    for says, body in (
        ("older than Python 3.11; install it", "exit 1"),
        ("apt-get install python3-venv", 'case "$2" in *ensurepip*) exit 1;; esac'),
    ):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{body}\n")
        python.chmod(0o755)
        done = run("make", "test", f"PYTHON={python}", cwd=tmp_path, check=False)
        assert done.returncode == 2 and says in done.stderr, done.stderr
        assert not (tmp_path / ".venv").exists()


def test_an_experiment_changes_only_its_own_line_of_the_shared_params(tmp_path):
    """DVC writes the whole file anew: a line that it lays out otherwise shows up in each diff, and in cruft's."""
    params = tmp_path / "params.yaml"
    params.write_text(before := (ROOT / "params.yaml").read_text("utf-8"), "utf-8")
    with modify_yaml(str(params)) as changed:
        changed["split"]["seed"] = 77
    shared = "# ---- from here on"
    lines = [text.partition(shared)[2].splitlines() for text in (before, params.read_text("utf-8"))]
    new = [line for line in difflib.ndiff(*lines) if line.startswith("+ ")]
    assert len(new) == 1 and "seed: 77" in new[0], new


@posix
def test_ci_runs_the_two_test_commands():
    script = (ROOT / ".ci/run").read_text("utf-8")
    run("bash", "-n", ".ci/run", cwd=ROOT)
    lines = script.splitlines()
    assert "make test" in lines and "make slow" in lines
