"""A Dask cluster on this machine, to see what one would do: a scheduler and two workers on loopback, the project's table on them.

    python -m actions.cluster_try      or: make cluster-try

define, clean, split and (where there is a model) scoring run twice on copies, here and on the workers; what they write is compared
byte by byte. Nothing of the project is touched. It needs requirements-cluster.txt; with bokeh installed, the dashboard has pictures.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from actions.registry import locate, with_code_of
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import sha256
from lifecycle.ground.workplace import ADDRESS
from lifecycle.table.formats import is_table_name

RAW, BLOCKS = Path("data/raw"), "params.yaml"
STAGES = ("define", "clean", "split")
WRITTEN = ("data/contract.yaml", "data/clean.parquet", "data/quarantine.csv", "data/train.parquet", "data/test.parquet")
SCORED = "scored.csv"
WORKERS = 2
SECONDS = 120  # that a slow machine has to start them


def main() -> None:
    if not RAW.is_dir():
        raise UserError("data/raw is missing; put a table there, or `dvc pull` if it is on a remote")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with cluster(folder) as address:
            workers = written(folder / "workers", address, told=True)
        here = written(folder / "here", "", told=False)
    other = [name for name, digest in here.items() if workers[name] != digest]
    if other:
        raise UserError(f"the cluster made other bytes than this machine: {', '.join(other)}; please report this")
    print("cluster-try: the same bytes on the workers as on this machine alone")


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The address of a scheduler whose workers are there; all end with the block."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise UserError(
            "distributed is not installed here; python -m pip install -r requirements-cluster.txt"
        ) from None
    file = folder / "scheduler.json"  # by which they find each other, whatever port is free
    own = ["--host", "127.0.0.1", "--scheduler-file", str(file)]
    with contextlib.ExitStack() as running:
        running.enter_context(dask(folder, "scheduler", *own, "--port", "0", "--dashboard-address", "127.0.0.1:0"))
        for _ in range(WORKERS):
            running.enter_context(dask(folder, "worker", *own, "--nthreads", "1", "--no-nanny", "--no-dashboard"))
        try:
            with Client(scheduler_file=str(file), timeout=SECONDS, set_as_default=False) as client:
                client.wait_for_workers(WORKERS, timeout=SECONDS)
                address, dashboard = client.scheduler.address, client.dashboard_link
        except (OSError, TimeoutError) as error:
            said = (folder / "dask.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise UserError(f"no cluster came up in {SECONDS} s; it said: {(said or ['nothing'])[-1]}") from error
        print(f"cluster-try: a scheduler and {WORKERS} workers at {address}; dashboard {dashboard}", flush=True)
        print(f"  what a real one needs: {ADDRESS}=tcp://HOST:8786 dvc repro", flush=True)
        yield address


@contextlib.contextmanager
def dask(folder: Path, *command: str) -> Iterator[None]:
    """`dask ...` while the block lasts, in an empty folder: what it knows of the project it is sent."""
    with (folder / "dask.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "dask", *command], cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def written(folder: Path, scheduler: str, told: bool) -> dict[str, str]:
    """{file: hash} of what the stages make of a copy of the table, by the processes here or those of `scheduler`."""
    shutil.copytree(RAW, folder / RAW, copy_function=linked)
    shutil.copyfile(BLOCKS, folder / BLOCKS)
    env = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PYTHONDONTWRITEBYTECODE": "1", ADDRESS: scheduler}
    for name in STAGES:
        run([sys.executable, "-m", f"stages.{name}"], folder, env, told)
    digests = {name: sha256(folder / name) for name in WRITTEN}
    if table := scorable():
        command, own = with_code_of(model().resolve(), "service.score", str(table.resolve()), SCORED)
        run(command, folder, {**own, ADDRESS: scheduler}, told)
        digests[SCORED] = sha256(folder / SCORED)
    return digests


def linked(source: str, target: str) -> None:
    """A large table is not copied where the system can do without."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def model() -> Path:
    return locate("")[0]


def scorable() -> Path | None:
    """The first raw table, where there is a model to score it."""
    tables = sorted(path for path in RAW.rglob("*") if path.is_file() and is_table_name(path))
    return tables[0] if tables and (model() / "manifest.json").exists() else None


def run(command: list[str], folder: Path, env: dict[str, str], told: bool) -> None:
    if subprocess.run(command, cwd=folder, env=env, stdout=None if told else subprocess.DEVNULL).returncode:
        raise UserError(f"{command[2]} ended with an error, which stands above")


if __name__ == "__main__":
    stage(main)
