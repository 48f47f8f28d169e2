"""Stop releases and rollbacks at random moments, call them again, and look at what is left.

    python benchmarks/kills.py [--kills 40] [--interrupts 10] [--seed 1]
    python benchmarks/kills.py --repro 100 [--jobs 2] [--seed 1]      `dvc repro` and the other actions: kills_repro.py

A tiny repository whose stages only copy stands for a project: what is stopped are the real actions, Git and DVC. Each round
is a first release, a second one or a rollback, alone or with another at once; it is stopped (kill -9 of the process or its
group, or Ctrl-C), then called again. It ends right where one version is in production, its bundle is in the champion's folder,
nothing is uncommitted and `dvc status` is clean. Between the two calls `actions.check` must either find a whole version or refuse.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import kills_repro

ROOT = Path(__file__).parents[1]
DEPLOY = """
import hashlib, json, pathlib, shutil
text = pathlib.Path("params.yaml").read_text()
folder = pathlib.Path("models/bundle")
shutil.rmtree(folder, ignore_errors=True)
(folder / "code/service").mkdir(parents=True)
(folder / "model.joblib").write_text(text)
(folder / "code/service/__init__.py").write_text("")
(folder / "code/service/bundle.py").write_text("print('ready')")
(folder / "contract.yaml").write_text("problem: {target: y, task: regression}\\nfields: []\\n")
files = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}
(folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))
"""
VALIDATE = """
import json, pathlib
champion = pathlib.Path("models/champion/bundle/model.joblib")
why = champion.read_text() if champion.exists() else "nothing is released yet"
row = {"name": "not worse than the champion", "passed": True, "why": why}
pathlib.Path("reports/validation.json").write_text(json.dumps({"passed": True, "checks": [row]}))
"""
STAGES = """
stages:
  validate:
    cmd: python validate.py
    deps: [validate.py, models/champion, params.yaml]
    outs: [reports/validation.json: {cache: false}]
  deploy:
    cmd: python deploy.py
    deps: [deploy.py, params.yaml]
    outs: [models/bundle]
