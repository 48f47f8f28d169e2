"""Load for a service, of which the generator is not the narrow place: wrk where it is installed (apt-get install wrk: C, a few
microseconds a request), else processes of asyncio protocols that do no more than count answers.

    echo '{"url": ..., "body": path, "clients": 16, "seconds": 5}' | python -m benchmarks.load       what `ask` runs in processes
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = 2  # of Python clients
WRK = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open({body}, "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "errors": %d}}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Load(NamedTuple):
    """`per_second` requests; `p50`, `p99` in milliseconds; `errors`: requests without an answer of status 200."""

    per_second: float
    p50: float
    p99: float
    errors: int
    requests: int


def generator() -> str:
    """Which one `ask` uses, in words."""
    if shutil.which("wrk"):
        return "wrk, one thread"
    return f"asyncio protocols in {PROCESSES} processes"


def ask(url: str, body: Path, clients: int, seconds: int) -> Load:
    """Post `body` from so many connections, each as soon as its last answer is there."""
    if shutil.which("wrk"):
        return _by_wrk(url, body, clients, seconds)
    return by_python(url, body, clients, seconds=seconds)


def _by_wrk(url: str, body: Path, clients: int, seconds: int) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(WRK.format(body=json.dumps(str(body))), encoding="utf-8")
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s", str(script), url]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    good = told["requests"] - told["errors"]
    return Load(good / told["seconds"], told["p50"], told["p99"], told["errors"], told["requests"])


# ---- the same in Python, also for so many requests and no more, each with a body of its own -------------------------


def by_python(
    url: str, body: Path, clients: int, seconds: float = 0, requests: int = 0, numbered: bool = False
) -> Load:
    """For `seconds`, or `requests` in all; `numbered`: `@@` in the body stands for a number that no other request has."""
    processes = min(PROCESSES, clients)
    asked = []
    for i in range(processes):
        given = {
            "url": url,
            "body": str(body),
            "clients": share(clients, i, processes),
            "seconds": seconds,
            "requests": share(requests, i, processes),
            "numbered": f"{i}-" if numbered else "",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(given))
        process.stdin.close()
        asked.append(process)
    told = []
    for process in asked:
        assert process.stdout is not None
        told.append(json.loads(process.stdout.read()))
        process.wait()
    times = sorted(t for one in told for t in one["times"])
    slowest = max(one["seconds"] for one in told)
    middle, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    return Load(len(times) / slowest, 1000 * middle, 1000 * late, sum(one["errors"] for one in told), len(times))


def share(n: int, i: int, parts: int) -> int:
    return n // parts + (i < n % parts)


class Client(asyncio.Protocol):
    """One connection: a request, its answer, the next request. `next_body` gives None where it is to stop."""

    def __init__(
        self, head: str, next_body: Callable[[], bytes | None], times: list[float], errors: list[bytes]
    ) -> None:
        self.head, self.next_body, self.times, self.errors = head, next_body, times, errors
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.got = b""
        self.wanted = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        body = self.next_body()
        if body is None:
            self.transport.close()
            return
        self.got, self.wanted, self.started = b"", 0, time.perf_counter()
        self.transport.write(f"{self.head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def data_received(self, data: bytes) -> None:
        self.got += data
        if not self.wanted:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.got[:end].lower()
            length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
            self.wanted = end + 4 + int(length)
        if len(self.got) < self.wanted:
            return
        if self.got[9:12] == b"200":
            self.times.append(time.perf_counter() - self.started)
        else:
            self.errors.append(self.got[:300])
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


async def client(given: dict[str, Any]) -> dict[str, Any]:
    host, _, path = given["url"].removeprefix("http://").partition("/")
    address, port = host.split(":")
    head = f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    body, left = Path(given["body"]).read_bytes(), given["requests"]
    started = time.perf_counter()
    number = 0

    def next_body() -> bytes | None:
        nonlocal left, number
        if given["requests"]:
            left -= 1
            if left < 0:
                return None
        elif time.perf_counter() - started >= given["seconds"]:
            return None
        number += 1
        return body.replace(b"@@", f"{given['numbered']}{number}".encode()) if given["numbered"] else body

    times: list[float] = []
    errors: list[bytes] = []
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Client(head, next_body, times, errors), address, int(port))
        for _ in range(given["clients"])
    ]
    await asyncio.gather(*(one.gone for _, one in made))
    if errors:
        print(errors[0], file=sys.stderr)
    return {"times": times, "errors": len(errors), "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(client(json.loads(sys.stdin.read())))))
