"""Engine: one thread that types, answers and logs the rows waiting at once, and then tells those who asked.

No request waits for others to come: while one batch is answered the next one gathers. A request is answered only after its
rows are in the log. A long request is cut into slices that take turns: between two of them, the short requests that came
meanwhile are answered, and one slice of each other long one.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from lifecycle.table.contract import Field
from service.bundle import Bundle
from service.log import LogError, PredictionLog, new_ids
from service.measures import Measures
from service.predictor import Typed, certainty

SLICE = 128  # rows answered at once: more would keep others waiting, fewer cost more a row
SHORT = 32  # a request of more rows takes turns

Row = dict[str, Any]


class Purpose(enum.Enum):
    ANSWER = enum.auto()
    CHECK = enum.auto()  # only whether every cell can be read
    REHEARSE = enum.auto()  # as ANSWER, but what is logged is taken back


@dataclass
class Work:
    """Rows that one turn of the engine deals with; `outcome`: what their request gets, or an exception."""

    rows: list[Row]
    request: str
    future: asyncio.Future[Any]
    purpose: Purpose = Purpose.ANSWER
    in_turn: bool = False  # one slice of several, or no request at all: short ones go first
    outcome: Any = None


@dataclass
class Answered:
    """Rows of one request: `answers` of each k numbers or one, `labels`, `flags` {column: kind} of each row, `ids`. `sure`: [low, high] of a
    value, or the classes that may be the right one; None where the model does not say."""

    ids: list[str]
    answers: list[Any]
    labels: list[Any]
    flags: list[dict[str, str]]
    sure: list[list[Any]] | None = None
    logged: bool = True


class Unreadable(Exception):
    """Cells of the right JSON type that are not what the contract says: `faults` by row and column."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(faults)} cells cannot be read")
        self.faults = faults


class Busy(Exception):
    """More rows wait than are taken on."""


