"""What the hooks leave behind: data under DVC in a repository with its first commit, or else what is left to do."""

import http.server
import os
import re
import shutil
import sys
import threading
from pathlib import Path

import pytest

from tests.template.bake import generate, run

posix = pytest.mark.skipif(os.name == "nt", reason="links tools, and runs the printed commands with bash")

TABLE = "age,Churn\n" + "".join(f"{i},{'yes' if i % 3 else 'no'}\n" for i in range(30))


@pytest.fixture
def place(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "churn.csv").write_text(TABLE)
    return place


def next_commands(output):
    said = output.partition("\nnext:\n")[2].partition("\nthen open")[0]
    return [line.split("  #")[0].strip() for line in said.splitlines() if line.strip()]


def left_commands(output):
    _, *rest = re.split(r"\nleft to do .*by hand:\n", output)
    left = "".join(rest).partition("\nnext:\n")[0]
    return [line.strip() for line in left.splitlines() if line.strip()]


def committed(project, env):
    return run("git", "ls-files", cwd=project, env=env).stdout.splitlines()


def check_repository(project, env):
    """One commit, nothing left over, the data under DVC and not in Git."""
    assert run("git", "status", "--porcelain", cwd=project, env=env).stdout == ""
    assert run("git", "rev-list", "--count", "HEAD", cwd=project, env=env).stdout == "1\n"
    files = committed(project, env)
    assert {"data/raw.dvc", ".dvc/config", "dvc.yaml", "stages/define.py"} <= set(files)
    assert not any(f.startswith("data/raw/") for f in files)
    assert "up to date" in run("dvc", "status", "data/raw.dvc", cwd=project, env=env).stdout


# ---- where everything is there ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(template, tmp_path_factory):
    """(generated example, what was printed, its environment)"""
    place = tmp_path_factory.mktemp("example")
    (place / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = trunk\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {"HOME": str(place)}
    done = generate(template, place, env)
    return place / "bakery", done.stdout, env


def test_the_example_comes_with_its_data_and_its_later_months_under_dvc(example):
    project, _, env = example
    check_repository(project, env)
    assert (project / "data/raw/bakes.csv").read_text("utf-8").startswith("order,")
    assert len(list((project / "data/later").glob("*.csv"))) == 3
    assert {"data/later.dvc", "example/bakery.py"} <= set(committed(project, env))


def test_the_next_three_commands_end_the_output(example):
    _, output, _ = example
    assert next_commands(output) == ["cd bakery", "make repro", "make compare"]
    assert left_commands(output) == []


def test_the_branch_is_named_as_the_user_has_set_it(example):
    project, _, env = example
    assert run("git", "symbolic-ref", "--short", "HEAD", cwd=project, env=env).stdout == "trunk\n"


def test_dvc_reports_to_nobody(example):
    project, _, env = example
    assert run("dvc", "config", "core.analytics", cwd=project, env=env).stdout == "false\n"


def test_git_ignores_every_output_that_dvc_keeps(example):
    """DVC issue 11091: it takes its own .gitignore lines away when a later stage fails."""
    import yaml

    project, _, env = example
    outs = [
        o
        for s in yaml.safe_load((project / "dvc.yaml").read_text("utf-8"))["stages"].values()
        for o in s.get("outs", [])
    ]
    kept = [o for o in outs if isinstance(o, str)]
    kept += [name for o in outs if isinstance(o, dict) for name, how in o.items() if how.get("cache", True)]
    assert "data/clean.parquet" in kept
    for name in [*kept, "data/raw", "data/later"]:
        rule = run("git", "check-ignore", "-v", name, cwd=project, env=env, check=False).stdout
        assert rule.startswith(".gitignore:"), f"{name} is not in the .gitignore that the project comes with"


def test_a_table_is_copied_as_it_is_and_the_example_left_out(template, place, env):
    done = generate(template, place, env, project_name="Telco Übung", data="churn.csv", target="Churn")
    project = place / "telco-ubung"
    check_repository(project, env)
    assert [p.name for p in (project / "data/raw").iterdir()] == ["churn.csv"]
    assert (project / "data/raw/churn.csv").read_bytes() == (place / "churn.csv").read_bytes()
    assert not (project / "example").exists() and not (project / "data/later.dvc").exists()
    assert not any("bakery" in f for f in committed(project, env))
    imports = run("git", "grep", "-lE", r"^\s*(from|import) example\b", cwd=project, env=env, check=False)
    assert imports.stdout == "", "imports the example; name it in EXAMPLE_ONLY (hooks/post_gen_project.py)"
    assert next_commands(done.stdout)[0] == "cd telco-ubung"


@pytest.mark.slow
def test_of_a_folder_the_tables_are_copied(template, place, env):
    (place / "months/2024").mkdir(parents=True)
    for name in ("months/2024/12.TSV", "months/1.csv", "months/.hidden.csv", "months/notes.md"):
        (place / name).write_text(TABLE.replace(",", "\t") if name.endswith("TSV") else TABLE)
    generate(template, place, env, data="months", target="Churn")
    raw = place / "bakery/data/raw"
    assert sorted(p.relative_to(raw).as_posix() for p in raw.rglob("*") if p.is_file()) == ["1.csv", "2024/12.TSV"]


@pytest.mark.slow
def test_a_relative_path_is_meant_from_where_the_command_was_typed(template, place, env):
    command = (sys.executable, "-m", "cookiecutter", template, "--no-input", "--output-dir", "elsewhere/deep")
    (place / "elsewhere/deep").mkdir(parents=True)
    without_pwd = {k: v for k, v in env.items() if k != "PWD"}  # as on Windows
    done = run(*command, "data=churn.csv", "target=Churn", "dvc_remote=store", cwd=place, env=without_pwd)
    project = place / "elsewhere/deep/bakery"
    check_repository(project, env)
    assert next_commands(done.stdout)[0] == "cd elsewhere/deep/bakery"
    (place / "store").mkdir()
    run("dvc", "push", cwd=project, env=env)
    assert any(p.is_file() for p in (place / "store").rglob("*"))


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = TABLE.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        broken = self.path.startswith("/broken") and self.server.asked > 0
        self.server.asked += 1
        self.wfile.write(body[:50] if broken else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.asked = 0
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "name"), [("/a%20b/chu%20rn.csv?x=1", "chu_rn.csv"), ("/get?id=7", "get.csv"), ("/", "table.csv")]
)
def test_a_table_behind_an_address_is_downloaded_under_its_name(template, place, env, address, path, name):
    generate(template, place, env, data=address + path, target="Churn")
    check_repository(place / "bakery", env)
    assert (place / "bakery/data/raw" / name).read_text() == TABLE
    assert len(list((place / "bakery/data/raw").iterdir())) == 1


