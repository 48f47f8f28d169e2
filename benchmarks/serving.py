"""The service against `mlflow models serve` and BentoML, with one model, one machine, one run.

    python benchmarks/serving.py [BUNDLE] [--seconds 5]      default: models/champion/bundle, else models/bundle

Each has an environment of its own under benchmarks/.envs (built at the first call, gigabytes) and answers golden rows in a
process of its own, one worker, rows made into a table, typed by the contract and given to the model as a user of theirs would.
A client in a further process asks for SECONDS at concurrency 1, 16 and 64, one row and 1,000 rows a request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.environments import environment

PINNED = ("scikit-learn", "pandas", "numpy", "joblib", "pyarrow", "pyyaml", "tqdm")
CONCURRENCY, ROWS = (1, 16, 64), (1, 1000)

MODEL = """
import os, sys
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, {code!r})
import pandas as pd
from lifecycle.table.conform import conform
from lifecycle.table.contract import read_contract
from lifecycle.model.store import load_model

model, contract = load_model({bundle!r}), read_contract({bundle!r} + "/contract.yaml")

def answer(frame):
    return model.predictions(conform(frame, contract, ("feature", "time")).frame).tolist()
"""
MLFLOW = (
    MODEL
    + """
import mlflow

class Wrapped(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return answer(model_input)

mlflow.models.set_model(Wrapped())
"""
)
BENTO = (
    MODEL
    + """
import bentoml

@bentoml.service(workers=1, traffic={{"timeout": 300, "max_concurrency": 1000}})
class Model:
    @bentoml.api
    def predict(self, rows: list[dict]) -> list:
        return answer(pd.DataFrame(rows))
"""
)


def servers(bundle: Path, work: Path) -> dict[str, tuple[list, dict, Path, str, str]]:
    """{name: (command, environment, folder, path, key of the rows in the body)}; PORT stands for the port."""
    paths = {"code": str(bundle / "code"), "bundle": str(bundle)}
    (work / "mlflow_model.py").write_text(MLFLOW.format(**paths), "utf-8")
    (work / "bento_model.py").write_text(BENTO.format(**paths), "utf-8")
    model = [f"{p}=={version(p)}" for p in PINNED]  # the model's versions, whatever the server asks for
    mlflow, bento = environment("mlflow", ["mlflow"], model), environment("bentoml", ["bentoml"], model)
    save = "import mlflow; mlflow.pyfunc.save_model('saved', python_model='mlflow_model.py')"
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [mlflow / "python", "-c", save], cwd=work, env={**os.environ, **quiet}, check=True, capture_output=True
    )
    ours = {"PYTHONPATH": paths["code"], "PYTHONSAFEPATH": "1", "PORT": "PORT", "PYTHONDONTWRITEBYTECODE": "1"}
    log = {"PREDICTION_LOG": f"sqlite:///{work}/log.db"}
    full = {"PREDICTION_LOG": f"sqlite:///{work}/full.db", "LOG_SYNC": "full"}
    command = [sys.executable, "-m", "service", str(bundle)]
    served = [
        mlflow / "mlflow",
        "models",
        "serve",
        "-m",
        "saved",
        "--env-manager",
        "local",
        "-p",
        "PORT",
        "--workers",
        "1",
    ]
    return {
        "ours": (command, ours | log, work, "/predict", "rows"),
        "ours, log synced to disk": (command, ours | full, work, "/predict", "rows"),
        "ours, no log": (command, ours | {"PREDICTION_LOG": "none"}, work, "/predict", "rows"),
        "mlflow": (
            served,
            {**quiet, "PATH": f"{mlflow}:{os.environ['PATH']}"},
            work,
            "/invocations",
            "dataframe_records",
        ),
        "bentoml": ([bento / "bentoml", "serve", "bento_model:Model", "-p", "PORT"], quiet, work, "/predict", "rows"),
    }


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def post(url: str, body: bytes) -> dict | list:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


def wait(url: str, body: bytes, process: subprocess.Popen) -> dict | list:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"the server ended: {process.args}")
        try:
            return post(url, body)
        except OSError:
            time.sleep(0.3)
    raise SystemExit(f"{url} does not answer")


def probabilities(said: dict | list) -> list:
    if isinstance(said, list):
        return said
    return said.get("predictions", said)


def same(said: list, told: list) -> bool:
    """Whether a server's answers are the golden ones."""
    values = (
        [list(p["probabilities"].values()) if "probabilities" in p else p["prediction"] for p in said]
        if isinstance(said[0], dict)
        else said
    )
    flat = [x for v in values for x in (v if isinstance(v, list) else [v])]
    return all(
        abs(a - b) < 1e-9
        for a, b in zip(flat, [x for v in told for x in (v if isinstance(v, list) else [v])], strict=True)
    )


async def ask(url: str, body: bytes, concurrency: int, seconds: float) -> dict[str, float]:
    """Requests per second, and milliseconds at the middle and at the slow end."""
    host, port = url.split("/")[2].split(":")
    path = "/" + url.split("/", 3)[3]
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request, times = head.encode() + body, []
    stop = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**24)
        while time.perf_counter() < stop:
            start = time.perf_counter()
            writer.write(request)
            top = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert b" 200 " in top[:20], top
            if b"content-length:" in top:
                await reader.readexactly(int(top.split(b"content-length:")[1].split(b"\r\n")[0]))
            else:
                while (size := int(await reader.readline(), 16)) or not await reader.readline():
                    await reader.readexactly(size + 2)
            times.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(client() for _ in range(concurrency)))
    times.sort()
    rate = len(times) / max(seconds, 1e-9)
    return {"per second": rate, "p50": 1000 * statistics.median(times), "p99": 1000 * times[int(len(times) * 0.99)]}


