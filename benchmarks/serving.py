"""The service beside the limit, an app of the same server that only echoes, and beside mlflow and BentoML; one machine, one run.

    python benchmarks/serving.py [BUNDLE] [--seconds 5] [--workers 1,2] [--only service]      default: models/champion/bundle, else models/bundle
    python benchmarks/serving.py [BUNDLE] --soak 200000       memory, descriptors, and each answer in the log
    python benchmarks/serving.py [BUNDLE] --beside            one row at a time beside four requests of 10,000 rows

Requests per second of one row at 1, 16 and 64 clients and of 1,000 rows at 1, with the median and the slow end, and the
processor time that the server's processes take for a request, which other work on the machine moves less. mlflow and BentoML
have an environment of their own under benchmarks/.envs (built at the first call, gigabytes) and are asked twice: with our
model, rows typed by its contract, and with a scikit-learn Pipeline of the same families (benchmarks/peers.py).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import load
from benchmarks.peers import Server, servers, write_pipeline

ASKED = ((1, 1), (1, 16), (1, 64), (1000, 1))  # (rows, clients)
PAUSE = 0.0002  # seconds, in which the processor turns to something else
LARGE, BESIDE = 10_000, 4  # rows of a request, and how many such requests at once


def free_port() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def post(url: str, body: bytes) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


class Running:
    """A started server: `url`, and what its processes take."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url, self.process = url, psutil.Process(process.pid)

    def all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def processor_seconds(self) -> float:
        return sum(sum(one.cpu_times()[:2]) for one in self.all())

    def megabytes(self) -> float:
        return sum(one.memory_info().rss for one in self.all()) / 1e6

    def descriptors(self) -> int:
        return sum(one.num_fds() for one in self.all())