def test_a_download_that_breaks_off_leaves_nothing(template, place, env, address):
    done = generate(template, place, env, check=False, data=f"{address}/broken.csv", target="Churn")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "cannot generate: data" in done.stderr and f"of {len(TABLE)} bytes came" in done.stderr
    assert not (place / "bakery").exists()


# ---- where something is missing ---------------------------------------------------------------------------


def path_with(folder, *tools):
    """A PATH on which only these tools are found."""
    folder.mkdir()
    for tool in tools:
        (folder / tool).symlink_to(shutil.which(tool))
    return str(folder)


def without_dvc(env, folder):
    """As where cookiecutter was installed by itself: this Python cannot import dvc."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['dvc'] = None\n")
    return {**env, "PYTHONPATH": str(folder)}


def do_what_is_left(output, place, env):
    run("bash", "-ec", "\n".join(left_commands(output)), cwd=place, env=env)


@posix
def test_without_git_the_commands_that_are_left_make_the_repository(template, place, env, tmp_path):
    here = {**env, "PATH": path_with(tmp_path / "bin", "dvc")}
    done = generate(template, place, here, data="churn.csv", target="Churn", dvc_remote="/srv/store")
    assert "git is not installed here" in done.stdout
    assert not (place / "bakery/.git").exists() and (place / "bakery/data/raw/churn.csv").exists()
    do_what_is_left(done.stdout, place, env)
    check_repository(place / "bakery", env)
    assert "/srv/store" in run("dvc", "remote", "list", cwd=place / "bakery", env=env).stdout


@posix
def test_without_dvc_the_commands_that_are_left_put_the_data_under_it(template, place, env, tmp_path):
    here = without_dvc({**env, "PATH": path_with(tmp_path / "bin", "git")}, tmp_path / "site")
    done = generate(template, place, here, data="churn.csv", target="Churn")
    assert "dvc is not installed here: python -m pip install -r requirements-tools.txt" in done.stdout
    assert "left to do by `make repro`, which sets up what it takes, or by hand:" in done.stdout
    assert (place / "bakery/.git").exists() and not (place / "bakery/.dvc").exists()
    do_what_is_left(done.stdout, place, env)
    check_repository(place / "bakery", env)


@posix
def test_make_does_what_a_machine_without_git_and_dvc_left(template, place, env, tmp_path):
    generate(template, place, without_dvc({**env, "PATH": path_with(tmp_path / "bin")}, tmp_path / "site"))
    project = place / "bakery"
    assert not (project / ".git").exists() and not (project / ".dvc").exists()
    environment = ("-o", ".venv/ready", f"BIN={Path(sys.executable).parent}")
    run("make", ".dvc/config", *environment, cwd=project, env=env)
    check_repository(project, env)
    assert "data/later.dvc" in committed(project, env)
    assert run("dvc", "config", "core.analytics", cwd=project, env=env).stdout == "false\n"


@posix
@pytest.mark.slow
def test_dvc_need_not_be_on_the_path_where_this_python_has_it(template, place, env, tmp_path):
    generate(template, place, {**env, "PATH": path_with(tmp_path / "bin", "git")}, data="churn.csv", target="Churn")
    check_repository(place / "bakery", env)


@posix
@pytest.mark.slow
def test_where_git_does_not_know_the_user_it_says_how_to_tell_it(template, place, env):
    (Path(env["HOME"]) / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    done = generate(template, place, env, data="churn.csv", target="Churn")
    assert "git does not know who you are" in done.stdout
    assert (place / "bakery/data/raw.dvc").exists()
    do_what_is_left(done.stdout, place, env)
    check_repository(place / "bakery", env)


@posix
@pytest.mark.slow
def test_inside_another_repository_none_is_nested_and_nothing_committed(template, place, env):
    run("git", "init", "-q", cwd=place, env=env)
    done = generate(template, place, env, data="churn.csv", target="Churn")
    project = place / "bakery"
    assert f"this folder is inside the repository {place}" in done.stdout
    assert not (project / ".git").exists() and (project / "data/raw.dvc").exists()
    assert run("git", "rev-parse", "HEAD", cwd=place, env=env, check=False).returncode != 0
    do_what_is_left(done.stdout, place, env)
    files = committed(place, env)
    assert "bakery/data/raw.dvc" in files and not any(f.startswith("bakery/data/raw/") for f in files)
    assert "up to date" in run("dvc", "status", "data/raw.dvc", cwd=project, env=env).stdout


@pytest.mark.slow
def test_a_remote_that_dvc_refuses_is_left_to_the_user_and_the_rest_is_done(template, place, env):
    done = generate(template, place, env, data="churn.csv", target="Churn", dvc_remote="foo://bar")
    assert "Unsupported URL type foo://" in done.stdout
    assert left_commands(done.stdout)[1:] == ["dvc remote add -d storage foo://bar"]
    check_repository(place / "bakery", env)


# ---- over what is there -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def over_code(template, tmp_path_factory):
    """(a repository with code of its own, into which a project was generated; what was printed)."""
    place = tmp_path_factory.mktemp("over")
    project = place / "shop"
    (project / "shop").mkdir(parents=True)
    (project / "shop/app.py").write_text("print('shop')\n")
    (project / "requirements.txt").write_text("flask==3.0.0\n")
    (project / ".gitignore").write_text("*.sqlite\n.venv/")
    for name in ("data/old sales.csv", "run.log", "env/pyvenv.cfg", "env/x.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("1")
    (project / "README.md").write_text("# Shop\n")
    for path in (project / "README.md", project / "requirements.txt"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (place / "churn.csv").write_text(TABLE)
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {"HOME": str(place)}
    run("git", "init", "-q", cwd=project, env=env)
    answers = [f"{k}={v}" for k, v in {"project_name": "Shop", "data": "churn.csv", "target": "Churn"}.items()]
    done = run(sys.executable, "-m", "cookiecutter", template, "--no-input", "-f", "-s", *answers,
               cwd=place, env=env | {"PWD": str(place)})  # fmt: skip
    return project, done.stdout


def test_what_was_there_is_kept_and_named_where_it_differs(over_code):
    project, said = over_code
    assert (project / "requirements.txt").read_text() == "flask==3.0.0\n"
    assert (project / "README.md").read_text() == "# Shop\n"
    (line,) = [line for line in said.splitlines() if line.startswith("kept as they were")]
    assert line.endswith(": requirements.txt, README.md")


def test_data_logs_and_the_environment_stay_out_of_the_commit(over_code):
    project, said = over_code
    for name in ("data/live/today.csv", "data/log/log.sqlite", ".venv/x", "models/bundle/model"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("1")
    run("git", "add", ".", cwd=project)
    staged = run("git", "diff", "--cached", "--name-only", cwd=project).stdout.splitlines()
    assert "shop/app.py" in staged and "data/raw.dvc" in staged
    out = ("data/live/t", "data/log", "data/old", "data/raw/", "models/bundle/", ".venv", "env/", "run.log")
    assert [name for name in staged if name.startswith(out)] == []
    assert "left out by .gitignore: data/old sales.csv, env/, run.log" in said
    assert (project / ".gitignore").read_text().startswith("*.sqlite\n.venv/\n")
    assert ".gitignore: " in said and "lines added" in said
