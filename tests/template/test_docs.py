"""The docs are true: the site builds with strict links, the reference is the code's, the how-tos' commands do what they say.

A how-to is followed as a reader would: a fenced block with `title="PATH"` is written there, `title="in PATH"` is put into that YAML,
and each `$ command` of a `console` block is run, in order. Of the output that is shown, lines without a number must come.
"""

import csv
import html
import importlib.util
import json
import os
import re
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml

from docs.reference import pages
from service.log import PredictionLog, new_ids
from tests.template.bake import ROOT, commit, generate, run, user_env

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
WRITTEN = [p for p in PAGES if p.parent.name not in ("reference", "example")]  # by hand
HOWTOS = sorted((DOCS / "howto").glob("*.md"))
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Fence(NamedTuple):
    language: str
    title: str
    text: str


def blocks(page):
    return [Fence(*found) for found in FENCE.findall(page.read_text("utf-8"))]


def steps(text):
    """(command, the output that is shown after it) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


# ---- seconds --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, place / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", place)
    run(sys.executable, "-m", "zensical", "build", "--strict", "--clean", cwd=place)
    return place / "site"


def test_the_site_builds_with_strict_links_and_every_page_is_in_it(site):
    made = {p.relative_to(site).with_suffix("").as_posix() for p in site.rglob("*.html")}
    assert {p.relative_to(DOCS).with_suffix("").as_posix() for p in PAGES} - made == set()


def test_a_page_takes_nothing_from_the_network(site):
    pulled = re.compile(r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*")
    assert [
        (p.name, pulled.findall(t)) for p in site.rglob("*.html") if pulled.findall(t := p.read_text("utf-8"))
    ] == []
    assert not any("mermaid" in f.language for page in PAGES for f in blocks(page)), (
        "its library comes from the network"
    )


def test_the_strict_build_would_find_a_dead_link(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Here\n\n[there](nowhere.md)\n")
    about = {**yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8")), "nav": ["index.md"]}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(about))
    assert run(sys.executable, "-m", "zensical", "build", "--strict", cwd=tmp_path, check=False).returncode


def test_each_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    named = {p.relative_to(DOCS).as_posix() for p in PAGES if p.parent.name != "example"}
    assert named == set(re.findall(r"[\w/]+\.md", text))


@pytest.mark.parametrize("path", sorted(pages()))
def test_the_reference_is_what_the_code_says(path):
    current = (ROOT / path).read_text("utf-8") == pages()[path]
    assert current, "the code has changed: python -m docs.reference"


def test_each_link_that_readme_makes_into_the_docs_goes_somewhere():
    for source in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", source.read_text("utf-8")):
            assert (ROOT / target).exists(), f"{source.name}: {target}"


def test_each_picture_is_small_and_is_shown_with_words_for_those_who_do_not_see_it():
    shown = [
        found
        for page in [*PAGES, ROOT / "README.md"]
        for found in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8"))
    ]
    assert all(len(words) > 15 for words, _ in shown)
    assert {p.name for p in DOCS.glob("pictures/*")} == {Path(path).name for _, path in shown}
    assert all(p.stat().st_size < 60_000 for p in DOCS.glob("pictures/*"))


def commands(page):
    """Each line that a shell is given, in `bash` and `console` blocks and in indented ones."""
    text = html.unescape(page.read_text("utf-8"))
    for fence in blocks(page):
        if fence.language in ("bash", "console"):
            yield from (
                line.removeprefix("$ ")
                for line in fence.text.splitlines()
                if fence.language == "bash" or line.startswith("$ ")
            )
    yield from re.findall(r"^    \$ (.*)$", text, re.MULTILINE)
    yield from re.findall(r"`((?:make|python -m|dvc|cruft|pytest) [^`]+)`", text)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.stem)
def test_each_command_that_is_named_exists(page):
    targets = set(
        re.findall(r"^([a-z-]+):", "".join((ROOT / n).read_text("utf-8") for n in ("Makefile", "new.mk")), re.MULTILINE)
    )
    for command in commands(page):
        for target in re.findall(r"(?:^|[ ;&])make ([a-z-]+)", command):
            assert target in targets, command
        for module in re.findall(r"python -m ((?:actions|stages|lifecycle|docs|benchmarks)\.[\w.]+)", command):
            assert importlib.util.find_spec(module) or module == "stages.keep", command


def test_each_block_of_python_and_yaml_is_one():
    for page in WRITTEN:
        for fence in blocks(page):
            if fence.language == "python":
                compile(fence.text, f"{page.name}", "exec")
            if fence.language == "yaml":
                assert yaml.safe_load(fence.text), page.name


# What the `bash` blocks of the how-tos hold that is not run from the page: where it is run instead, or why it is not.
ELSEWHERE = {
    r"(python -m )?(uv )?pip install|uv venv|python -m venv|\. \.venv": "sets up an environment, from a network",
    r"uv run|uvx --with dvc cookiecutter": "needs uv; what it calls is run",
    r"dvc repro": "tests/template/test_docs.py",
    r"python -c .*requirements.txt": "of an environment that has LightGBM",
    r"dask (scheduler|worker)|DASK_SCHEDULER_ADDRESS": "tests/ground/test_cluster.py",
    r"(LOG_KEEP_DAYS=\d+ )?python -m actions.serve": "tests/service/test_log.py",
    r"python -m actions.score s3://": "tests/actions/test_refresh.py",
    r"python -m actions.score /mnt/shared": "tests/ground/test_cluster.py",
    r"python -m actions.rollback": "tests/service/test_release.py",
    r"python -m actions.check": "tests/service/test_release.py",
    r"python -m actions.push|dvc remote": "tests/service/test_remote.py",
    r"python -m actions.forget": "tests/actions/test_forget.py",
    r"(DATABASE_URL=\S+ )?python -m actions.refresh": "tests/actions/test_refresh.py",
    r"mlflow|MLFLOW_TRACKING_URI": "tests/service/test_packages.py",
    r"pipx run cruft": "tests/template/test_sources.py",
    r"cd shop && cookiecutter": "tests/template/test_monorepo.py",
    r"cookiecutter -f -s": "tests/template/test_generation.py",
    r"docker": "no daemon; tests/service/test_image.py builds the image where there is one",
    r"kubectl": "no cluster; tests/template/test_deploy.py checks the manifest against Kubernetes' schemas",
    r"jupyter": "opens a browser; tests/service/test_notebook.py runs the cells",
}
FOLLOWED = ("schedule",)  # by a test of its own, below


def test_each_command_of_a_how_to_is_run_by_a_test_or_has_its_reason():
    typed = [
        line.partition("  #")[0].strip()
        for page in HOWTOS
        if page.stem not in FOLLOWED
        for fence in blocks(page)
        if fence.language == "bash"
        for line in fence.text.splitlines()
    ]
    by_entry = {entry: [line for line in typed if re.match(entry, line)] for entry in ELSEWHERE}
    assert set(typed) - {line for lines in by_entry.values() for line in lines} == set()
    assert [entry for entry, lines in by_entry.items() if not lines] == [], "nothing needs these any more"
    named = [path for reason in ELSEWHERE.values() for path in re.findall(r"tests/[\w/.]+", reason)]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_lightgbm_of_the_how_to_is_a_family_for_classes_and_for_numbers(monkeypatch):
    """By the package's own names; its place is taken by classes that keep what they were given."""
    made = type("lightgbm", (), {name: type(name, (dict,), {}) for name in ("LGBMClassifier", "LGBMRegressor")})
    monkeypatch.setitem(sys.modules, "lightgbm", made)
    texts = [f.text for f in blocks(DOCS / "howto/candidate.md")]
    code = next(text for text in texts if "from lightgbm import" in text)
    hyper = yaml.safe_load(next(text for text in texts if "    lightgbm:" in text))["train"]["candidates"]
    names: dict = {}
    exec("from lifecycle.model.families import Family\n" + code, names)
    for y, kind in ((np.array([0, 1]), "LGBMClassifier"), (np.array([0.5, 1.5]), "LGBMRegressor")):
        model = names["CANDIDATES"]["lightgbm"].make(y, hyper["lightgbm"], 7)
        assert type(model).__name__ == kind and model["random_state"] == 7 and model["n_estimators"] == 300


