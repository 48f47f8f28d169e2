"""Engine: types, answers and logs the rows waiting at once, and then tells those who asked.

No request waits for others to come: while one batch is answered the next one gathers. A request is answered only after its
rows are in the log. A long request is cut into slices that take turns: between two of them, the short requests that came
meanwhile are answered, and one slice of each other long one.

All of this happens in the event loop, a batch in each of its rounds. A thread beside it would have to take the interpreter
from the loop and the loop from the thread, which costs more than a row's answer, and up to 5 ms for each word that the loop
has with the system. What may have to wait for somebody else has a thread: a log that is on a server, is written to the disk
each time, or is just being written by another process, and a model with the user's own features.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import functools
import logging
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from lifecycle.table.contract import Field
from lifecycle.table.row_reader import Flag
from service.bundle import Bundle
from service.log import LogError, PredictionLog, new_ids
from service.measures import Measures
from service.predictor import Typed, certainty

logger = logging.getLogger("uvicorn.error")

SLICE = 128  # rows answered at once: more would keep others waiting, fewer cost more a row
SHORT = 32  # a request of more rows takes turns
LOGGED_AT_ONCE = 16  # batches that had to wait for the log and are written together

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
    tell: Callable[[Any], None]  # called with the outcome, in the event loop
    purpose: Purpose = Purpose.ANSWER
    in_turn: bool = False  # one slice of several, or no request at all: short ones go first
    outcome: Any = None  # None: not yet


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


@dataclass
class Unlogged:
    """Answers that are to be logged, before those who asked are told. `seconds`: what typing and answering took."""

    works: list[Work]
    answered: list[Answered]
    rows: list[Row]
    flags: list[Flag]
    seconds: float
    records: list[dict[str, Any]]

    @property
    def rehearsed(self) -> bool:
        return self.works[0].purpose is Purpose.REHEARSE


@dataclass
class Waiting:
    """What waits in one event loop: for its turn, and for the log."""

    short: deque[Work] = field(default_factory=deque)
    long: deque[Work] = field(default_factory=deque)
    planned: bool = False  # the next turn is, or one goes on in the thread
    was_short: bool = False  # the last turn
    looked_at: int = 0  # short ones there were in the last round
    alone: bool = True  # the last batch was of one request
    unlogged: list[Unlogged] = field(default_factory=list)
    logging: bool = False  # the thread is at it

    def gathers(self) -> bool:
        """Whether short ones came in the last round, so that the next one may bring more, which cost less together. One client
        alone is not made to wait for that."""
        come = len(self.short) - self.looked_at
        self.looked_at = len(self.short)
        return come > 0 and not self.alone and not self.long and len(self.short) < SLICE

    def next_turn(self) -> list[Work]:
        """Short ones first; one slice of a long one after each batch of them."""
        self.was_short = bool(self.short) and not (self.was_short and self.long)
        self.looked_at = 0
        if not self.was_short:
            return [self.long.popleft()]
        works = _batch(self.short)
        self.alone = len(works) == 1
        return works


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
        self.patient = (
            bundle.model.add_features is not None
        )  # the user's own code, which may wait for whatever it likes
        self.loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Waiting] = weakref.WeakKeyDictionary()
        self._start()

    def _start(self) -> None:
        self.closed = False
        self.thread = ThreadPoolExecutor(1, "engine")

    # ---- the askers' side: in the event loop

    async def answer(self, rows: list[Row], request: str) -> list[Answered]:
        """Slices of the request in their order. Raises Unreadable, Busy or LogError.

        A failure between two slices leaves the first ones in the log without an answer, as a kill would; there is never
        an answer without its row in the log.
        """
        if len(rows) > SHORT:
            return await self._answer_long(rows, request)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.ask(rows, request, functools.partial(_resolve, future))
        return [await future]

    def ask(self, rows: list[Row], request: str, tell: Callable[[Any], None]) -> None:
        """`tell` gets Answered of at most SHORT rows, Unreadable, LogError, or whatever broke. Raises Busy."""
        others = self.waiting - self.waiting_long  # long requests may fill their own room, not that of the short ones
        if others and others + len(rows) > self.max_waiting:
            raise Busy
        self.waiting += len(rows)

        def told(outcome: Any) -> None:
            self.waiting -= len(rows)
            tell(outcome)

        self._put(Work(rows, request, told))

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
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        tell = functools.partial(_resolve, future)
        self._put(Work(rows, request, tell, purpose, in_turn or purpose is not Purpose.ANSWER))
        return await future

    def _put(self, work: Work) -> None:
        if self.closed:  # an app may be stopped and started again
            self._start()
        loop = asyncio.get_running_loop()
        waiting = self.loops.get(loop)
        if waiting is None:
            waiting = self.loops[loop] = Waiting()
        (waiting.long if work.in_turn else waiting.short).append(work)
        self._plan(loop, waiting)

    def close(self) -> None:
        self.closed = True
        self.thread.shutdown()

    # ---- turns: in the event loop

    def _plan(self, loop: asyncio.AbstractEventLoop, waiting: Waiting) -> None:
        if not waiting.planned and (waiting.short or waiting.long):
            waiting.planned = True
            loop.call_soon(self._turn, loop, waiting)

    def _turn(self, loop: asyncio.AbstractEventLoop, waiting: Waiting) -> None:
        if waiting.gathers():
            loop.call_soon(self._turn, loop, waiting)
            return
        works = waiting.next_turn()
        if self.patient:
            self._in_thread(loop, lambda: self._deal_and_log(works), lambda: self._end_turn(loop, waiting, works))
            return
        for batch in self._deal(works):
            if not self._log_at_once(batch):
                waiting.unlogged.append(batch)
        self._end_turn(loop, waiting, works)
        self._log_the_others(loop, waiting)

    def _end_turn(self, loop: asyncio.AbstractEventLoop, waiting: Waiting, works: list[Work]) -> None:
        _tell(works)
        waiting.planned = False
        self._plan(loop, waiting)

    def _log_the_others(self, loop: asyncio.AbstractEventLoop, waiting: Waiting) -> None:
        """Batches that could not be logged at once, some together, in the thread; those that come meanwhile, after them."""
        if waiting.logging or not waiting.unlogged:
            return
        waiting.logging = True
        batches, waiting.unlogged = waiting.unlogged[:LOGGED_AT_ONCE], waiting.unlogged[LOGGED_AT_ONCE:]

        def written() -> None:
            for batch in batches:
                _tell(batch.works)
            waiting.logging = False
            self._log_the_others(loop, waiting)

        self._in_thread(loop, lambda: self._log_batches(batches), written)

    def _in_thread(self, loop: asyncio.AbstractEventLoop, do: Callable[[], None], then: Callable[[], None]) -> None:
        """`do` in the thread, after it `then` in the loop."""

        def ended(_: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(then)

        self.thread.submit(do).add_done_callback(ended)

    # ---- a batch: in the event loop or in the thread

    def _deal_and_log(self, works: list[Work]) -> None:
        batches = self._deal(works)
        if batches:
            self._log_batches(batches)

    def _deal(self, works: list[Work]) -> list[Unlogged]:
        """Works of one purpose get their outcome, but for those that are to be logged first."""
        try:
            batch = self._work(works)
        except Exception as error:
            if len(works) > 1:  # one strange request must not take its neighbours along
                return [batch for work in works for batch in self._deal([work])]
            works[0].outcome = error
            return []
        return [batch] if batch else []

    def _work(self, works: list[Work]) -> Unlogged | None:
        started = time.perf_counter()
        rows = [row for work in works for row in work.rows]
        typed = self.bundle.predictor.typed(rows)
        flags = _by_row(typed, len(rows))
        if works[0].purpose is Purpose.CHECK:
            works[0].outcome = self._faults(flags)
            return None
        columns = typed.columns
        if any(flag.kind == "corrupt" for flag in typed.flags):
            works, places = self._readable(works, flags)
            if not works:
                return None
            rows, flags = [rows[i] for i in places], [flags[i] for i in places]
            columns = {name: values[places] for name, values in columns.items()}
        answered = self._answered(works, columns, flags)
        seconds = time.perf_counter() - started
        records = self._records(works, answered) if self.log else []
        return Unlogged(works, answered, rows, typed.flags, seconds, records)

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

    # ---- the log

    def _log_at_once(self, batch: Unlogged) -> bool:
        """Whether the batch has its outcome; False: it must wait for the log."""
        started = time.perf_counter()
        if self.log and batch.rehearsed and self.log_required:
            return False
        if self.log and not batch.rehearsed:
            try:
                if not self.log.write_at_once(batch.records):
                    return False
            except Exception as error:
                self._not_logged(batch, error)
                return True
        self._logged(batch, time.perf_counter() - started)
        return True

    def _log_batches(self, batches: list[Unlogged]) -> None:
        """All of them get their outcome, however long that takes."""
        for batch in batches:
            if batch.rehearsed:
                self._rehearse(batch)
        batches = [batch for batch in batches if not batch.rehearsed]
        if not batches:
            return
        started = time.perf_counter()
        try:
            if self.log:
                self.log.write([record for batch in batches for record in batch.records])
        except Exception as error:
            for batch in batches:
                self._not_logged(batch, error)
            return
        seconds = (time.perf_counter() - started) / len(batches)
        for batch in batches:
            self._logged(batch, seconds)

    def _logged(self, batch: Unlogged, seconds: float) -> None:
        if batch.rehearsed:
            batch.works[0].outcome = batch.answered[0].answers
            return
        for work, answer in zip(batch.works, batch.answered, strict=True):
            work.outcome = answer
        if self.log:
            self.log_failed_at, self.log_written_at = -np.inf, time.monotonic()
        self._count(batch, seconds)
        if self.after:
            with _said("what was answered is not told to the shadow"):
                self.after([id_ for answer in batch.answered for id_ in answer.ids], batch.rows)

    def _not_logged(self, batch: Unlogged, error: Exception) -> None:
        """`error`: LogError, or what nobody thought of."""
        self.measures.log_failures.inc()
        refused = self.log_required or not isinstance(error, LogError)
        if refused:
            self.log_fault, self.log_failed_at = str(error), time.monotonic()
        for work, answer in zip(batch.works, batch.answered, strict=True):
            answer.logged = False
            work.outcome = error if refused else answer
        self._count(batch, 0.0)

    def _count(self, batch: Unlogged, seconds: float) -> None:
        with _said("an answer is not counted"):
            self.measures.batch_done(len(batch.rows), batch.seconds, seconds, batch.flags)

    def _rehearse(self, batch: Unlogged) -> None:
        """What is logged is taken back."""
        try:
            if self.log and self.log_required:
                self.log.rehearse(batch.records)
        except Exception as error:
            batch.works[0].outcome = error
            return
        self._logged(batch, 0.0)

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
        if work.outcome is None:  # not logged yet
            continue
        with _said("an answer could not be given"):  # the others are to be told all the same
            work.tell(work.outcome)


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    """What breaks here must keep nobody from an answer."""
    try:
        yield
    except Exception as error:
        logger.error(what, exc_info=error)


def _resolve(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():  # the client has gone
        return
    if isinstance(outcome, StopIteration):  # of the user's own features, maybe; a future takes none
        future.set_exception(RuntimeError("StopIteration"))
    elif isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


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
