"""Ways to generate from the template, for its tests."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "{{cookiecutter.project}}"
DATASETS = ROOT.parent / "shared" / "datasets"
# make's environment is what `make test` has just set up; here it is this Python's
READY = ("-o", ".venv/ready", f"BIN={Path(sys.executable).parent}")


def run(*command, cwd, env=None, check=True):
    """The finished process; its output is shown where it fails."""
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env=env, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
    )
    if check:
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def user_env(home, here):
    """A user's environment: a home of its own, this Python's tools, a name for Git, nothing else of the machine's."""
    home.mkdir(exist_ok=True)
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "COOKIECUTTER", "XDG_", "PYTEST"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "HOME": str(home), "USERPROFILE": str(home), "PATH": path, "PWD": str(here)}


def root_files():
    """Paths of the root's own files, relative to it: what Git has or would take."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    return sorted(f for f in listed.split("\0") if f and (ROOT / f).is_file())


def commit(repository, message):
    run("git", "add", "-A", cwd=repository)
    run("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", message, cwd=repository)


def generate(template, place, env, *, check=True, hooks=True, **answers):
    """cookiecutter as typed in the folder `place`; the finished process."""
    given = [f"{name}={value}" for name, value in answers.items()]
    accept = [] if hooks else ["--accept-hooks", "no"]
    place.mkdir(exist_ok=True)
    here = {**env, "PWD": str(place)}
    command = (sys.executable, "-m", "cookiecutter", template, "--no-input", *accept, *given)
    return run(*command, cwd=place, env=here, check=check)
