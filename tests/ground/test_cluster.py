"""A Dask scheduler and two workers, real ones on loopback: the same bytes as here, whatever happens to a worker."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from lifecycle.ground.workplace import ADDRESS
from tests.scratch import ROOT, scratch
from tests.service import build

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
OUTS = ("data/clean.parquet", "data/quarantine.csv", "reports/cleaning.json")


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
    """Rows enough for seven parts, and what clean makes of them here."""
    folder = scratch(tmp_path_factory.mktemp("project"), cells(650_000), "late")
    run(folder, "define")
    run(folder, "clean")
    return folder, digests(folder)


def run(folder, stage: str, address: str = "", check: bool = True) -> subprocess.CompletedProcess:
    process = begin(folder, stage, address)
    out, err = process.communicate(timeout=600)
    assert not check or process.returncode == 0, out + err
    return subprocess.CompletedProcess(stage, process.returncode, out, err)


def begin(folder, stage: str, address: str) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", ADDRESS: address}
    return subprocess.Popen(
        [sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def digests(folder) -> dict[str, str]:
    return {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in OUTS}


def test_a_cluster_gives_the_bytes_that_this_machine_gives(cluster, project):
    folder, here = project
    said = run(folder, "clean", cluster[0]).stdout
    assert f"on 2 workers at {cluster[0]}" in said
    assert digests(folder) == here


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(cluster, project):
    folder, here = project
    address, worker = cluster
    victim = worker()
    with distributed.Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=300)
        process = begin(folder, "clean", address)
        ours = {child.pid for child in psutil.Process(victim.pid).children(recursive=True)} | {victim.pid}
        until = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < until:
            workers = client.scheduler_info(n_workers=-1)["workers"]
            pids = client.run(os.getpid) if workers else {}
            busy = {pids.get(address) for address, tasks in client.processing().items() if tasks}
            if busy & ours:
                break
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):  # the nanny's helper ends with it
                os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    assert digests(folder) == here


def test_a_cluster_scores_as_this_machine_does(cluster, tmp_path):
    flats = build.project(tmp_path / "flats", "let")
    build.run(flats, *build.STAGES)
    folder = flats / "models/bundle"
    build.table(130_000).drop(columns="price").to_csv(tmp_path / "new.csv", index=False)
    answers = []
    for address in ("", cluster[0]):
        env = build.environment(PYTHONPATH=folder / "code", **{ADDRESS: address})
        command = [sys.executable, "-m", "service.score", folder, tmp_path / "new.csv", tmp_path / "out.csv"]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert (f"workers at {cluster[0]}" in done.stdout) == bool(address)
        answers.append((tmp_path / "out.csv").read_bytes())
    assert answers[0] == answers[1] and answers[0].count(b"\n") == 130_001


def test_a_scheduler_that_is_not_there_is_one_line_and_what_was_written_stays(project):
    folder, here = project
    failed = run(folder, "clean", f"tcp://127.0.0.1:{free_port()}", check=False)
    assert failed.returncode == 1 and "no Dask scheduler answers at tcp://127.0.0.1:" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
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
