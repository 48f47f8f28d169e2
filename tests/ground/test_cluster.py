"""A Dask scheduler and two workers, real ones on loopback: the same bytes as here, whatever happens to a worker."""

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from lifecycle.ground import cluster as dask_cluster
from lifecycle.ground.workplace import ADDRESS
from tests.here import run_here
from tests.scratch import ROOT, scratch
from tests.service import build

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
STAGES = ("define", "clean", "split")
OUTS = (
    "data/contract.yaml",
    "reports/data_profile.json",
    "data/clean.parquet",
    "data/quarantine.csv",
    "reports/cleaning.json",
    "data/train.parquet",
    "data/test.parquet",
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(folder, *command) -> subprocess.Popen:
    """`dask ...`, in an empty folder: it knows nothing of the project."""
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "dask", *command], cwd=folder, stdout=log, stderr=log)


def end(process) -> None:
    for one in [*psutil.Process(process.pid).children(recursive=True), process]:
        one.kill()
    process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """(address of a scheduler, a function that starts one more worker)"""
    folder = tmp_path_factory.mktemp("dask")
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rsplit(":", 1)[1]
    running = [start(folder, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]

    def worker():
        running.append(start(folder, "worker", address, "--nthreads", "1", "--no-dashboard"))
        return running[-1]

    for _ in range(2):
        worker()
    with distributed.Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=300)
    yield address, worker
    for process in running:
        if process.poll() is None:
            end(process)


def cells(rows: int) -> str:
    kinds = ("north", "south ", "South", "")
    lines = (
        f"k{i},{kinds[i % 4]},{i * 37 % 1009 / 10},{'x' if i % 97 == 3 else i % 50},{'yes' if i % 3 else 'no'}\n"
        for i in range(rows)
    )
    return "id,place,size,visits,late\n" + "".join(lines)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Rows enough for four parts, and what becomes of them here."""
    folder = scratch(tmp_path_factory.mktemp("project"), cells(400_000), "late")
    for stage in STAGES:
        run(folder, stage)
    return folder, digests(folder)


def run(folder, stage: str, address: str = "", check: bool = True, large: str = "") -> subprocess.CompletedProcess:
    process = begin(folder, stage, address, large)
    out, err = process.communicate(timeout=600)
    assert not check or process.returncode == 0, out + err
    return subprocess.CompletedProcess(stage, process.returncode, out, err)


# what a table of gigabytes is to the stages, said of one of megabytes: workers read its stretches for themselves
LARGE = """
import runpy
from lifecycle.table import profile, read, stretch
read.LARGEST = profile.HELD_BYTES = profile.APART = 0
stretch.SIZE = 1_000_000
"""


def begin(folder, stage: str, address: str, large: str = "") -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", ADDRESS: address}
    script = f"{large}\nrunpy.run_module('stages.{stage}', run_name='__main__')"
    how = ["-c", script] if large else ["-m", f"stages.{stage}"]
    return subprocess.Popen(
        [sys.executable, *how], cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def digests(folder) -> dict[str, str]:
    return {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in OUTS}


def test_a_cluster_gives_the_bytes_that_this_machine_gives(cluster, project, tmp_path):
    folder, here = project
    shutil.copytree(folder / "data/raw", tmp_path / "data/raw")
    shutil.copy(folder / "params.yaml", tmp_path)
    for stage in STAGES:
        # define reads stretches, of clean the parts travel
        said = run(tmp_path, stage, cluster[0], large=LARGE if stage == "define" else "").stdout
        assert (f"on 2 workers at {cluster[0]}; dashboard " in said) == (stage != "split")
    assert digests(tmp_path) == here


def killed_while_busy(cluster, begun) -> subprocess.CompletedProcess:
    """What becomes of the process that `begun` starts, where one of three workers is killed as soon as it has a part."""
    address, worker = cluster
    victim = worker()
    with distributed.Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=300)
        process = begun()
        ours = {child.pid for child in psutil.Process(victim.pid).children(recursive=True)} | {victim.pid}
        wait_for(lambda: busy(client) & ours, process)
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):  # the nanny's helper ends with it
                os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def busy(client) -> set[int]:
    """The workers that have a part."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    pids = client.run(os.getpid) if workers else {}
    return {pids.get(address) for address, tasks in client.processing().items() if tasks}


def wait_for(holds, process) -> None:
    until = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < until and not holds():
        time.sleep(0.01)


