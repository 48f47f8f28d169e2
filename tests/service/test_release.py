"""Releases in Git: from a clean commit whose gate passed; back again; each version served from cache or remote."""

import hashlib
import json
import py_compile
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


def copied(repository, folder):
    return Repository(shutil.copytree(repository.place, folder / "flats", symlinks=True))


@pytest.fixture
def repository(released, tmp_path):
    return copied(released, tmp_path)


@pytest.fixture(scope="module")
def with_candidate(released, tmp_path_factory):
    """The same with a third model, which is committed and not released; not to be changed."""
    repository = copied(released, tmp_path_factory.mktemp("candidate"))
    repository.another_model(0.5)
    return repository


@pytest.fixture
def unreleased(with_candidate, tmp_path):
    return copied(with_candidate, tmp_path)


@pytest.fixture(scope="module")
def to_and_fro(with_candidate, tmp_path_factory):
    """The third model released, the second brought back, the third again; not to be changed."""
    repository = copied(with_candidate, tmp_path_factory.mktemp("to_and_fro"))
    repository.act("release")
    repository.act("rollback")
    repository.act("rollback", "v1.2.0")
    return repository


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


def test_after_a_release_nothing_is_left_to_reproduce_or_to_release(repository):
    said = repository.dvc("repro", "deploy")
    assert "Running stage" not in said and repository.git("status", "--porcelain") == ""
    assert digest(repository.place / "models/bundle") == digest(repository.place / "models/champion/bundle")
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


def test_after_a_rollback_a_run_and_a_commit_leave_nothing_to_do(repository):
    said = repository.act("rollback")
    assert "`dvc repro` judges the candidate beside it, then git commit" in said
    assert "validate" in json.loads(repository.dvc("status", "--json")), "it was judged beside v1.1.0"
    repository.dvc("repro")
    assert json.loads(repository.dvc("status", "--json")) == {}
    repository.commit("Judged beside v1.0.0")
    assert "v1.0.0" in repository.act("check") and json.loads(repository.dvc("status", "--json")) == {}


@pytest.mark.parametrize("arguments", [[], ["v1.0.0"]])
def test_a_rollback_that_was_stopped_when_all_was_done_goes_no_version_further_back(to_and_fro, tmp_path, arguments):
    repository = copied(to_and_fro, tmp_path)
    to = arguments or ["v1.1.0"]
    code = (
        f"import builtins, os, sys; sys.argv[1:] = {arguments}; from actions import rollback; "
        "builtins.print = lambda *a, **k: os._exit(9); rollback.main()"
    )
    assert repository.run(sys.executable, "-c", code, check=False).returncode == 9
    assert production(repository) == to[0]
    said = repository.act("rollback", *arguments)
    assert f"{to[0]} is in prod and the champion: the call before, which was stopped, had come so far" in said
    assert production(repository) == to[0] and len(repository.git("tag", "--list", "*#*").split()) == 6
    if not arguments:
        assert "v1.0.0 is in prod and the champion again; it was v1.1.0" in repository.act("rollback"), (
            "now it is meant"
        )


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
    "a new file": (
        lambda r: (r.place / "custom/new.py").write_text("x = 1"),
        "custom/new.py is new, and a stage reads it",
    ),
    "results of other parameters": (lambda r: changed(r), "changed since `dvc repro`"),
    "a failed gate": (lambda r: failed(r), "the gate failed (beats the naive baseline"),
    "no branch": (lambda r: r.git("checkout", "-q", "--detach"), "no branch is checked out"),
}


def changed(repository):
    path = repository.place / "params.yaml"
    text = path.read_text("utf-8")
    assert "C: 0.5" in text
    path.write_text(text.replace("C: 0.5", "C: 0.2"), "utf-8")
    repository.commit("Not reproduced")


def failed(repository):
    path = repository.place / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["problem"]["criteria"] = {"roc_auc": ">= 0.9999"}
    build.write_params(repository.place, params)
    repository.dvc("repro", "deploy")
    repository.commit("Asks too much")


