"""What the tests of the template share: a copy of it as it stands, a user's environment, and one project of a table of one's own."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.once import once
from tests.template.bake import DATASETS, READY, ROOT, commit, root_files, run, user_env


@pytest.fixture
def env(tmp_path):
    return user_env(tmp_path / "home", tmp_path)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The template as it stands here, committed to a repository of its own."""
    copy = tmp_path_factory.mktemp("template") / "cookiecutter-ml-lifecycle"
    for name in root_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    run("git", "init", "-q", cwd=copy)
    commit(copy, "The template")
    return copy


class New(NamedTuple):
    """The project that `make new` made, and what was printed; not to be changed."""

    project: Path
    said: str


@pytest.fixture(scope="session")
def telco(template, tmp_path_factory):
    """As README shows it: from a clone, in one command."""
    table = DATASETS / "telco_churn.csv"
    if not table.exists() or os.name == "nt":
        pytest.skip(f"{DATASETS}, or make, is not here: README's run was NOT tried")

    def make(place):
        place.mkdir()
        env = user_env(place / "home", place)
        run("git", "clone", "-q", template, place / "clone", cwd=place, env=env)
        shutil.copy(table, place / "clone")
        asked = ("NAME=Telco churn", "DATA=telco_churn.csv", "TARGET=Churn")
        said = run("make", "new", *asked, *READY, cwd=place / "clone", env={**env, "PWD": str(place / "clone")}).stdout
        (place / "said.txt").write_text(said, "utf-8")

    place = once(tmp_path_factory, "telco", make)
    return New(place / "telco-churn", (place / "said.txt").read_text("utf-8"))