@contextlib.contextmanager
def started(server: Server, workers: int, work: Path) -> Iterator[Running]:
    port = free_port()

    def filled(text: str) -> str:
        return text.replace("PORT", port).replace("WORKERS", str(workers)) if text in ("PORT", "WORKERS") else text

    env = {key: value.replace("WORKERS", str(workers)).replace("PORT", port) for key, value in server.env.items()}
    with (work / "output").open("wb") as output:
        process = subprocess.Popen(
            [filled(part) for part in server.command],
            env={**os.environ, **env},
            cwd=work,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Running(f"http://127.0.0.1:{port}{server.path}", process)
    finally:
        rest = psutil.Process(process.pid).children(recursive=True)  # BentoML's workers leave the group
        os.killpg(process.pid, signal.SIGKILL)
        for one in rest:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()


def wait(running: Running, body: bytes, work: Path) -> Any:
    """The first answer."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        try:
            return post(running.url, body)
        except OSError as error:
            if not running.process.is_running() or running.process.status() == psutil.STATUS_ZOMBIE:
                break
            if isinstance(error, urllib.error.HTTPError):
                raise SystemExit(f"{running.url}: {error.code} {error.read()[:500]!r}") from None
            time.sleep(0.3)
    raise SystemExit(f"{running.url} does not answer: {(work / 'output').read_text()[-1500:]}")


def numbers(answer: Any) -> list[float]:
    """The probabilities or values of an answer, whichever server gave it."""
    predictions = answer.get("predictions", answer) if isinstance(answer, dict) else answer
    found: list[float] = []
    for one in predictions:
        value = one
        if isinstance(one, dict):
            value = list(one["probabilities"].values()) if "probabilities" in one else one["prediction"]
        found += value if isinstance(value, list) else [value]
    return found


def alike(answer: Any, expected: list[float]) -> bool:
    found = numbers(answer)
    return len(found) == len(expected) and all(abs(a - b) < 1e-9 for a, b in zip(found, expected, strict=True))


def bare(bundle: Path) -> None:
    """The model called in a loop, without HTTP and log, through the service's own reader; prints the medians of one row, of one
    row after a pause as a service has between two requests, and of 1,000 rows, in milliseconds."""
    sys.path.insert(0, str(bundle / "code"))
    from service.bundle import Bundle

    loaded = Bundle(bundle)
    rows = loaded.golden["rows"]
    for n, pause in ((1, 0.0), (1, PAUSE), (1000, 0.0)):
        part = [rows[i % 20] for i in range(n)]
        times = []
        for _ in range(1000 if n == 1 else 20):
            time.sleep(pause)
            start = time.perf_counter()
            loaded.predictor.answers(part)
            times.append(time.perf_counter() - start)
        print(1000 * statistics.median(times))


def expected_of_pipeline(work: Path, rows: list[dict[str, Any]]) -> list[float]:
    import joblib
    import pandas as pd

    method = (work / "method").read_text("utf-8")
    return numbers(getattr(joblib.load(work / "pipeline.joblib"), method)(pd.DataFrame(rows)).tolist())


# ---- the table ------------------------------------------------------------------------------------------------------


def table(bundle: Path, workers: list[int], seconds: int, only: str, work: Path) -> None:
    golden = json.loads((bundle / "golden.json").read_text("utf-8"))
    rows = golden["rows"][:20]
    print(f"load by {load.generator()}; {os.cpu_count()} cores; {seconds} s each")
    if not only or only in ("mlflow", "bentoml"):
        print(f"their pipeline: {write_pipeline(bundle, work)}")
    done = subprocess.run(
        [sys.executable, __file__, str(bundle), "--bare"], capture_output=True, encoding="utf-8", check=True
    )
    one, rested, thousand = map(float, done.stdout.split())
    print(
        f"bare model call through the service's reader: one row {one:.3f} ms, {rested:.3f} ms after a pause, 1,000 rows {thousand:.1f} ms"
    )
    print(f"{'':42}" + "".join(f"{f'{n:,} rows at {c}':>34}" for n, c in ASKED))
    print(f"{'workers, server, model':42}" + f"{'per s':>9}{'p50 ms':>8}{'p99 ms':>8}{'cpu us':>9}" * len(ASKED))
    found: dict[tuple[int, str, str], list[load.Load]] = {}
    answer = json.dumps(post_once(only_ours(bundle, work), rows[:1], work)).encode()
    for n_workers in workers:
        for server in servers(bundle, work, answer, n_workers, peers=not only or only in ("mlflow", "bentoml")):
            if not server.name.startswith(only or "") and server.name != "echo":
                continue
            with started(server, n_workers, work) as running:
                first = wait(running, json.dumps({server.rows: rows}).encode(), work)
                golden_answers = numbers(golden["answers"][:20])
                right = golden_answers if server.model == "ours" else None
                if server.model == "theirs":
                    right = expected_of_pipeline(work, rows)
                if right is not None and not alike(first, right):
                    print(f"{server.name} with {server.model} answers otherwise than the model")
                found[n_workers, server.name, server.model] = measured(running, server, rows, n_workers, seconds, work)
    summary(found, one)


def post_once(server: Server, rows: list[dict[str, Any]], work: Path) -> Any:
    with started(server, 1, work) as running:
        return wait(running, json.dumps({server.rows: rows}).encode(), work)


def measured(
    running: Running, server: Server, rows: list[dict[str, Any]], workers: int, seconds: int, work: Path
) -> list[load.Load]:
    body = work / "body"
    out, shown = [], f"{f'{workers}  {server.name}, {server.model}':42}"
    for n, clients in ASKED:
        body.write_bytes(json.dumps({server.rows: [rows[i % len(rows)] for i in range(n)]}).encode())
        load.ask(running.url, body, clients, 1)  # warm
        before = running.processor_seconds()
        one = load.ask(running.url, body, clients, seconds)
        processor = 1e6 * (running.processor_seconds() - before) / max(one.requests, 1)
        out.append(one)
        shown += f"{one.per_second:9.0f}{one.p50:8.2f}{one.p99:8.1f}{processor:9.0f}"
        if one.errors:
            shown += f" ({one.errors} errors)"
    print(shown, flush=True)
    return out


def summary(found: dict[tuple[int, str, str], list[load.Load]], bare_ms: float) -> None:
    """Beside the echo of as many workers."""
    for (workers, name, model), loads in found.items():
        echo = found.get((workers, "echo", "none"))
        if name != "service" or echo is None:
            continue
        limit = echo[0].p50 + bare_ms
        shares = [f"{ours.per_second / theirs.per_second:.2f}" for ours, theirs in zip(loads, echo, strict=True)]
        print(f"service, {workers} workers, {model}: of the echo's requests per second {', '.join(shares)}")
        print(
            f"  at 1 client half of the answers within {loads[0].p50:.2f} ms: {loads[0].p50 / limit:.2f} times echo + bare call ({limit:.2f} ms)"
        )


# ---- soak, and short requests beside long ones ------------------------------------------------------------------------


def only_ours(bundle: Path, work: Path) -> Server:
    found = servers(bundle, work, b"{}", 1, peers=False)
    return next(server for server in found if server.name == "service")


def soak(bundle: Path, requests: int, work: Path) -> None:
    """So many requests of one row, each with a category that was never seen: what leaks would show."""
    golden = json.loads((bundle / "golden.json").read_text("utf-8"))
    row = dict(golden["rows"][0])
    contract = (bundle / "contract.yaml").read_text("utf-8")
    words = [name for name, cell in row.items() if isinstance(cell, str) and f"name: {name}" in contract]
    server = only_ours(bundle, work)
    with started(server, 1, work) as running:
        wait(running, json.dumps({"rows": [row]}).encode(), work)
        body = work / "body"
        column = next((name for name in words if accepts(running.url, row, name)), None)
        if column:
            row[column] = "soak @@"
        print(f"soak: {requests} requests of one row at 32 clients, a new value of {column!r} in each")
        body.write_bytes(json.dumps({"rows": [row]}).encode())
        load.by_python(running.url, body, 32, requests=2000, numbered=True)
        time.sleep(1)
        logged = count(work)
        state = (running.megabytes(), running.descriptors())
        begun = running.processor_seconds()
        done = load.by_python(running.url, body, 32, requests=requests, numbered=True)
        taken = running.processor_seconds() - begun
        time.sleep(1)
        after = (running.megabytes(), running.descriptors())
        rows = count(work) - logged
    print(f"{done.requests} answered, {done.errors} errors, {rows} rows more in the log; {done.per_second:.0f}/s")
    print(
        f"memory {state[0]:.1f} -> {after[0]:.1f} MB, descriptors {state[1]} -> {after[1]}; {1e6 * taken / requests:.0f} us of processor a request, p99 {done.p99:.0f} ms"
    )
    sys.exit(0 if done.errors == 0 and rows == done.requests == requests else 1)


def accepts(url: str, row: dict[str, Any], column: str) -> bool:
    """Whether the column takes any text; a date does not."""
    with contextlib.suppress(OSError):
        post(url, json.dumps({"rows": [row | {column: "soak"}]}).encode())
        return True
    return False


def count(work: Path) -> int:
    with contextlib.closing(sqlite3.connect(work / "log-1.db")) as log:
        return int(log.execute("SELECT count(*) FROM predictions").fetchone()[0])


def beside(bundle: Path, seconds: int, work: Path) -> None:
    golden = json.loads((bundle / "golden.json").read_text("utf-8"))
    rows = golden["rows"][:20]
    short, long = work / "short", work / "long"
    short.write_bytes(json.dumps({"rows": rows[:1]}).encode())
    long.write_bytes(json.dumps({"rows": [rows[i % 20] for i in range(LARGE)]}).encode())
    server = only_ours(bundle, work)
    with started(server, 1, work) as running:
        wait(running, short.read_bytes(), work)
        alone = load.ask(running.url, short, 1, seconds)
        larges: list[load.Load] = []
        thread = threading.Thread(target=lambda: larges.append(load.ask(running.url, long, BESIDE, seconds + 6)))
        thread.start()
        time.sleep(3)
        among = load.ask(running.url, short, 1, seconds)
        thread.join()
    print(f"one row alone: p50 {alone.p50:.2f}, p99 {alone.p99:.1f} ms, {alone.errors} errors")
    print(
        f"one row beside {BESIDE} requests of {LARGE:,} rows: p50 {among.p50:.2f}, p99 {among.p99:.1f} ms, {among.errors} errors "
        f"({among.requests} requests; the large ones {larges[0].p50 / 1000:.1f} s each, {larges[0].errors} errors)"
    )


def main() -> None:
    assert __doc__
    champion = Path("models/champion/bundle")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "bundle", nargs="?", type=Path, default=champion if champion.exists() else Path("models/bundle")
    )
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--only", default="", help="servers whose name begins so, beside the echo")
    parser.add_argument("--soak", type=int, default=0, metavar="N")
    parser.add_argument("--beside", action="store_true")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    bundle = given.bundle.resolve()
    if given.bare:
        bare(bundle)
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if given.soak:
            soak(bundle, given.soak, work)
        elif given.beside:
            beside(bundle, given.seconds, work)
        else:
            table(bundle, [int(n) for n in given.workers.split(",")], given.seconds, given.only, work)


if __name__ == "__main__":
    main()
