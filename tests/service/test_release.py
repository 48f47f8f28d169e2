"""Releases in Git: from a clean commit whose gate passed; back again; each version served from cache or remote."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.service import build

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("git"), reason="NO GIT: apt-get install git, or releases are not tested"),
]


class Repository:
    def __init__(self, place):
        self.place = place
        path = f"{Path(sys.executable).parent}:"
        self.env = build.environment(
            GIT_AUTHOR_NAME="Ada", GIT_AUTHOR_EMAIL="a@b.c", GIT_COMMITTER_NAME="Ada", GIT_COMMITTER_EMAIL="a@b.c"
        )
        self.env["PATH"] = path + self.env["PATH"]

    def run(self, *command, check=True):
        done = subprocess.run(
            [str(c) for c in command], cwd=self.place, env=self.env, capture_output=True, encoding="utf-8"
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def act(self, name, *arguments, check=True):
        done = self.run(sys.executable, "-m", f"actions.{name}", *arguments, check=check)
        return done.stdout if check else done.stderr

    def git(self, *arguments):
        return self.run("git", *arguments).stdout

    def dvc(self, *arguments):
        return self.run(sys.executable, "-m", "dvc", *arguments).stdout

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def another_model(self, C):
        path = self.place / "params.yaml"
        params = yaml.safe_load(path.read_text("utf-8"))
        params["train"]["candidates"]["linear"]["C"] = C
        build.write_params(self.place, params)
        self.dvc("repro", "deploy")
        self.commit(f"Another model: C = {C}")


@pytest.fixture(scope="module")
def released(project, tmp_path_factory):
    """A repository with the versions 1.0.0 and 1.1.0, the second in production; not to be changed."""
    place = tmp_path_factory.mktemp("release") / "flats"
    shutil.copytree(project, place)
    for name in (".gitignore", ".gitattributes"):
        shutil.copyfile(build.ROOT / name, place / name)
    repository = Repository(place)
    repository.git("init", "-q")
    repository.dvc("init", "-q")
    repository.dvc("config", "core.analytics", "false")
    repository.dvc("config", "core.check_update", "false")
    lifecycle = yaml.safe_load((place / "dvc.yaml").read_text("utf-8"))
    kept = {name: lifecycle["stages"][name] for name in build.STAGES}
    (place / "dvc.yaml").write_text(yaml.safe_dump({"stages": kept}, sort_keys=False), "utf-8")
    repository.dvc("add", "-q", "data/raw")
    repository.dvc("commit", "-q", "-f")  # the stages have run
    repository.commit("The first model")
    repository.said = [repository.act("release")]
    repository.another_model(0.05)
    repository.said.append(repository.act("release"))
    return repository


@pytest.fixture
def repository(released, tmp_path):
    return Repository(shutil.copytree(released.place, tmp_path / "flats", symlinks=True))


def production(repository):
    """What GTO itself says."""
    shown = json.loads(repository.run("gto", "show", "--json").stdout)
    return shown["flats"]["stage"]["prod"]


def digest(folder):
    return json.loads((folder / "manifest.json").read_text("utf-8"))["files"]["model.joblib"]


def test_versions_are_tags_that_gto_reads(released):
    assert "flats@v1.0.0 is in prod" in released.said[0] and "flats@v1.1.0 is in prod" in released.said[1]
    assert released.git("tag").split() == ["flats#prod#1", "flats#prod#2", "flats@v1.0.0", "flats@v1.1.0"]
    history = released.run("gto", "history", "flats").stdout
    assert history.count("registration") == history.count("assignment") == 2
    assert released.git("status", "--porcelain") == ""


def test_the_next_candidate_is_compared_with_the_champion(released):
    checks = json.loads((released.place / "reports" / "validation.json").read_text("utf-8"))["checks"]
    measured = next(c["measured"] for c in checks if c["name"] == "not worse than the champion")
    assert isinstance(measured, float), "the second model was judged against the first"


def test_repro_after_a_release_judges_anew_and_releases_nothing(repository):
    said = repository.dvc("repro", "deploy")
    assert "stages.validate" in said and "stages.train" not in said
    assert digest(repository.place / "models/bundle") == digest(repository.place / "models/champion/bundle")
    repository.commit("Judged against itself")
    assert "nothing new to release" in repository.act("release", check=False)
    assert len(repository.git("tag").split()) == 4


def test_rollback_goes_back_by_git_alone_and_forth_again(repository):
    said = repository.act("rollback")
    assert "flats@v1.0.0 is in prod and the champion again; it was v1.1.0" in said
    assert repository.git("status", "--porcelain") == "" and "Roll back to v1.0.0" in repository.git(
        "log", "-1", "--format=%s"
    )
    assert "v1.0.0" in repository.act("check") and "no version before v1.0.0" in repository.act("rollback", check=False)
    pointer = repository.git("show", "flats@v1.0.0:models/champion/bundle.dvc")
    assert (repository.place / "models/champion/bundle.dvc").read_text("utf-8") == pointer
    assert "v1.1.0" in repository.act("rollback", "v1.1.0")
    assert repository.git("tag").split()[:4] == [f"flats#prod#{i}" for i in (1, 2, 3, 4)]


def test_any_released_version_is_fetched_and_answers_as_it_did(repository):
    said = repository.act("check", "v1.0.0")
    assert "models/versions/v1.0.0" in said and "golden rows answered alike" in said
    assert digest(repository.place / "models/versions/v1.0.0") != digest(repository.place / "models/champion/bundle")
    (repository.place / "models/versions/v1.0.0/model.joblib").write_bytes(b"changed")
    assert "answered alike" in repository.act("check", "1.0.0"), "a spoilt copy is fetched again"
    assert "v9.0.0 is not released; what is: v1.0.0, v1.1.0" in repository.act("check", "v9.0.0", check=False)


def test_a_released_version_scores_a_table(repository):
    build.table(10, seed=3).drop(columns="price").to_csv(repository.place / "new.csv", index=False)
    assert "10 rows answered by v1.0.0" in repository.act("score", "new.csv", "out.csv", "--version", "v1.0.0")


REFUSED = {
    "what is not committed": (lambda r: (r.place / "custom/features.py").write_text("x = 1"), "is not committed"),
    "a new file": (lambda r: (r.place / "stages/new.py").write_text("x = 1"), "stages/new.py is not committed"),
    "results of other parameters": (lambda r: changed(r), "changed since `dvc repro`"),
    "a failed gate": (lambda r: failed(r), "the gate failed (beats the naive baseline"),
    "a spoilt bundle": (lambda r: spoilt(r), "is not the file that the manifest names"),
    "no branch": (lambda r: r.git("checkout", "-q", "--detach"), "no branch is checked out"),
}


def changed(repository):
    repository.another_model(0.2)
    path = repository.place / "params.yaml"
    path.write_text(path.read_text("utf-8").replace("C: 0.2", "C: 0.5"), "utf-8")
    repository.commit("Not reproduced")


def failed(repository):
    path = repository.place / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["problem"]["criteria"] = {"roc_auc": ">= 0.9999"}
    build.write_params(repository.place, params)
    repository.dvc("repro", "deploy")
    repository.commit("Asks too much")


def spoilt(repository):
    changed(repository)
    repository.dvc("repro", "deploy")
    repository.commit("Reproduced")
    path = repository.place / "models/bundle/model.joblib"
    path.unlink()
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")


@pytest.mark.parametrize("name", REFUSED)
def test_a_release_is_refused_in_a_line(repository, name):
    spoil, says = REFUSED[name]
    if name == "a failed gate":
        says = "the gate failed (criterion roc_auc"
    spoil(repository)
    said = repository.act("release", check=False)
    assert said.startswith("error: ") and said.count("\n") == 1
    assert says in said or (name == "a spoilt bundle" and "deploy changed since" in said), said
    assert len(repository.git("tag").split()) == 4


@pytest.mark.parametrize("until", ["dvc add", "git commit", "register", "assign"])
def test_a_release_stopped_half_way_is_finished_by_the_next_call(repository, until):
    repository.another_model(0.5)
    stop = {
        "dvc add": "release.git = lambda *a: 1 / 0",
        "git commit": "real = release.git; release.git = lambda *a: 1 / 0 if a[0] == 'commit' else real(*a)",
        "register": "release.gto.api.register = lambda *a, **k: 1 / 0",
        "assign": "release.gto.api.assign = lambda *a, **k: 1 / 0",
    }[until]
    check = "release.check_tree = lambda: None; " if until == "dvc add" else ""
    code = f"import sys; sys.argv[1:] = []; from actions import release; {check}{stop}; release.main()"
    assert "ZeroDivisionError" in repository.run(sys.executable, "-c", code, check=False).stderr
    assert "flats@v1.2.0 is in prod" in repository.act("release")
    assert repository.git("tag", "--list", "*@*").split() == ["flats@v1.0.0", "flats@v1.1.0", "flats@v1.2.0"]
    assert repository.git("status", "--porcelain") == ""
    assert "v1.2.0" in repository.act("check")


def test_other_columns_raise_the_first_number(repository):
    path = repository.place / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["problem"]["exclude"] = ["note"]
    build.write_params(repository.place, params)
    repository.dvc("repro", "deploy")
    repository.commit("Without the note")
    assert "flats@v2.0.0" in repository.act("release")