@pytest.mark.parametrize("name", REFUSED)
def test_a_release_is_refused_in_a_line(unreleased, name):
    repository = unreleased
    spoil, says = REFUSED[name]
    if name == "a failed gate":
        says = "the gate failed (criterion roc_auc"
    spoil(repository)
    said = repository.act("release", check=False)
    assert said.startswith("error: ") and said.count("\n") == 1
    assert says in said, said
    assert len(repository.git("tag").split()) == 4


STOPS = {  # before the one transaction, the old version is in production; after it, the new one
    "before its commit": ("release.commit", "old"),
    "before the tags": ("publish.transaction", "old"),
    "before the work tree follows": ("publish.follow", "new"),
    "before the folder follows": ("publish.bring_champion", "new"),
}


@pytest.mark.parametrize("until", STOPS)
@pytest.mark.parametrize("action", ["release", "rollback"])
def test_what_was_stopped_leaves_the_old_or_the_new_and_is_finished_by_the_next_call(unreleased, action, until):
    repository = unreleased
    before, after = "v1.1.0", {"release": "v1.2.0", "rollback": "v1.0.0"}[action]
    place, which = STOPS[until]
    place = place.replace("release.", f"{action}.")
    code = f"import os, sys; sys.argv[1:] = []; from actions import publish, {action}; {place} = lambda *a: os._exit(9); {action}.main()"
    assert repository.run(sys.executable, "-c", code, check=False).returncode == 9
    if which == "old":
        assert f"models/champion/bundle {before}" in repository.act("check").replace("\\", "/")
        assert production(repository) == before
    else:
        assert production(repository) == after
        said = repository.act("check", check=False)
        assert said.startswith("error: ") and said.count("\n") == 1 and before in said and after in said, said
        assert "doctor" in said or "dvc checkout" in said
    said = repository.run(sys.executable, "-m", f"actions.{action}", check=False)
    assert said.returncode == 0 and f"flats@{after} is in prod" in said.stdout, said.stdout + said.stderr
    assert production(repository) == after
    assert repository.git("status", "--porcelain") == ""
    assert f"models/champion/bundle {after}" in repository.act("check").replace("\\", "/")
    assert not list((repository.place / ".dvc/tmp").glob(f"{action}-*"))


def test_the_doctor_finishes_a_release_too(unreleased):
    repository = unreleased
    code = "import os, sys; sys.argv[1:] = []; from actions import publish, release; publish.follow = lambda *a: os._exit(9); release.main()"
    repository.run(sys.executable, "-c", code, check=False)
    assert "the work tree follows the commit 'Release v1.2.0'" in repository.act("doctor")
    assert "v1.2.0" in repository.act("check") and repository.git("status", "--porcelain") == ""
    assert "all is well" in repository.act("doctor")


