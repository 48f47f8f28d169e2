"""Stop `dvc repro` and the actions at random moments, call them again, and compare every output with an undisturbed run.

    python benchmarks/kills.py --repro 100 [--seed 1] [--jobs 2]

The project is that of tests/service/build.py: 240 rows, two candidates, the nine stages of dvc.yaml. Each kind of round starts
where a change has just been made (the table, a block of params.yaml, live rows), so that a part of the pipeline runs. It is
stopped with kill -9: the process group, the command alone, or what it started; at a random moment, or just when DVC or the stage
has written one of the files that a stop can cut. Then the same command is called; if it fails, `actions.doctor` and the command.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SKIPPED = ("reports/timings.json", "reports/latency.json")  # seconds, which no two runs share
# DVC writes its two lock files in place: where a stop hits, they are cut
WRITTEN = ("dvc.lock", "dvc.lock", "dvc.lock", ".dvc/tmp/rwlock", "models", "reports", "data")
HOW = ("group", "command", "started")
DVC = (sys.executable, "-m", "dvc", "repro")


def action(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"actions.{name}", *arguments)


def nothing(place: Path) -> None:
    """The project as it was committed."""


def never_ran(place: Path) -> None:
    for path in ("dvc.lock", "data/contract.yaml", "data/clean.parquet", "data/train.parquet", "data/test.parquet"):
        (place / path).unlink()
    subprocess.run(["git", "rm", "-q", "--cached", "dvc.lock", "data/contract.yaml"], cwd=place, check=True)
    subprocess.run(["git", "commit", "-qm", "Before the first run"], cwd=place, check=True)


def new_table(place: Path) -> None:
    path = place / "data/raw/flats.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-6]), "utf-8")


def new_params(block: str, **values: Any) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        path = place / "params.yaml"
        params = yaml.safe_load(path.read_text("utf-8"))
        params[block] |= values
        path.write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True), "utf-8")

    return change


def live_rows(place: Path) -> None:
    lines = (place / "data/raw/flats.csv").read_text("utf-8").splitlines(keepends=True)
    (place / "data/live/2026-05-31.csv").write_text("".join([lines[0], *lines[1:90]]), "utf-8")


def many_rows(place: Path) -> None:
    lines = (place / "data/raw/flats.csv").read_text("utf-8").splitlines(keepends=True)
    (place / "many.csv").write_text("".join([lines[0], *lines[1:] * 80]), "utf-8")


# kind: what was changed, and the command that is stopped
KINDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "first run": (never_ran, (*DVC, "split")),
    "table": (new_table, (*DVC, "split")),
    "train": (new_params("train", random_state=2), (*DVC, "train")),
    "evaluate": (new_params("evaluate", n_bootstrap=50), (*DVC, "evaluate")),
    "validate": (new_params("validate", n_bootstrap=50), (*DVC, "validate")),
    "deploy": (new_params("deploy", golden_rows=15), (*DVC, "deploy")),
    "monitor": (live_rows, (*DVC, "monitor")),
    "whole": (new_table, DVC),
    "score": (many_rows, action("score", "many.csv")),
    "collect": (nothing, action("collect")),
    "check": (nothing, action("check")),
}
# one cycle of 20 rounds: many short ones, few that run all
CYCLE = ["train", "table", "deploy", "monitor", "evaluate", "score", "first run", "train", "collect", "validate"] + [
    "table",
    "deploy",
    "train",
    "monitor",
    "score",
    "first run",
    "evaluate",
    "check",
    "collect",
    "whole",
]


def environment(place: Path) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTHONPATH", "PREDICTION_LOG"))}
    env |= {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "DVC_SITE_CACHE_DIR": str(place.parent / f"{place.name}.site")}
    env["PREDICTION_LOG"] = f"sqlite:///{place.as_posix()}/data/log/predictions.db"
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    return env


def run(place: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=place, env=environment(place), capture_output=True, encoding="utf-8")
    if check and done.returncode:
        raise SystemExit(f"{command}\n{done.stdout}\n{done.stderr}")
    return done


def make(place: Path) -> None:
    """A project that ran once and is committed, with a prediction log of three days."""
    from tests.service import build

    build.project(place, "let", 240)
    (place / "data/live").mkdir()
    for name in (".gitignore", "data/live/README.md"):
        shutil.copyfile(ROOT / name, place / name)
    (place / "reports/history").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "reports/history/README.md", place / "reports/history/README.md")
    run(place, "git", "init", "-q", "-b", "main")
    run(place, sys.executable, "-m", "dvc", "init", "-q")
    run(place, sys.executable, "-m", "dvc", "config", "core.analytics", "false")
    run(place, *DVC)
    run(place, "git", "add", "-A")
    run(place, "git", "commit", "-qm", "Start")
    write_log(place)


def write_log(place: Path) -> None:
    from service.log import PredictionLog, new_ids
    from tests.service import build

    log = PredictionLog(f"sqlite:///{place}/data/log/predictions.db")
    fixed = {"version": "v1.0.0", "request": "r", "flags": "{}", "answer": "[0.4, 0.6]", "label": "yes"}
    rows = build.table(3000, seed=2).drop(columns=["price", "let"]).astype(str).to_json(orient="records", lines=True)
    for day in (1, 2, 3):
        fixed["row"] = rows.splitlines()[day]
        log.write([{**fixed, "time": datetime(2026, 5, day), "id": id_} for id_ in new_ids(3000)])
    log.close()
    with sqlite3.connect(place / "data/log/predictions.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def copy(source: Path, place: Path) -> Path:
    return Path(shutil.copytree(source, place, symlinks=True))


def outputs(place: Path) -> dict[str, str]:
    """What is compared: each file of each output as it lies there, dvc.lock without what seconds decide."""
    found = {}
    for path in sorted(p for folder in ("data", "models", "reports") for p in (place / folder).rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_file() and name not in SKIPPED and not name.startswith("data/log/"):
            found[name] = hashlib.md5(path.read_bytes()).hexdigest()
    if (place / "dvc.lock").exists():
        for stage, made in yaml.safe_load((place / "dvc.lock").read_text("utf-8"))["stages"].items():
            for kind in ("deps", "outs"):
                for entry in made.get(kind, []):
                    if entry["path"] not in SKIPPED:
                        found[f"dvc.lock: {stage}: {entry['path']}"] = entry.get("md5", "")
            found[f"dvc.lock: {stage}: params"] = str(made.get("params"))
    return found


def state_of(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def wait_for_moment(place: Path, started: subprocess.Popen[bytes], rng: random.Random, lasts: float) -> str:
    """A random moment; or from there the instant in which a file or folder that a stop can cut is written."""
    until = time.monotonic() + rng.uniform(0.02, lasts)
    watched = rng.choice(WRITTEN)
    while time.monotonic() < until and started.poll() is None:
        time.sleep(0.005)
    if rng.random() < 0.4:
        return "any moment"
    path = place / watched
    before, give_up = state_of(path), time.monotonic() + 2 * lasts
    while state_of(path) == before and time.monotonic() < give_up and started.poll() is None:
        time.sleep(0.0002)
    return watched


def stop(started: subprocess.Popen[bytes], how: str, rng: random.Random) -> str:
    """Returns what was stopped."""
    if started.poll() is not None:
        return "had ended"
    if how == "group":
        os.killpg(started.pid, signal.SIGKILL)
        return how
    victim: Any = started
    if how == "started":
        below = psutil.Process(started.pid).children(recursive=True)
        if not below:
            how = "command"  # between two stages there is nothing else
        victim = rng.choice(below) if below else started
    victim.kill()
    return how


def still_running(session: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    text = done.stdout + "\n" + done.stderr
    lines = [line for line in text.splitlines() if line.startswith(("ERROR", "error"))]
    return lines[-1] if lines else text[-200:]


def round_of(i: int, place: Path, expected: dict[str, tuple[float, dict[str, str]]], seed: int) -> str:
    """Prints its line; returns how it ended."""
    rng = random.Random(f"{seed} {i}")
    kind, how = CYCLE[i % len(CYCLE)], HOW[i % 3]  # 20 is no multiple of 3: each kind is stopped in each way
    command = KINDS[kind][1]
    lasts, wanted = expected[kind]
    now = place / f"round{i}"
    stopped = when = "had ended"
    for _ in range(6):  # where the machine was busier when the time was taken, the command has ended before the moment
        shutil.rmtree(now, ignore_errors=True)
        copy(place / kind, now)
        with (place / f"round{i}.txt").open("w") as printed:
            started = subprocess.Popen(
                command, cwd=now, env=environment(now), stdout=printed, stderr=printed, start_new_session=True
            )
            when = wait_for_moment(now, started, rng, lasts)
            stopped = stop(started, how, rng)
            code = started.wait()
        if stopped != "had ended":
            break
        lasts *= 0.6
    end, why = "never stopped" if stopped == "had ended" else "second call", ""
    again = run(now, *command, check=False)
    if again.returncode:
        why = last_line(again)
        mended = run(now, *action("doctor"), check=False)
        again = run(now, *command, check=False)
        end = "doctor"
        why += " | doctor: " + "; ".join(line.strip() for line in (mended.stdout + mended.stderr).splitlines())
    psutil.wait_procs(still_running(started.pid), timeout=60)
    different = differences(now, wanted)
    if leftovers(different):
        said = run(now, *action("doctor"), check=False)
        different = differences(now, wanted)
        why += " | leftovers: " + "; ".join(line.strip() for line in (said.stdout + said.stderr).splitlines())
    if again.returncode or different or still_running(started.pid):
        end = "WRONG"
        why += f" | {last_line(again) if again.returncode else ''} {different[:6]}"
    print(f"{i + 1:3} {kind:9} {stopped:9} {when:15} code {code:4}  {end}  {' '.join(why.split())}", flush=True)
    if end == "WRONG":
        shutil.copytree(now, Path(tempfile.gettempdir()) / f"kills_wrong_{seed}_{i}", symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(now)
    return end


def differences(place: Path, wanted: dict[str, str]) -> list[str]:
    found = outputs(place)
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def leftovers(names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".tmp") or ".tmp/" in name or ".old" in name]


def undisturbed(place: Path, kind: str) -> tuple[float, dict[str, str]]:
    """(seconds, what is compared) of a run that nobody stops; its start is kept for the rounds."""
    change, command = KINDS[kind]
    change(copy(place / "project", place / kind))
    now = copy(place / kind, place / f"undisturbed {kind}")
    begun = time.monotonic()
    run(now, *command)
    lasts, wanted = time.monotonic() - begun, outputs(now)
    print(f"{kind:9} {lasts:5.1f} s undisturbed, {len(wanted)} figures to compare", flush=True)
    shutil.rmtree(now)
    return lasts, wanted


def repro(n: int, seed: int, jobs: int, first: int = 0) -> int:
    """Makes the project, runs each kind undisturbed, then n rounds; returns how many ended wrong."""
    numbers = range(first, first + n)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        place = Path(folder)
        make(place / "project")
        kinds = sorted({CYCLE[i % len(CYCLE)] for i in numbers}, key=lambda kind: kind != "whole")
        expected = dict(zip(kinds, pool.map(lambda kind: undisturbed(place, kind), kinds), strict=True))
        ends = Counter(pool.map(lambda i: round_of(i, place, expected, seed), numbers))
    print(f"{n} rounds of kill -9 over dvc repro and the actions: {ends['WRONG']} ended wrong")
    for end, count in sorted(ends.items()):
        print(f"  {count:3} {end}")
    return ends["WRONG"]