def test_a_worker_that_is_killed_while_it_reads_a_stretch_of_the_table_changes_nothing(cluster, project):
    folder, here = project
    killed_while_busy(cluster, lambda: begin(folder, "clean", cluster[0], LARGE))
    assert digests(folder) == here


@pytest.fixture(scope="module")
def scoring(tmp_path_factory):
    """(a function that begins to score 130,000 rows, the answers as this machine gives them)"""
    place = tmp_path_factory.mktemp("scoring")
    flats = build.project(place / "flats", "let")
    build.run(flats, *build.STAGES)
    folder = flats / "models/bundle"
    build.table(130_000).drop(columns="price").to_csv(place / "new.csv", index=False)

    def begun(address: str, target: str, source: str = "new.csv") -> subprocess.Popen:
        env = build.environment(PYTHONPATH=folder / "code", **{ADDRESS: address})
        command = [sys.executable, "-m", "service.score", folder, place / source, place / target]
        return subprocess.Popen(command, cwd=place, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    out, err = (process := begun("", "here.csv")).communicate(timeout=600)
    assert process.returncode == 0 and "workers" not in out, out + err
    here = (place / "here.csv").read_bytes()
    assert here.count(b"\n") == 130_001
    return begun, place, here


def test_a_worker_that_is_killed_in_the_middle_of_scoring_changes_no_answer(cluster, scoring):
    begun, place, here = scoring
    said = killed_while_busy(cluster, lambda: begun(cluster[0], "out.csv")).stdout
    assert f"workers at {cluster[0]}" in said
    assert (place / "out.csv").read_bytes() == here


def test_workers_read_and_write_a_folder_that_they_see(cluster, scoring):
    begun, place, here = scoring
    (place / "new").mkdir()
    few = 5_001
    text = b"".join((place / "new.csv").read_bytes().splitlines(keepends=True)[:few])
    for name in ("a.csv", "b.csv"):
        (place / "new" / name).write_bytes(text)
    out, err = (process := begun(cluster[0], "scored", "new")).communicate(timeout=600)
    assert process.returncode == 0 and "10000 rows of 2 tables" in out and "do not see" not in out, out + err
    answers = b"".join(here.splitlines(keepends=True)[:few])
    assert [(place / "scored" / name).read_bytes() for name in ("a.csv", "b.csv")] == [answers, answers]


def test_a_scheduler_that_ends_in_the_middle_is_one_line_and_what_was_written_stays(project, tmp_path):
    folder, here = project
    address = f"tcp://127.0.0.1:{free_port()}"
    own = ["--host", "127.0.0.1", "--no-dashboard"]
    running = [start(tmp_path, "scheduler", *own, "--port", address.rsplit(":", 1)[1])]
    running.append(start(tmp_path, "worker", address, *own, "--nthreads", "1", "--no-nanny"))
    try:
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=300)
            process = begin(folder, "clean", address)
            wait_for(lambda: busy(client), process)
            end(running[0])
        out, err = process.communicate(timeout=600)
    finally:
        for one in running:
            if one.poll() is None:
                end(one)
    assert process.returncode == 1 and f"the Dask scheduler at {address} is gone" in err, out + err
    assert len(err.strip().splitlines()) == 1, err
    assert digests(folder) == here


def test_a_scheduler_that_is_not_there_is_one_line_and_what_was_written_stays(project, monkeypatch):
    folder, here = project
    monkeypatch.setenv(ADDRESS, f"tcp://127.0.0.1:{free_port()}")
    monkeypatch.setattr(dask_cluster, "SECONDS", 1)
    failed = run_here(folder, "clean")
    assert failed.code == 1 and "no Dask scheduler answers at tcp://127.0.0.1:" in failed.err
    assert len(failed.err.strip().splitlines()) == 1
    assert digests(folder) == here


def test_a_worker_with_other_libraries_is_refused_by_name(cluster, project, tmp_path):
    folder, here = project
    address, _ = cluster
    (tmp_path / "scipy-0.1.dist-info").mkdir()  # what this worker's Python finds first of scipy's version
    (tmp_path / "scipy-0.1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: scipy\nVersion: 0.1\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "dask", "worker", address, "--nthreads", "1", "--no-dashboard"]
    other = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=300)
        failed = run(folder, "clean", address, check=False)
    finally:
        end(other)
    assert failed.returncode == 1 and "has scipy 0.1 (here " in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
    assert digests(folder) == here