def test_of_two_releases_at_once_one_is_made_and_the_other_is_told(unreleased):
    repository = unreleased
    command = [sys.executable, "-m", "actions.release"]
    how = {"cwd": repository.place, "env": repository.env, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    both = [subprocess.Popen(command, **how) for _ in range(2)]
    said = [one.communicate()[1] for one in both]
    assert sorted(one.returncode for one in both) == [0, 1], said
    assert any(
        text.startswith("error: another release or rollback is running") and text.count("\n") == 1 for text in said
    )
    assert repository.git("tag", "--list", "*@*").split() == ["flats@v1.0.0", "flats@v1.1.0", "flats@v1.2.0"]


def test_a_moved_tag_and_a_hook_that_refuses_tags_are_a_line_each(repository):
    hook = repository.place / ".git/hooks/reference-transaction"
    hook.write_text("#!/bin/sh\n[ $1 = prepared ] && exit 1\nexit 0\n")
    hook.chmod(0o755)
    said = repository.act("rollback", check=False)
    assert said.startswith("error: ") and said.count("\n") == 1 and "nothing was changed" in said, said
    hook.unlink()
    first = repository.git("rev-list", "--max-parents=0", "HEAD").strip()
    repository.git("tag", "--force", "flats@v1.0.0", first)
    said = repository.act("rollback", "v1.0.0", check=False)
    assert said.startswith("error: ") and said.count("\n") == 1 and "the tag was moved" in said, said
    assert "v1.1.0" in repository.act("check") and repository.git("status", "--porcelain") == ""


# ---- who the champion is --------------------------------------------------------------------------------------------


def test_a_pull_without_a_checkout_serves_nobody(repository):
    """The commit says v1.0.0 again, the folder holds v1.1.0: serve, check and score say so, and validate is not fooled."""
    pointer, record = "models/champion/bundle.dvc", "models/champion/version.json"
    repository.git("checkout", "flats@v1.0.0", "--", pointer, record)
    repository.git("commit", "-qm", "As another clone rolled back")
    build.table(10, seed=3).drop(columns="price").to_csv(repository.place / "new.csv", index=False)
    for action, *arguments in (["check"], ["score", "new.csv", "out.csv"], ["serve"]):
        said = repository.act(action, *arguments, check=False)
        assert said.startswith("error: ") and said.count("\n") == 1, said
        assert "holds v1.1.0, and the commit's is v1.0.0; `dvc checkout --force" in said
    said = repository.run(sys.executable, "-m", "dvc", "repro", "validate", check=False)
    assert "does not name v1.0.0, as models/champion/version.json does" in said.stderr, said.stderr
    assert "`make doctor` (python -m actions.doctor) brings back all" in said.stderr
    left = repository.git("status", "--porcelain")
    assert pointer in left and "D reports/validation.json" in left, (
        "DVC wrote the old hash, and took the gate's outputs away"
    )
    said = repository.act("doctor")
    assert "models/champion/bundle is the version that the commit names" in said and "reports/validation.json" in said
    assert repository.git("status", "--porcelain", "--untracked-files=no") == "" and "v1.0.0" in repository.act("check")
    said = repository.dvc("repro", "validate")
    assert "Stage 'validate' is cached" in said, "these two were compared before v1.1.0 was released"
    assert "validate" not in json.loads(repository.dvc("status", "--json"))


def test_a_missing_champion_is_fetched_and_a_foreign_one_is_refused(repository, tmp_path):
    repository.dvc("remote", "add", "-d", "storage", str(tmp_path / "storage"))
    repository.dvc("push", "-q")
    shutil.rmtree(repository.place / "models/champion/bundle")
    shutil.rmtree(repository.place / ".dvc/cache")
    assert "answered alike" in repository.act("check")
    for path in (repository.place / "models/champion/bundle").rglob("model.joblib"):
        name = hashlib.md5(path.read_bytes()).hexdigest()
    for place in (tmp_path / "storage/files/md5", repository.place / ".dvc/cache/files/md5"):
        (place / name[:2] / name[2:]).chmod(0o644)
        (place / name[:2] / name[2:]).write_bytes(b"another model")
    shutil.rmtree(repository.place / "models/champion/bundle")
    shutil.rmtree(repository.place / ".dvc/tmp")  # what DVC knows of files it saw
    said = repository.act("check", check=False)
    assert said.startswith("error: ") and said.count("\n") == 1 and "answered" not in said


def test_a_version_whose_bytes_were_exchanged_in_the_remote_is_not_used(repository, tmp_path):
    """With its listing, its model and its manifest, so that each names the other; what was released is known by its hash."""
    repository.dvc("remote", "add", "-d", "storage", str(tmp_path / "storage"))
    repository.git("commit", "-qam", "Where data is shared")
    repository.act("push")
    shutil.rmtree(repository.place / ".dvc/cache")
    digest = yaml.safe_load(repository.git("show", "flats@v1.0.0:models/champion/bundle.dvc"))["outs"][0]["md5"]
    objects = tmp_path / "storage/files/md5"
    listing = objects / digest[:2] / digest[2:]
    entries = json.loads(listing.read_text())
    for entry in entries:
        if entry["relpath"] in ("model.joblib", "manifest.json"):
            content = b"a foreign " + entry["relpath"].encode()
            entry["md5"] = hashlib.md5(content).hexdigest()
            place = objects / entry["md5"][:2] / entry["md5"][2:]
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)
    listing.chmod(0o644)
    listing.write_text(json.dumps(entries, sort_keys=True))
    for action in (["check", "v1.0.0"], ["serve", "--version", "v1.0.0"], ["rollback", "v1.0.0"]):
        said = repository.act(*action, check=False)
        assert said.startswith("error: ") and said.count("\n") == 1, said
        assert "other bytes than v1.0.0 was released with" in said
        assert not (repository.place / "models/versions/v1.0.0").exists()
    assert production(repository) == "v1.1.0"


