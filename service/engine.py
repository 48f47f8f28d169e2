"""Engine: one thread that types, answers and logs all rows waiting at once, and then tells those who asked.

No request waits for others to come: while one batch is answered the next one gathers. A request is answered only after its
rows are in the log.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from service.bundle import Bundle
from service.log import LogError, PredictionLog, new_ids

BATCH_ROWS = 4096  # gathered at most; a single request may be larger


@dataclass
class Work:
    rows: list[dict[str, Any]]
    request: str
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future
    outcome: Any = None
    faults: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Answered:
    """What one request gets: `answers` (n, k) or (n,), `labels`, `flags` {column: kind} of each row, `ids`."""

    ids: list[str]
    answers: np.ndarray
    labels: list[Any]
    flags: list[dict[str, str]]
    logged: bool = True


class Unreadable(Exception):
    """Cells of the right JSON type that are not what the contract says: `faults` by row and column."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        self.faults = faults


class Busy(Exception):
    """More rows wait than are taken on."""


class Engine:
    def __init__(
        self, bundle: Bundle, log: PredictionLog | None, log_required: bool, max_waiting: int, observe: Any
    ) -> None:
        self.bundle, self.log, self.log_required, self.max_waiting = bundle, log, log_required, max_waiting
        self.observe = observe  # called with (rows, seconds of the model, seconds of the log, flags)
        self.after: Any = None  # called with (ids, rows) of what was logged; a shadow listens here
        self.log_fault = ""
        self.waiting = 0
        self.queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self.says = {f["name"]: _wanted(f) for f in bundle.contract["fields"]}
        self.thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self.thread.start()

    async def answer(self, rows: list[dict[str, Any]], request: str) -> Answered:
        """Raises Unreadable, Busy or LogError."""
        if self.waiting + len(rows) > self.max_waiting and self.waiting:
            raise Busy
        loop = asyncio.get_running_loop()
        work = Work(rows, request, loop, loop.create_future())
        self.waiting += len(rows)
        self.queue.put(work)
        try:
            return await work.future
        finally:
            self.waiting -= len(rows)

    def close(self) -> None:
        self.queue.put(None)
        self.thread.join(timeout=30)

    def _run(self) -> None:
        while (first := self.queue.get()) is not None:
            works, n = [first], len(first.rows)
            while n < BATCH_ROWS:
                try:
                    more = self.queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self.queue.put(None)
                    break
                works.append(more)
                n += len(more.rows)
            self._finish(works)

    def _finish(self, works: list[Work]) -> None:
        try:
            self._answer(works)
        except Exception as error:
            # one strange request must not take its neighbours along
            for work in works:
                if len(works) > 1:
                    self._finish([work])
                else:
                    work.outcome = error
            if len(works) > 1:
                return
        by_loop: dict[Any, list[Work]] = {}
        for work in works:
            by_loop.setdefault(work.loop, []).append(work)
        for loop, theirs in by_loop.items():
            loop.call_soon_threadsafe(_tell, theirs)

    def _answer(self, works: list[Work]) -> None:
        started = time.perf_counter()
        predictor, model = self.bundle.predictor, self.bundle.model
        typed = predictor.typed([row for work in works for row in work.rows])
        starts = np.cumsum([0] + [len(work.rows) for work in works])
        flags: list[dict[str, str]] = [{} for _ in range(starts[-1])]
        for flag in typed.flags:
            flags[flag.row][flag.column] = flag.kind
            if flag.kind == "corrupt":
                owner = int(np.searchsorted(starts, flag.row, side="right")) - 1
                works[owner].faults.append(
                    {"row": flag.row - int(starts[owner]), "column": flag.column, "fault": self.says[flag.column]}
                )
        good = [i for i, work in enumerate(works) if not work.faults]
        for work in works:
            if work.faults:
                work.outcome = Unreadable(sorted(work.faults, key=lambda f: f["row"]))
        if not good:
            return
        columns = typed.columns
        if len(good) < len(works):
            kept = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in good])
            columns = {name: values[kept] for name, values in columns.items()}
        answers = model.answers(columns)
        if not np.isfinite(answers).all():
            raise ValueError("the model gives no number")
        labels = model.decide(answers).tolist()
        answered, logged_at = time.perf_counter(), datetime.now(UTC).replace(tzinfo=None)
        ids, at, records = new_ids(len(labels)), 0, []
        for i in good:
            work, n = works[i], len(works[i].rows)
            here = slice(at, at + n)
            work.outcome = Answered(ids[here], answers[here], labels[here], flags[starts[i] : starts[i + 1]])
            if self.log:
                records += [
                    {
                        "id": id_,
                        "time": logged_at,
                        "version": self.bundle.version,
                        "request": work.request,
                        "row": _text(row),
                        "flags": _text(found) if found else "{}",
                        "answer": _text(answer),
                        "label": _text(label),
                    }
                    for id_, row, found, answer, label in zip(
                        ids[here], work.rows, work.outcome.flags, answers[here].tolist(), labels[here], strict=True
                    )
                ]
            at += n
        self._log(records, [works[i] for i in good])
        done = time.perf_counter()
        self.observe(len(labels), answered - started, done - answered, typed.flags)
        if self.after and not self.log_fault:
            self.after(ids, [row for i in good for row in works[i].rows])

    def _log(self, records: list[dict[str, Any]], works: list[Work]) -> None:
        if not self.log:
            return
        try:
            self.log.write(records)
            self.log_fault = ""
        except LogError as error:
            self.log_fault = str(error)
            for work in works:
                if self.log_required:
                    work.outcome = error
                else:
                    work.outcome.logged = False


def _tell(works: list[Work]) -> None:
    for work in works:
        if work.future.done():  # the client has gone
            continue
        if isinstance(work.outcome, Exception):
            work.future.set_exception(work.outcome)
        else:
            work.future.set_result(work.outcome)


def _text(value: Any) -> str:
    return to_json(value).decode()


def _wanted(field: dict[str, Any]) -> str:
    if field["type"] == "boolean":
        return (
            f"takes true or false, {', '.join(map(repr, field['trueValues'][:2] + field['falseValues'][:2]))}, or null"
        )
    if field["type"] in ("date", "datetime"):
        return f"is not a {field['type']}; write it like 2026-05-31" + (
            "T08:30:00" if field["type"] == "datetime" else ""
        )
    return "holds a NUL character, or cannot be read"