def bare(bundle: Path) -> None:
    """The model in a loop, without HTTP and log: through `conform` on a table, and through the service's own reader."""
    sys.path.insert(0, str(bundle / "code"))
    import pandas as pd

    from lifecycle.table.conform import conform
    from service.bundle import Bundle

    loaded = Bundle(bundle)
    rows = loaded.golden["rows"]
    ways = {
        "bare loop: conform, model": lambda r: loaded.model.predictions(
            conform(pd.DataFrame(r, dtype=object), loaded.contract, ("feature", "time")).frame
        ),
        "bare loop: the service's reader, model": loaded.predictor.answers,
    }
    for name, call in ways.items():
        for n in ROWS:
            part = [rows[i % 20] for i in range(n)]
            times = []
            for _ in range(200 if n == 1 else 20):
                start = time.perf_counter()
                call(part)
                times.append(time.perf_counter() - start)
            times.sort()
            line(
                name,
                n,
                1,
                {
                    "per second": 1 / statistics.mean(times),
                    "p50": 1000 * statistics.median(times),
                    "p99": 1000 * times[int(len(times) * 0.99)],
                },
            )


def line(name: str, rows: int, concurrency: int, figures: dict[str, float]) -> None:
    print(
        f"{name:40} {rows:5} {concurrency:4} {figures['per second']:10.0f} {figures['p50']:10.2f} {figures['p99']:10.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    champion = Path("models/champion/bundle")
    parser.add_argument(
        "bundle", nargs="?", type=Path, default=champion if champion.exists() else Path("models/bundle")
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", default="", help="servers whose name begins so")
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        url, body, concurrency = given.client
        print(json.dumps(asyncio.run(ask(url, Path(body).read_bytes(), int(concurrency), given.seconds))))
        return
    bundle = given.bundle.resolve()
    golden = json.loads((bundle / "golden.json").read_text("utf-8"))
    print(f"{'':40} {'rows':>5} {'at':>4} {'requests/s':>10} {'p50 ms':>10} {'p99 ms':>10}")
    subprocess.run(
        [sys.executable, __file__, str(bundle), "--only", "bare"], check=True
    ) if given.only != "bare" else bare(bundle)
    if given.only == "bare":
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, (command, env, place, path, key) in servers(bundle, Path(folder)).items():
            if not name.startswith(given.only):
                continue
            port = str(free_port())
            command = [str(c).replace("PORT", port) for c in command]
            env = {**os.environ, **{k: v.replace("PORT", port) for k, v in env.items()}}
            with (Path(folder) / "output").open("w") as output:
                process = subprocess.Popen(
                    command, env=env, cwd=place, stdout=output, stderr=output, start_new_session=True
                )
            try:
                url = f"http://127.0.0.1:{port}{path}"
                said = wait(url, json.dumps({key: golden["rows"][:20]}).encode(), process)
                if not same(probabilities(said), golden["answers"][:20]):
                    print(f"{name} answers otherwise than the model")
                for n in ROWS:
                    body = Path(folder) / "body"
                    body.write_bytes(json.dumps({key: [golden["rows"][i % 20] for i in range(n)]}).encode())
                    for concurrency in CONCURRENCY:
                        client = [
                            sys.executable,
                            __file__,
                            "--seconds",
                            str(given.seconds),
                            "--client",
                            url,
                            str(body),
                            str(concurrency),
                        ]
                        done = subprocess.run(client, capture_output=True, encoding="utf-8")
                        if done.returncode:
                            print(f"{name:40} {n:5} {concurrency:4} fails: {done.stderr.strip().splitlines()[-1][:80]}")
                            continue
                        line(name, n, concurrency, json.loads(done.stdout))
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


if __name__ == "__main__":
    main()
