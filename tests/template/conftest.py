"""What the tests of the template share: a copy of it as it stands, and a user's environment."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.template.bake import ROOT, commit, root_files, run


@pytest.fixture
def env(tmp_path):
    """A user's environment: a home of its own, this Python's tools, a name for Git, nothing else of the machine's."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "COOKIECUTTER", "XDG_", "PYTEST"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "HOME": str(home), "USERPROFILE": str(home), "PATH": path, "PWD": str(tmp_path)}


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