# ---- minutes: a project that follows --------------------------------------------------------------------------------


def quicken(path):
    """Two candidates on three folds: seconds, and by the plan, so that a busy machine leaves none out."""
    params = yaml.safe_load(path.read_text("utf-8"))
    boosting = {**params["train"]["candidates"]["boosting"], "max_iter": 150, "learning_rate": 0.1}
    params["train"] |= {
        "folds": 3,
        "repeats": 1,
        "time_budget": 600,
        "candidates": {"linear": {"C": 1.0, "alpha": 1.0}, "boosting": boosting},
    }
    params["evaluate"] |= {"n_bootstrap": 100, "importance_repeats": 1}
    path.write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True), "utf-8")


@pytest.fixture(scope="module")
def started(template, tmp_path_factory):
    """(the template, the example's project after its first `dvc repro`): made once, each how-to follows on a copy."""
    place = tmp_path_factory.mktemp("docs")
    env = user_env(place / "home", place)
    generate(template, place, env)
    quicken(place / "bakery/params.yaml")
    run("dvc", "repro", "-q", cwd=place / "bakery", env=env)
    commit(place / "bakery", "The first model")
    return template, place / "bakery", env


def merged(before, new):
    if isinstance(before, dict) and isinstance(new, dict):
        return {**before, **{key: merged(before.get(key), value) for key, value in new.items()}}
    return new


