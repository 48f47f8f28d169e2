"""The template gives the same project from a path, a Git URL, a zip and cruft, and later versions reach it."""

import json
import shutil
import sys

import pytest

from tests.template.bake import commit, generate, run

TABLE = "age,Churn\n" + "".join(f"{i},{'yes' if i % 3 else 'no'}\n" for i in range(30))


def files(project):
    """Every file that Git has, with its bytes and whether it runs."""
    names = run("git", "ls-files", cwd=project).stdout.splitlines()
    return {name: ((project / name).read_bytes(), (project / name).stat().st_mode & 0o111) for name in names}


@pytest.mark.slow
def test_a_path_a_git_url_and_a_zip_give_the_same(template, tmp_path, env):
    archive = tmp_path / "cookiecutter-ml-lifecycle-main.zip"
    run("git", "archive", "--prefix=cookiecutter-ml-lifecycle-main/", "-o", archive, "HEAD", cwd=template)
    for place, source in (("path", template), ("url", f"git+file://{template}"), ("zip", archive)):
        generate(source, tmp_path / place, env)
    by_path, by_url, by_zip = (files(tmp_path / place / "bakery") for place in ("path", "url", "zip"))
    remembered = [json.loads(made.pop(".cruft.json")[0]) for made in (by_path, by_url)]
    assert [state["template"] for state in remembered] == [str(template), f"file://{template}"]
    assert remembered[0]["commit"] == remembered[1]["commit"]
    assert "stages/define.py" in by_path
    assert by_url == by_path
    assert by_zip == by_path, "nor has a zip a commit to remember"


@pytest.fixture
def source(template, tmp_path):
    """A copy of the template that a test may develop further."""
    shutil.copytree(template, tmp_path / "source")
    return tmp_path / "source"


@pytest.fixture
def project(source, tmp_path, env):
    """A project made by cruft, whose table is no longer where it was: as on a colleague's machine."""
    table = tmp_path / "churn.csv"
    table.write_text(TABLE)
    answers = {"project_name": "Telco", "data": str(table), "target": "Churn"}
    done = cruft("create", source, "--no-input", "--extra-context", json.dumps(answers), cwd=tmp_path, env=env)
    table.unlink()
    assert 'git commit -m "Remember the template"' in done.stdout
    run("git", "add", ".cruft.json", cwd=tmp_path / "telco", env=env)
    run("git", "commit", "-qm", "Remember the template", cwd=tmp_path / "telco", env=env)
    return tmp_path / "telco"


def cruft(*command, cwd, env, check=True):
    return run(sys.executable, "-m", "cruft", *command, cwd=cwd, env=env, check=check)


def clean(project, env):
    return run("git", "status", "--porcelain", cwd=project, env=env).stdout == ""


@pytest.mark.slow
def test_cruft_creates_what_cookiecutter_generates(source, project, tmp_path, env):
    (tmp_path / "churn.csv").write_text(TABLE)
    generate(source, tmp_path / "plain", env, project_name="Telco", data="../churn.csv", target="Churn")
    by_cruft, plain = files(project), files(tmp_path / "plain/telco")
    states = [json.loads(made.pop(".cruft.json")[0]) for made in (by_cruft, plain)]
    assert states[0]["commit"] == states[1]["commit"] and states[0]["template"] == states[1]["template"]
    assert by_cruft == plain
    assert (project / "data/raw/churn.csv").read_text() == TABLE


@pytest.mark.slow
def test_cruft_sees_no_difference_until_there_is_one(project, env):
    assert clean(project, env)
    assert cruft("diff", "--exit-code", cwd=project, env=env).stdout == ""
    (project / "stages/define.py").write_text("# mine\n")
    diff = cruft("diff", "--exit-code", cwd=project, env=env, check=False)
    assert diff.returncode == 1 and "-# mine" in diff.stdout


@pytest.mark.slow
def test_cruft_update_brings_a_changed_stage_and_keeps_the_users_edits(source, project, env):
    edit(project / "params.yaml", "owner: ''  ", "owner: me  ")
    edit(project / "params.yaml", "test_size: 0.2", "test_size: 0.3")
    (project / "README.md").write_text("# Mine\n")
    commit(project, "Our decisions")
    before = files(project)

    with (source / "stages/define.py").open("a") as file:
        file.write("# a later version\n")
    edit(source / "params.yaml", "importance_repeats: 5", "importance_repeats: 6")
    (source / "stages/added.py").write_text('"""A new stage."""\n')
    (source / "{{cookiecutter.project}}/stages/added.py").write_text('{{ "stages/added.py" | from_root }}\n')
    commit(source, "A later version")

    cruft("update", "--skip-apply-ask", cwd=project, env=env)
    after = files(project) | {"stages/added.py": ((project / "stages/added.py").read_bytes(), 0)}
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"stages/define.py", "stages/added.py", "params.yaml", ".cruft.json"}
    assert after["stages/define.py"][0].endswith(b"# a later version\n")
    params = (project / "params.yaml").read_text("utf-8")
    assert "owner: me" in params and "test_size: 0.3" in params and "importance_repeats: 6" in params
    assert (project / "data/raw/churn.csv").read_text() == TABLE
    assert not list(project.rglob("*.rej"))

    commit(project, "The later version")
    assert "up-to-date" in cruft("check", cwd=project, env=env).stdout.replace("up to date", "up-to-date")
    run("dvc", "status", cwd=project, env=env)


@pytest.mark.slow
def test_a_project_of_plain_cookiecutter_is_updated_without_being_linked_first(source, tmp_path, env):
    (tmp_path / "churn.csv").write_text(TABLE)
    generate(source, tmp_path, env, project_name="Telco", data="churn.csv", target="Churn")
    project = tmp_path / "telco"
    assert clean(project, env) and cruft("diff", "--exit-code", cwd=project, env=env).stdout == ""
    with (source / "stages/define.py").open("a") as file:
        file.write("# a later version\n")
    commit(source, "A later version")
    cruft("update", "--skip-apply-ask", cwd=project, env=env)
    assert (project / "stages/define.py").read_text("utf-8").endswith("# a later version\n")
    changed = run("git", "status", "--porcelain", cwd=project, env=env).stdout.split()[1::2]
    assert changed == [".cruft.json", "stages/define.py"]


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), "utf-8")
