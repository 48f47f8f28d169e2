"""A Dask cluster as an executor: its workers get this project's code, and must have its libraries.

dask and distributed are an extra (requirements-cluster.txt), imported here alone. The code goes as one archive whose name is
its hash; each task says which it was made for, so that a worker that holds another project's code refuses it.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import lifecycle
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import sha256

ROOT = Path(lifecycle.__file__).parents[1]
SENT = ("lifecycle", "custom", "service")
# what the bytes of a part may hang on, by the names they are imported by
LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "sklearn")
SECONDS = 10  # that a scheduler has to answer
SMALL = 1_000_000  # bytes of a function that goes with each part; a part has ten times as many
# what a worker runs first: the code that it may hold already gives way to what was sent
_ARRIVED = """
import os, sys
here = os.path.dirname(__file__)
for name in [n for n in sys.modules if n.split(".")[0] in {sent!r}]:
    del sys.modules[name]
sys.path[:] = [here, *(p for p in sys.path if p != here)]
"""


class Cluster:
    """The workers of the scheduler at `address`, while the `with` block lasts. UserError where it does not answer, has no
    workers, or a worker has other libraries."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __enter__(self) -> Self:
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise UserError(
                f"the work is to be done at {self.address}, and distributed is not installed here; "
                "python -m pip install -r requirements-cluster.txt"
            ) from None
        for name in ("distributed", "distributed.client"):  # what goes wrong is said once, by `explained`
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self.client = Client(self.address, timeout=SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UserError(
                f"no Dask scheduler answers at {self.address}; start it (dask scheduler), or unset DASK_SCHEDULER_ADDRESS"
            ) from error
        self.threads = sum(self.client.nthreads().values())
        try:
            self._check_workers()
            self.code = self._send_code()
        except BaseException:
            self.client.close()
            raise
        self.executor: Executor = self.client.get_executor(pure=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close(timeout=SECONDS)

    def __str__(self) -> str:
        workers = len(self.client.nthreads())
        return f"{workers} workers at {self.address}; dashboard {self.client.dashboard_link}"

    def bearing(self, function: Callable[..., Any]) -> Executor:
        """An executor of `function`; one that holds a large model is sent once."""
        return Bearing(self, function)

    def sees(self, path: Path) -> bool:
        """Whether each worker finds this file where it is, with the bytes that it has here."""
        found = self.client.run(digest_of, str(path.resolve()))
        return set(found.values()) == {digest_of(str(path))}

    def explained(self, error: Exception) -> Exception:
        """`error`, or a sentence where the cluster is at fault."""
        if type(error).__name__ == "KilledWorker":
            return UserError(
                f"a part killed each worker at {self.address} that took it, most often for want of memory; give the workers more"
            )
        if isinstance(error, CancelledError | OSError):
            return UserError(
                f"the Dask scheduler at {self.address} is gone; what was written before is as it was, run it again"
            )
        return error

    def _check_workers(self) -> None:
        if not self.threads:
            raise UserError(
                f"the Dask scheduler at {self.address} has no workers; start some: dask worker {self.address}"
            )
        found = self.client.get_versions(packages=list(LIBRARIES))
        ours = {**found["client"]["packages"]}
        python = found["client"]["host"]["python"].split(".")[:2]
        for address, about in sorted(found["workers"].items()):
            theirs = about["packages"]
            wrong = [
                f"{n} {theirs.get(n) or 'missing'} (here {ours.get(n)})" for n in LIBRARIES if theirs.get(n) != ours[n]
            ]
            if about["host"]["python"].split(".")[:2] != python:
                wrong.insert(0, f"Python {about['host']['python']}")
            if wrong:
                raise UserError(
                    f"the Dask worker {address} has {', '.join(wrong)}; install requirements.txt there, so that its answers are ours"
                )

    def _send_code(self) -> str:
        files = list(files_to_send())
        digest = hashlib.sha256(b"\0".join(part for name, text in files for part in (name.encode(), text))).hexdigest()
        name = f"lifecycle_{digest[:16]}"
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder, f"{name}.zip")
            with zipfile.ZipFile(archive, "w") as kept:
                for path, text in files:
                    kept.writestr(path, text)
                kept.writestr(f"{name}.py", _ARRIVED.format(sent=SENT))
            self.client.upload_file(
                str(archive)
            )  # to workers that come later, too, and to the scheduler, which reads tasks
        return name


class Bearing(Executor):
    """Submits parts for one function, with the code that it was made for. A small one goes with each part: what workers hold is
    lost, and what waits for it cancelled, where those that hold it die."""

    def __init__(self, cluster: Cluster, function: Callable[..., Any]) -> None:
        self.cluster = cluster
        is_small = len(pickle.dumps(function)) <= SMALL
        self.held = function if is_small else cluster.client.scatter(function, broadcast=True, hash=False)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        return self.cluster.executor.submit(run_part, self.cluster.code, self.held, *arguments, **named)


def digest_of(path: str) -> str:
    """Of a file's bytes; "" where there is none."""
    try:
        return sha256(path)
    except OSError:
        return ""


def files_to_send() -> Iterator[tuple[str, bytes]]:
    """(path, content) of the code that parts are worked on by."""
    for folder in SENT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def run_part(code: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """On a worker: `function`, by the code that was sent for it."""
    if code not in str(sys.modules["lifecycle"].__file__):
        raise UserError("the cluster's workers were given another project's code meanwhile; run it again")
    return function(*arguments)
