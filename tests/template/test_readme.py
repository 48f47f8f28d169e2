"""The README is short and true: its commands are there, its run is real; the layout page names what there is."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.template.bake import ROOT

README = (ROOT / "README.md").read_text("utf-8")
LAYOUT = (ROOT / "docs/reference/layout.md").read_text("utf-8")


def block(command: str) -> list[str]:
    """The output that README shows after `$ command`."""
    _, _, rest = README.partition(f"$ {command}\n")
    return rest.partition("```")[0].partition("\n$ ")[0].splitlines()


def test_it_is_read_in_four_minutes():
    assert len(README.split()) <= 900


def test_it_begins_with_a_sentence_a_picture_and_a_command_that_can_be_pasted():
    picture, clone, run_it = (README.index(part) for part in ("![", "$ git clone ", "$ make new "))
    assert 0 < picture < clone < run_it
    assert README.count("![") == 1 and (ROOT / re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)[0]).exists()


def test_each_make_target_that_is_named_exists():
    makefiles = "".join((ROOT / name).read_text("utf-8") for name in ("Makefile", "new.mk"))
    targets = set(re.findall(r"^([a-z-]+):", makefiles, re.MULTILINE))
    named = set(re.findall(r"(?:^|[`$ ])make ([a-z-]+)", README, re.MULTILINE)) - {"and", "it"}
    assert {"new", "test", "release", "retrain"} & named and named - targets == set()


def test_the_drawing_has_each_stage():
    stages = set(re.findall(r"^  ([a-z]+):$", (ROOT / "dvc.yaml").read_text("utf-8"), re.MULTILINE))
    drawn = README.partition("```mermaid")[2].partition("```")[0]
    table = set(re.findall(r"^\| ([a-z]+) \|", README, re.MULTILINE)) - {"stage"}
    assert table == stages and {stage for stage in stages if stage not in drawn} == set()


def test_each_path_of_the_tree_exists():
    tree = LAYOUT.partition("# Repository layout")[2].partition("\n## ")[0]
    paths = re.findall(r"^    (\S+)  ", tree, re.MULTILINE)
    assert len(paths) > 10
    assert [p for p in paths if not (ROOT / p).exists()] == []


def test_each_dependency_has_its_reason_and_no_other_has():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [g for group in about["dependency-groups"].values() for g in group if isinstance(g, str)]
    template = about["project"]["optional-dependencies"]["template"]
    wanted = {Requirement(d).name for d in about["project"]["dependencies"] + groups + template}
    table = LAYOUT.partition("## Why these dependencies")[2].partition("\n##")[0]
    named = {n for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for n in re.split(r"[ ,()]+", row) if n}
    assert wanted - named == set() and named - {"package", "---"} - wanted == set()


@pytest.mark.slow
def test_the_run_that_is_shown_is_real(telco):
    """Every line but those with a time or a fitted score is what the commands print, and scores agree to two digits."""
    shown = block('make new NAME="Telco churn" DATA=telco_churn.csv TARGET=Churn')
    said = telco.said.splitlines()
    fitted = ("train:", "evaluate:", "validate:", "report:", "deploy:", "score ", "commit ")
    exact = [s for s in shown if not s.startswith(fitted)]
    assert len(exact) > 8 and [s for s in exact if s not in said] == []
    for line in set(shown) - set(exact):
        name = re.split("[: ]", line)[0]
        real = next(s for s in said if re.match(f"{name}[: ]", s))
        score = re.compile(r"log_loss ([\d.]+)|baseline ([\d.]+)|gate (\w+)|(\d+ golden rows)")
        assert [tuple(g[:4] for g in m) for m in score.findall(line)] == [
            tuple(g[:4] for g in m) for m in score.findall(real)
        ]
