"""Released: a bundle that is asked, with its own code, in a process of its own.

A model file holds no code. What answers for a released model is the code that it was released with, whatever the work tree
has become since: else one edited line of custom/features.py changes the champion's figures, and with them the verdict of
the gate and of the monitor. The process is `lifecycle/model/answering.py`, which knows bundles of earlier layouts too.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_json
from lifecycle.model.store import BundleError, check_files, check_identity, own_code
from lifecycle.table.contract import MODEL, read_contract

WORKER = Path(__file__).with_name("answering.py")
BATCH = 10_000  # rows that are sent at a time


class Released:
    """A verified bundle. `contract` and `facts` (candidate.json) are read here, without its code; `task`, `classes`, `n_rows` (learned from),
    `columns` (that it looks at).

    Rows are cells as a table has them (text) or as a client sends them (numbers, true and false, text, ISO dates, None),
    in a frame that may have other columns too; the bundle reads them by its own contract. Use it in a `with`, or `close` it.
    Raises UserError where the folder is not the one that its pointer names, a file is not the one that the manifest names, or
    the bundle cannot be loaded here.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        check_identity(self.folder)
        try:
            check_files(self.folder)
        except BundleError as error:
            raise UserError(str(error)) from None
        self.read_facts()
        self._process: subprocess.Popen[bytes] | None = None
        self._place = tempfile.TemporaryDirectory(prefix="released-", ignore_cleanup_errors=True)
        try:
            told = self._start()
        except BaseException:
            self.close()
            raise
        self.classes: list[str] = told["classes"]

    def read_facts(self) -> None:
        """What its files say, without its code."""
        self.contract = read_contract(self.folder / "contract.yaml")
        self.facts: dict[str, Any] = read_json(self.folder / "candidate.json")
        self.task: str = self.facts["task"]
        self.n_rows: int = self.facts.get("n_rows", 0)
        self.columns = self.contract.names(MODEL)

    def predictions(self, rows: pd.DataFrame) -> np.ndarray:
        """What metrics compare: probabilities (n, k) in the order of `classes`, or values (n,)."""
        sent = rows[[name for name in self.columns if name in rows]]
        parts = [self._ask({"n": n, "rows": cells})["answers"] for n, cells in batches(sent)]
        predicted = np.array([one for part in parts for one in part], dtype=float)
        return predicted.reshape(len(rows), *((len(self.classes),) if self.classes else ()))

    def certainty(self, rows: pd.DataFrame) -> np.ndarray | None:
        """(n, 2) intervals of values or (n, k) of bool, the sets of classes that may be right; None where it has none, as before 0.3."""
        sent = rows[[name for name in self.columns if name in rows]]
        found: list[Any] = []
        for n, cells in batches(sent):
            part = self._ask({"n": n, "rows": cells, "sure": True}).get("sure")
            if part is None:
                return None
            found += part
        return np.array(found, dtype=bool if self.classes else float)

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities, shape (n, k), columns in the order of `classes`; for a classification."""
        if not self.classes:
            raise UserError(f"{self.folder} predicts numbers, so that it has no probabilities")
        return self.predictions(rows)

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Labels (str) by its own threshold, or values (float); shape (n,)."""
        return self.decide(self.predictions(rows))

    def decide(self, prediction: np.ndarray) -> np.ndarray:
        """What `predict` says where its `prediction` (probabilities or values) is known already."""
        if not self.classes:
            return prediction
        if not len(prediction):
            return np.empty(0, dtype=object)
        return np.array(self._ask({"decide": prediction.tolist()})["labels"], dtype=object)

    # ---- the process ----------------------------------------------------------------------------------------------

    def _start(self) -> dict[str, Any]:
        place = Path(self._place.name)
        self._errors = (place / "errors.txt").open("wb+")
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(self.folder.resolve())],
            cwd=place,  # a file of the work tree that is called as a module must not be found
            env={**os.environ, **own_code(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        return self._receive()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        if self._process is None or self._process.stdin is None:
            raise ValueError(f"{self.folder} was closed")
        with contextlib.suppress(OSError):  # it has ended; what it said last tells why
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line.endswith(b"\n") else {"error": self._last_words()}
        if "error" in answer:
            raise UserError(f"{self.folder} cannot be asked: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        assert self._process is not None
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"its process ended with status {status}"

    def close(self) -> None:
        """End the process; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it holds nothing that could be lost
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what could not be written to a process that had ended
                        stream.close()
            self._errors.close()
        self._place.cleanup()

    def __enter__(self) -> Released:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def batches(rows: pd.DataFrame) -> Iterator[tuple[int, dict[str, list[Any]]]]:
    """(number of rows, {column: cells}) of each part."""
    for start in range(0, len(rows), BATCH):
        part = rows.iloc[start : start + BATCH]
        yield len(part), {str(name): cells(part[name]) for name in part}


def cells(values: pd.Series) -> list[Any]:
    """JSON cells, None where missing."""
    return [None if missing else cell for cell, missing in zip(values.tolist(), values.isna(), strict=True)]