"""


class Project:
    def __init__(self, place: Path) -> None:
        self.place = place
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.env |= {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.env |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, cwd=self.place, env=self.env, capture_output=True, encoding="utf-8")
        if check and done.returncode:
            raise SystemExit(f"{command}\n{done.stdout}\n{done.stderr}")
        return done

    def action(self, name: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", f"actions.{name}", *arguments]

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.place,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def another_model(self, value: int) -> None:
        (self.place / "params.yaml").write_text(f"value: {value}\n")
        self.run(sys.executable, "-m", "dvc", "repro", "-q")
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", f"Model {value}")


def make(place: Path) -> None:
    """Three states to start from: nothing released; v1.0.0 released and another model made; both released."""
    project = Project(place / "first")
    for folder in ("models/champion", "reports"):
        (project.place / folder).mkdir(parents=True)
    for name, text in {"deploy.py": DEPLOY, "validate.py": VALIDATE, "dvc.yaml": STAGES}.items():
        (project.place / name).write_text(text)
    (project.place / "models/champion/README.md").write_text("The model in production.\n")
    (project.place / "pyproject.toml").write_text('[project]\nname = "toy"\n')
    (project.place / ".gitignore").write_text("/models/bundle\n/models/champion/bundle\n/models/versions\n")
    project.run("git", "init", "-q", "-b", "main")
    project.run(sys.executable, "-m", "dvc", "init", "-q")
    project.another_model(1)
    second = Project(shutil.copytree(project.place, place / "second", symlinks=True))
    second.run(*second.action("release"))
    second.another_model(2)
    back = Project(shutil.copytree(second.place, place / "back", symlinks=True))
    back.run(*back.action("release"))


def state(project: Project, kind: str) -> tuple[str, list[str]]:
    """(the version in production, what is wrong). A rollback judges nothing anew, and leaves that to `dvc repro`."""
    wrong = []
    code = (
        "import json; from actions.registry import *; from actions.registry import in_production; "
        "print(json.dumps([in_production()[-1:], champion_version(), folder_hash(CHAMPION) == pointed_hash(pointer_at('HEAD'))]))"
    )
    assigned, version, holds = json.loads(project.run(sys.executable, "-c", code).stdout)
    if assigned != [version] or not holds:
        wrong.append(f"in production {assigned}, the commit's {version}, folder right: {holds}")
    if text := project.run("git", "status", "--porcelain").stdout:
        wrong.append(f"uncommitted: {text.split()}")
    if kind != "back" and (text := project.run(sys.executable, "-m", "dvc", "status", "--json").stdout).strip() != "{}":
        wrong.append(f"dvc status: {text.strip()}")
    left = [p.name for p in (project.place / "models").rglob(".*tmp*")]
    if left:
        wrong.append(f"left: {left}")
    return version, wrong


def round_of(place: Path, kind: str, how: str, rng: random.Random, lasts: float) -> tuple[str, list[str]]:
    """(what the check said between the calls, what is wrong in the end)."""
    shutil.rmtree(place / "now", ignore_errors=True)
    project = Project(shutil.copytree(place / kind, place / "now", symlinks=True))
    action = project.action("rollback", "v1.0.0") if kind == "back" else project.action("release")
    both = [project.start(action)] + ([project.start(action)] if how.endswith("two") else [])
    time.sleep(rng.uniform(0, lasts))
    victim = both[0]
    if how.startswith("interrupt"):
        os.killpg(victim.pid, signal.SIGINT)
    elif how.startswith("group"):
        os.killpg(victim.pid, signal.SIGKILL)
    else:
        victim.kill()
    said = [one.communicate() for one in both]
    wrong = [line for _, err in said for line in err.splitlines() if line.startswith("Traceback")]
    between = project.run(*project.action("check"), check=False)
    seen = between.stdout.split("\n")[0].split()[-1:] if between.returncode == 0 else ["refused"]
    if between.returncode and between.stderr.count("\n") != 1:
        wrong.append(f"check: {between.stderr}")
    again = project.run(*action, check=False)
    done = again.returncode == 0 or "in production" in again.stderr
    if not done:
        mended = project.run(*project.action("doctor"), check=False)
        again = project.run(*action, check=False)
        if again.returncode and "in production" not in again.stderr:
            wrong.append(f"second call: {again.stderr} after doctor: {mended.stdout} {mended.stderr}")
        else:
            seen = [f"{seen[0]}, doctor"]
    version, rest = state(project, kind)
    expected = {"first": "v1.0.0", "second": "v1.1.0", "back": "v1.0.0"}[kind]
    if version != expected:
        wrong.append(f"{version} is in production, not {expected}")
    return seen[0], wrong + rest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--interrupts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repro", type=int, default=0, help="rounds over dvc repro and the actions, instead")
    parser.add_argument("--jobs", type=int, default=2, help="rounds at once, with --repro")
    parser.add_argument("--first", type=int, default=0, help="the round to begin with, with --repro")
    given = parser.parse_args()
    if given.repro:
        sys.exit(kills_repro.repro(given.repro, given.seed, given.jobs, given.first) > 0)
    rng, bad = random.Random(given.seed), 0
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make(place)
        lasts = {}
        for kind in ("first", "second", "back"):
            project = Project(shutil.copytree(place / kind, place / "now", symlinks=True))
            begun = time.time()
            project.run(*(project.action("rollback", "v1.0.0") if kind == "back" else project.action("release")))
            lasts[kind] = time.time() - begun
            print(f"{kind}: {lasts[kind]:.1f} s undisturbed; wrong: {state(project, kind)[1]}", flush=True)
            shutil.rmtree(place / "now")
        ways = [("kill", "group", "kill two", "group two")[i % 4] for i in range(given.kills)]
        ways += ["interrupt"] * given.interrupts
        for i, how in enumerate(ways):
            kind = ("first", "second", "back")[i % 3]
            seen, wrong = round_of(place, kind, how, rng, lasts[kind])
            bad += bool(wrong)
            counts[f"{how}: {seen}"] += 1
            print(
                f"{i + 1:3} {kind:6} {how:9} between: {seen:16} {'WRONG ' + '; '.join(wrong) if wrong else 'ends right'}",
                flush=True,
            )
    print(f"{len(ways)} stops, {bad} ended wrong")
    for what, n in sorted(counts.items()):
        print(f"  {n:3} {what}")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