def test_every_version_is_pushed_to_today_s_remote_and_no_file_is_touched(repository, tmp_path):
    """DVC's own --all-commits takes each commit's remotes, and these versions are older than the remote."""
    repository.dvc("remote", "add", "-d", "storage", str(tmp_path / "storage"))
    repository.git("commit", "-qam", "Where data is shared")
    pointer = repository.place / "models/champion/bundle.dvc"
    before = pointer.stat().st_mtime_ns
    assert "2 released versions to the DVC remote" in repository.act("push")
    assert pointer.stat().st_mtime_ns == before
    shutil.rmtree(repository.place / ".dvc/cache")
    assert "answered alike" in repository.act("check", "v1.0.0")
    shutil.rmtree(tmp_path / "storage")
    shutil.rmtree(repository.place / ".dvc/cache", ignore_errors=True)
    said = repository.act("push", check=False)
    assert said.startswith("error: the bundle of v1.0.0 is neither in DVC's cache here nor in the remote"), said
    assert said.count("\n") == 1


def test_compiled_code_in_a_bundle_is_run_by_nobody(repository):
    code = repository.place / "models/champion/bundle/code/service"
    (code / "__pycache__").mkdir()
    bad = code / "__pycache__" / f"bundle.{sys.implementation.cache_tag}.pyc"
    source = repository.place / "bad.py"
    source.write_text("raise SystemExit('foreign code ran')\n")
    py_compile.compile(str(source), cfile=str(bad), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.unlink()
    for action, *arguments in (["check"], ["score", "new.csv", "out.csv"], ["serve"]):
        said = repository.act(action, *arguments, check=False)
        assert "is not in the manifest; remove it" in said and "foreign" not in said and said.count("\n") == 1, said
    assert "__pycache__, which no manifest names, is gone" in repository.act("doctor")
    assert "answered alike" in repository.act("check")


# ---- what a release leaves ------------------------------------------------------------------------------------------


def test_a_release_is_a_commit_at_which_nothing_is_left_to_do_in_a_fresh_clone(unreleased, tmp_path):
    repository = unreleased
    repository.dvc("remote", "add", "-d", "storage", str(tmp_path / "storage"))
    repository.git("commit", "-qam", "Where data is shared")
    repository.act("release")
    repository.act("push")
    subprocess.run(["git", "clone", "-q", repository.place, tmp_path / "clone"], check=True)
    clone = Repository(tmp_path / "clone")
    clone.dvc("pull", "-q")
    assert json.loads(clone.dvc("status", "--json")) == {}
    assert json.loads(repository.dvc("status", "--json")) == {} and repository.git("status", "--porcelain") == ""


def test_scratch_files_do_not_block_a_release_and_files_that_a_stage_reads_do(unreleased):
    repository = unreleased
    (repository.place / "scored.csv").write_text("a customer's row\n")
    (repository.place / "custom/helper.py").write_text("")
    assert "custom/helper.py is new, and a stage reads it" in repository.act("release", check=False)
    (repository.place / "custom/helper.py").unlink()
    assert "flats@v1.2.0 is in prod" in repository.act("release")
    assert repository.git("status", "--porcelain").split() == ["??", "scored.csv"]


def test_a_change_is_named_by_its_whole_name(repository):
    (repository.place / "dvc.lock").write_text((repository.place / "dvc.lock").read_text() + "\n")
    assert "error: dvc.lock is not committed" in repository.act("release", check=False)


def test_other_columns_raise_the_first_number(repository):
    path = repository.place / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["problem"]["exclude"] = ["note"]
    build.write_params(repository.place, params)
    repository.dvc("repro", "deploy")
    repository.commit("Without the note")
    assert "flats@v2.0.0" in repository.act("release")