class Engine:
    """`after(ids, rows)`, where it is set, is called with what was logged; a shadow listens there."""

    def __init__(
        self, bundle: Bundle, log: PredictionLog | None, log_required: bool, max_waiting: int, measures: Measures
    ) -> None:
        self.bundle, self.log, self.log_required = bundle, log, log_required
        self.max_waiting, self.measures = max_waiting, measures
        self.after: Callable[[list[str], list[Row]], None] | None = None
        self.wanted = {field.name: _wanted(field) for field in bundle.contract.fields}
        self.log_written_at = -np.inf
        self.waiting = self.waiting_long = 0  # rows, of all requests and of the long ones
        self.log_fault, self.log_failed_at = "", -np.inf  # of the last answer that could not be logged, until one could
        self._start()

    def _start(self) -> None:
        self.closed = False
        self.queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self.thread.start()

    # ---- the askers' side: in the event loop

    async def answer(self, rows: list[Row], request: str) -> list[Answered]:
        """Slices of the request in their order. Raises Unreadable, Busy or LogError.

        A failure between two slices leaves the first ones in the log without an answer, as a kill would; there is never
        an answer without its row in the log.
        """
        if len(rows) > SHORT:
            return await self._answer_long(rows, request)
        others = self.waiting - self.waiting_long  # long requests may fill their own room, not that of the short ones
        if others and others + len(rows) > self.max_waiting:
            raise Busy
        self.waiting += len(rows)
        try:
            return [await self._ask(rows, request)]
        finally:
            self.waiting -= len(rows)

    async def _answer_long(self, rows: list[Row], request: str) -> list[Answered]:
        if self.waiting and self.waiting + len(rows) > self.max_waiting:
            raise Busy
        self.waiting += len(rows)
        self.waiting_long += len(rows)
        try:
            return await self._answer_in_turns(rows, request)
        finally:
            self.waiting -= len(rows)
            self.waiting_long -= len(rows)

    async def _answer_in_turns(self, rows: list[Row], request: str) -> list[Answered]:
        starts = range(0, len(rows), SLICE)
        if len(starts) > 1:  # a fault in the last row refuses the first, which must not be in the log by then
            faults = []
            for start in starts:
                found = await self._ask(rows[start : start + SLICE], request, Purpose.CHECK)
                faults += [{**fault, "row": fault["row"] + start} for fault in found]
            if faults:
                raise Unreadable(faults)
        return [await self._ask(rows[start : start + SLICE], request, in_turn=True) for start in starts]

    async def rehearse(self, rows: list[Row]) -> np.ndarray:
        """Answers of a request that is made in all its parts, up to the log's disk, and then taken back."""
        return np.array(await self._ask(rows, "rehearsal", Purpose.REHEARSE))

    async def _ask(
        self, rows: list[Row], request: str, purpose: Purpose = Purpose.ANSWER, in_turn: bool = False
    ) -> Any:
        if self.closed:  # an app may be stopped and started again
            self._start()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.queue.put(Work(rows, request, future, purpose, in_turn or purpose is not Purpose.ANSWER))
        return await future

    def close(self) -> None:
        self.closed = True
        self.queue.put(None)
        self.thread.join(timeout=30)

    # ---- the engine's side: in its thread

    def _run(self) -> None:
        short: deque[Work] = deque()
        turns: deque[Work] = deque()
        while self._take(short, turns):
            if short:
                self._finish(_batch(short))
            if turns:
                self._finish([turns.popleft()])

    def _take(self, short: deque[Work], turns: deque[Work]) -> bool:
        """What came meanwhile, sorted; waits where there is nothing to do. False: the service ends."""
        wait = not short and not turns
        while True:
            try:
                work = self.queue.get(block=wait)
            except queue.Empty:
                return True
            if work is None:
                return self._end(short, turns)
            (turns if work.in_turn else short).append(work)
            wait = False

    def _end(self, short: deque[Work], turns: deque[Work]) -> bool:
        while short:
            self._finish(_batch(short))
        while turns:
            self._finish([turns.popleft()])
        return False

    def _finish(self, works: list[Work]) -> None:
        """Works of one purpose get their outcome, and those who asked are told."""
        try:
            self._work(works)
        except Exception as error:
            if len(works) > 1:  # one strange request must not take its neighbours along
                for work in works:
                    self._finish([work])
                return
            works[0].outcome = error
        by_loop: dict[asyncio.AbstractEventLoop, list[Work]] = {}
        for work in works:
            by_loop.setdefault(work.future.get_loop(), []).append(work)
        for loop, theirs in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_tell, theirs)

    def _work(self, works: list[Work]) -> None:
        started = time.perf_counter()
        rows = [row for work in works for row in work.rows]
        typed = self.bundle.predictor.typed(rows)
        flags = _by_row(typed, len(rows))
        if works[0].purpose is Purpose.CHECK:
            works[0].outcome = self._faults(flags)
            return
        readable, places = works, list(range(len(rows)))
        if any(flag.kind == "corrupt" for flag in typed.flags):
            readable, places = self._readable(works, flags)
        if not readable:
            return
        columns = typed.columns
        if len(readable) < len(works):
            columns = {name: values[places] for name, values in columns.items()}
        answered = self._answered(readable, columns, [flags[i] for i in places])
        modelled = time.perf_counter()
        if works[0].purpose is Purpose.REHEARSE:
            self._rehearse(works[0], answered[0])
            return
        logged = self._log(readable, answered)
        self.measures.batch_done(len(places), modelled - started, time.perf_counter() - modelled, typed.flags)
        if self.after and logged:
            self.after([id_ for answer in answered for id_ in answer.ids], [rows[i] for i in places])

    def _readable(self, works: list[Work], flags: list[dict[str, str]]) -> tuple[list[Work], list[int]]:
        """Those of `works` whose every cell can be read, and the places of their rows; the others have their outcome."""
        readable: list[Work] = []
        places: list[int] = []
        for work, here in zip(works, _spans(works), strict=True):
            if faults := self._faults(flags[here]):
                work.outcome = Unreadable(faults)
            else:
                readable.append(work)
                places += range(here.start, here.stop)
        return readable, places

    def _faults(self, flags: list[dict[str, str]]) -> list[dict[str, Any]]:
        return [
            {"row": i, "column": column, "fault": self.wanted[column]}
            for i, found in enumerate(flags)
            for column, kind in found.items()
            if kind == "corrupt"
        ]

    def _answered(
        self, works: list[Work], columns: dict[str, np.ndarray], flags: list[dict[str, str]]
    ) -> list[Answered]:
        """One for each of `works`."""
        answers = self.bundle.model.predictions(columns)
        if not np.isfinite(answers).all():
            raise ValueError("the model gives no number")
        labels = self.bundle.model.decide(answers).tolist()
        ids = new_ids(len(labels))
        sure = certainty(self.bundle.model, columns, answers)
        numbers = answers.tolist()  # once for all: a slice of an array costs more than what is in it
        found = []
        for here in _spans(works):
            own = None if sure is None else sure[here]
            found.append(Answered(ids[here], numbers[here], labels[here], flags[here], own))
        return found

    def _log(self, works: list[Work], answered: list[Answered]) -> bool:
        """Give each of `works` its outcome once its rows are in the log, or what becomes of it where they are not."""
        for work, answer in zip(works, answered, strict=True):
            work.outcome = answer
        if not self.log:
            return True
        try:
            self.log.write(self._records(works, answered))
            self.log_failed_at, self.log_written_at = -np.inf, time.monotonic()
        except LogError as error:
            self.measures.log_failures.inc()
            for work in works:
                if self.log_required:
                    self.log_fault, self.log_failed_at = str(error), time.monotonic()
                    work.outcome = error
                else:
                    work.outcome.logged = False
            return False
        return True

    def _rehearse(self, work: Work, answered: Answered) -> None:
        if self.log and self.log_required:
            self.log.rehearse(self._records([work], [answered]))
        work.outcome = answered.answers

    def _records(self, works: list[Work], answered: list[Answered]) -> list[dict[str, Any]]:
        now, version = datetime.now(UTC).replace(tzinfo=None), self.bundle.version
        records = []
        for work, part in zip(works, answered, strict=True):
            for i, id_ in enumerate(part.ids):
                flags = part.flags[i]
                records.append(
                    {
                        "id": id_,
                        "time": now,
                        "version": version,
                        "request": work.request,
                        "row": _text(work.rows[i]),
                        "flags": _text(flags) if flags else "{}",
                        "answer": _text(part.answers[i]),
                        "label": _text(part.labels[i]),
                    }
                )
        return records