def write(fence, project):
    path = fence.title.removeprefix("in ")
    (project / path).parent.mkdir(exist_ok=True)
    text = fence.text
    if path != fence.title:
        text = yaml.safe_dump(
            merged(yaml.safe_load((project / path).read_text("utf-8")), yaml.safe_load(text)), sort_keys=False
        )
    (project / path).write_text(text, "utf-8")


def follow(page, project, env, url, before=lambda command, here: None):
    """The reader's way through a page; what was run. `before` is called with each command and its folder."""
    ran = []
    here = project
    for fence in blocks(page):
        if fence.title:
            write(fence, project)
        if fence.language != "console":
            continue
        for command, shown in steps(fence.text):
            if command.startswith("pip install"):  # they are: this environment is the locks
                continue
            if command.startswith("cd "):
                here = (here / command[3:]).resolve()
                continue
            before(command, here)
            command = command.replace("URL", str(url))
            done = run("bash", "-c", command, cwd=here, env={**env, "PWD": str(here)}, check=False)
            assert done.returncode == 0, f"{page.name}: {command}\n{done.stdout}\n{done.stderr}"
            said = done.stdout.splitlines()
            lacking = [
                line
                for line in shown
                if line.strip() and line != "..." and not re.search(r"\d", line) and line not in said
            ]
            assert lacking == [], f"{page.name}: {command}\n{done.stdout}"
            ran.append(command)
    return ran


RUN = [p for p in HOWTOS if any(f.language == "console" for f in blocks(p))]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the how-tos' commands are typed into a POSIX shell: NOT tried here")
@pytest.mark.parametrize("page", RUN, ids=lambda p: p.stem)
def test_a_how_to_works_as_it_stands(page, started, tmp_path):
    template, project, env = started
    shutil.copytree(project, tmp_path / "bakery", symlinks=True)
    assert follow(page, tmp_path / "bakery", env, template)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the tutorial's commands are typed into a POSIX shell: NOT tried here")
def test_the_tutorial_works_as_it_stands(started, tmp_path):
    """From nothing; only the seconds of training are fewer, and its first run finds in DVC's cache what `started` has made."""
    template, made, env = started
    reached = []

    def before(command, here):
        reached.append(command)
        if command == "dvc repro" and reached.count(command) == 1:
            quicken(here / "params.yaml")
            shutil.copytree(made / ".dvc/cache", here / ".dvc/cache", dirs_exist_ok=True)

    page = tmp_path / "tutorial.md"
    text = (DOCS / "tutorial.md").read_text("utf-8")
    page.write_text(text.replace("$ cookiecutter URL\n", "$ cookiecutter URL --no-input\n"), "utf-8")
    ran = follow(page, tmp_path, env, template, before)
    assert len(ran) > 12 and (tmp_path / "bakery/reports/monitoring.html").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the schedule's commands are typed into a POSIX shell: NOT tried here")
def test_the_commands_of_the_schedule_work_as_they_stand(started, tmp_path):
    """From the service's log to a verdict and what follows from it; a row of the log is one that the service had answered."""
    _, project, env = started
    here = tmp_path / "bakery"
    shutil.copytree(project, here, symlinks=True)
    with open(here / "data/later/2025-10.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if None not in row and None not in row.values()]
    url = f"sqlite:///{tmp_path}/log.db"
    log = PredictionLog(url)
    same = {
        "time": datetime(2026, 5, 31),
        "version": "v1.0.0",
        "request": "r",
        "flags": "{}",
        "answer": "[0.5, 0.5]",
        "label": "ja",
    }
    asked = [json.dumps({name: cell for name, cell in row.items() if name != "good"}) for row in rows]
    log.write([{**same, "id": id_, "row": row} for id_, row in zip(new_ids(len(rows)), asked, strict=True)])
    log.close()
    (script,) = [f.text for f in blocks(DOCS / "howto/schedule.md") if f.language == "bash"]
    done = run("bash", "-ec", script, cwd=here, env={**env, "PWD": str(here), "PREDICTION_LOG": url})
    begun = [line.partition(":")[0].split()[0] for line in done.stdout.splitlines() if line[:1].isalpha()]
    assert [begun.count(name) for name in ("collect", "monitor", "drill", "retrain")] == [1, 1, 2, 1], done.stdout
    assert f"collect: {len(rows)} answers, 0 with their true value" in done.stdout and "drill passed" in done.stdout
    assert run("git", "log", "-1", "--format=%s", cwd=here).stdout.strip() == "Live rows"
