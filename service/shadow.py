"""Shadow: another version answers the same rows in a process of its own, with its own code; its answers are logged beside.

It never delays or changes an answer: it gets what was logged already, and rows that come faster than it answers are left out.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecycle.model.store import check_files, own_code
from service.bundle import Bundle, BundleError
from service.log import LogError, PredictionLog

logger = logging.getLogger("uvicorn.error")
WAITING = 200  # batches


class Shadow:
    """The running service's side: starts the process and keeps what it says."""

    def __init__(self, folder: str, version: str) -> None:
        bundle = Path(folder).resolve()
        check_files(bundle)  # its code runs only where its hashes are right
        self.version = version
        command = [sys.executable, "-m", "service.shadow", str(bundle), version]
        env = {**os.environ, **own_code(bundle)}
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert self.process.stdin and self.process.stdout
        self.input, self.output = self.process.stdin, self.process.stdout
        if not self.output.readline():
            raise BundleError(bundle, ["it does not start as a shadow; its own message is above"])
        self.queue: queue.Queue[str | None] = queue.Queue(WAITING)

    def listen(self, engine: Any, left_out: Callable[[int], None]) -> None:
        """`left_out` is told the rows that came faster than they are answered here."""
        self.log: PredictionLog = engine.log
        self.left_out = left_out
        if self.log:
            engine.after = self.take
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._send, self._receive)]
        for thread in self.threads:
            thread.start()

    def take(self, ids: list[str], rows: list[dict[str, Any]]) -> None:
        try:
            self.queue.put_nowait(json.dumps([ids, rows]))
        except queue.Full:
            self.left_out(len(ids))

    def _send(self) -> None:
        while (line := self.queue.get()) is not None:
            try:
                self.input.write(line + "\n")
                self.input.flush()
            except OSError:
                logger.error("the shadow %s has ended; its answers are no longer logged", self.version)
                return
        self.input.close()

    def _receive(self) -> None:
        for line in self.output:
            try:
                self.log.write_shadow([(id_, json.dumps({self.version: answer})) for id_, answer in json.loads(line)])
            except LogError as error:
                logger.error("the shadow's answers are not logged: %s", error)

    def close(self) -> None:
        with contextlib.suppress(queue.Full):  # of a shadow that has ended nobody reads it
            self.queue.put(None, timeout=5)
        for thread in self.threads:
            thread.join(timeout=10)
        self.process.terminate()
        self.process.wait()


def main(folder: str, version: str) -> None:
    """The shadow's own side: a line [ids, rows] in, a line [[id, answer], …] out."""
    try:
        bundle = Bundle(folder, version)
        if faults := bundle.faults():
            raise BundleError(bundle.folder, faults)
    except BundleError as error:
        sys.exit(f"error: {error}")
    print("ready", flush=True)
    names = list(bundle.predictor.readers)
    for line in sys.stdin:
        ids, rows = json.loads(line)
        rows = [{name: row.get(name) for name in names} for row in rows]  # its columns may be others
        try:
            answers = bundle.predictor.answers(rows).tolist()
        except (ValueError, TypeError):  # a column that has changed its type
            answers = [None] * len(ids)
        print(json.dumps(list(zip(ids, answers, strict=True))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