def _batch(short: deque[Work]) -> list[Work]:
    """The next ones of `short`, as many as fit into one turn."""
    works = [short.popleft()]
    n = len(works[0].rows)
    while short and n + len(short[0].rows) <= SLICE:
        works.append(short.popleft())
        n += len(works[-1].rows)
    return works


def _spans(works: list[Work]) -> list[slice]:
    """Where each work's rows lie among those of all."""
    spans, start = [], 0
    for work in works:
        spans.append(slice(start, start + len(work.rows)))
        start += len(work.rows)
    return spans


def _by_row(typed: Typed, n_rows: int) -> list[dict[str, str]]:
    flags: list[dict[str, str]] = [{} for _ in range(n_rows)]
    for flag in typed.flags:
        flags[flag.row][flag.column] = flag.kind
    return flags


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


def _wanted(field: Field) -> str:
    """What a cell of this column must be, as a refusal says it."""
    if field.type == "boolean":
        words = [*field.true_values[:2], *field.false_values[:2]]
        return f"takes true or false, {', '.join(map(repr, words))}, or null"
    if field.type == "date":
        return "is not a date; write it like 2026-05-31"
    if field.type == "datetime":
        return "is not a datetime; write it like 2026-05-31T08:30:00"
    return "holds a NUL character, or cannot be read"
