"""The prediction log: each answer with its row as received, and the true values that come back later, by the answer's id.

SQLite in a file (write-ahead log, so that it can be read while it is written) or PostgreSQL, by one URL; the same code.
What `write` has returned from is on its way to the disk, whatever happens to this process, and lies in the file that the
log's path names at that moment: where somebody has moved the file away meanwhile, it is written again to a new one.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
import operator
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger("uvicorn.error")
AT_ONCE_SECONDS = 0.001  # so short a time another process may be waited for where many others would wait, too
PAUSE_SECONDS = 0.0001  # between two looks whether it has ended
KEPT_SECONDS = 10  # how long a writer waits for another one, and for a server that does not answer

tables = sa.MetaData()
predictions = sa.Table(
    "predictions",
    tables,
    sa.Column("id", sa.String(32), primary_key=True),  # begins with its time: new ones come last
    sa.Column("time", sa.DateTime, nullable=False, index=True),  # UTC
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("request", sa.String(64), nullable=False),
    sa.Column("row", sa.Text, nullable=False),  # JSON, as received
    sa.Column("flags", sa.Text, nullable=False),  # JSON: {column: missing, unseen or out_of_range}
    sa.Column("answer", sa.Text, nullable=False),  # JSON: probabilities in the order of the classes, or the value
    sa.Column("label", sa.Text, nullable=False),  # JSON: what was said
    sa.Column("shadow", sa.Text),  # JSON: {version: answer} of one that runs beside
)
truths = sa.Table(
    "truths",
    tables,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(32), nullable=False, index=True),
    sa.Column("time", sa.DateTime, nullable=False),
    sa.Column("value", sa.Text, nullable=False),  # JSON; of several for one id the last counts
)

# what an answer writes, for SQLite
WRITTEN = ("id", "time", "version", "request", "row", "flags", "answer", "label")
PART = 128  # rows of one statement
_WRITTEN_OF = operator.itemgetter(*WRITTEN)
CHECKPOINT_PAGES = 2000  # that are written until they are brought from the write-ahead log into the file
LONG_PAGES = 20_000  # 80 MB, at which the write-ahead log is to begin anew


class LogError(Exception):
    """The log cannot be written or read: a short reason without addresses or passwords."""


_count = itertools.count()


def new_ids(n: int) -> list[str]:
    """32 hexadecimal digits: milliseconds, a running number, and 14 that nobody guesses. They sort in the order in which they
    were given, so that an index only grows at its end and the rows of one request stay in theirs."""
    now = f"{time.time_ns() // 1_000_000:012x}"
    drawn = secrets.token_hex(7 * n)
    return [f"{now}{next(_count) & 0xFFFFFF:06x}{drawn[14 * i : 14 * i + 14]}" for i in range(n)]


class PredictionLog:
    """`url`: sqlite:///PATH or postgresql://…; raises LogError where it cannot be opened."""

    def __init__(self, url: str, sync: str = "normal") -> None:
        try:
            address = sa.make_url(url)
        except SQLAlchemyError:
            raise LogError("PREDICTION_LOG is not an address; write sqlite:///PATH or postgresql://…") from None
        self.kind = address.get_backend_name()
        if self.kind not in ("sqlite", "postgresql"):
            raise LogError(f"PREDICTION_LOG names {self.kind}; sqlite and postgresql are supported")
        self.path = Path(address.database) if self.kind == "sqlite" and address.database else None
        self.beside = [f"{self.path}-wal", f"{self.path}-shm"]
        self.sync = sync
        self.quick = self.kind == "sqlite" and sync == "normal"  # writing is not waiting for a disk
        self.lock = threading.Lock()
        self.writer: sa.PoolProxiedConnection | None = None  # of a SQLite file, kept for `write`
        self.pages = 0  # written since the last checkpoint
        self.checkpoint: threading.Thread | None = None
        if self.kind == "sqlite":
            arguments = {"timeout": KEPT_SECONDS, "cached_statements": 2 * PART}
            self.engine = sa.create_engine(address, connect_args=arguments)
            sa.event.listen(self.engine, "connect", self._pragmas)
        else:
            seconds = {"connect_timeout": KEPT_SECONDS, "options": f"-c statement_timeout={KEPT_SECONDS}s"}
            self.engine = sa.create_engine(
                address.set(drivername="postgresql+psycopg"), connect_args=seconds, pool_pre_ping=True
            )
        # an answer may be written twice where a connection breaks after the commit: the second time says nothing
        self.add = postgresql.insert(predictions).on_conflict_do_nothing(index_elements=["id"])
        with self._errors():
            self._open()

    def _open(self) -> None:
        """Make the tables where they are missing, and see that those that are there are ours."""
        if self.path:
            _make_folder(self.path.parent)
        # several workers start at once
        lock = "BEGIN IMMEDIATE" if self.kind == "sqlite" else "SELECT pg_advisory_xact_lock(7041)"
        with self.engine.connect() as connection:
            connection.exec_driver_sql(lock)
            tables.create_all(connection)
            found = sa.inspect(connection)
            for table in tables.sorted_tables:
                there = {column["name"] for column in found.get_columns(table.name)}
                lacking = [column.name for column in table.columns if column.name not in there]
                if lacking:
                    raise LogError(
                        f"the prediction log ({self.kind}) is of another version: its table {table.name} has no column "
                        f"{lacking[0]}; name another PREDICTION_LOG, or move the old one away"
                    )
            connection.commit()

    def _pragmas(self, connection: Any, record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self.sync.upper()}")
        connection.execute("PRAGMA secure_delete=ON")  # what is forgotten is not left in free pages
        record.info["file"] = _identity(self.path)

    def _errors(self) -> _Errors:
        return _Errors(self)

    def write(self, answers: list[dict[str, Any]]) -> None:
        """All of them or none, in one transaction; each has the columns of `predictions`."""
        if self.kind == "sqlite":
            with self.lock, self._errors():
                written = self._written(answers, KEPT_SECONDS)
                if written is None:
                    raise LogError(f"the prediction log (sqlite) was locked for {KEPT_SECONDS} seconds")
                if written:
                    return
        self._transact(lambda c: self._add(c, answers))

    def write_at_once(self, answers: list[dict[str, Any]]) -> bool:
        """`write` where nobody has to be waited for: not another process that writes, nor a server, nor the disk. False: nothing is
        written."""
        if not self.quick or not self.lock.acquire(blocking=False):
            return False
        try:
            with self._errors():
                return self._written(answers, AT_ONCE_SECONDS) or False
        finally:
            self.lock.release()

    def _written(self, answers: list[dict[str, Any]], patience: float) -> bool | None:
        """By the driver alone, on a connection that is kept: what SQLAlchemy does about them takes longer than writing the rows.
        False: they are to be written anew, since the file that the path names is another one now, or has no tables.
        None: another one was writing for `patience` seconds, or there is more to be waited for."""
        try:
            if not _added(self._driver(), answers, patience):
                return None
        except sqlite3.Error as error:
            self._let_go()
            if "no such table" in str(error):
                return False
            raise LogError(f"the prediction log (sqlite) does not answer: {error}") from error
        assert self.writer
        if not self._moved(self.writer.info):
            self._checkpoint_after(len(answers))
            return True
        if patience < KEPT_SECONDS:  # a checkpoint may be under way, which is to be waited for
            return None
        # what was written stays with the file that was moved; closing it does not do that any more
        with contextlib.suppress(sqlite3.Error):
            driver = self._driver()
            driver.execute(f"PRAGMA busy_timeout={1000 * KEPT_SECONDS}")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._reopen()
        return False

    def _driver(self) -> sqlite3.Connection:
        """The connection that is kept. It does not wait for others by itself, which SQLite does in steps of up to 100 ms, and
        never for the disk."""
        made = self.writer is None
        self.writer = self.writer or self.engine.raw_connection()
        driver: Any = self.writer.driver_connection
        if made:
            driver.isolation_level = None
            driver.execute("PRAGMA busy_timeout=0")
            driver.execute("PRAGMA wal_autocheckpoint=0")
        return driver

    def _checkpoint_after(self, rows: int) -> None:
        """Once in a while what was written is brought into the file: in a thread, since that waits for the disk."""
        self.pages += 3 + rows // 3  # about; each of the table, of the ids and of the times has a last one
        if self.pages < CHECKPOINT_PAGES or (self.checkpoint and self.checkpoint.is_alive()):
            return
        self.pages = 0
        self.checkpoint = threading.Thread(target=self._checkpoint, name="checkpoint", daemon=True)
        self.checkpoint.start()

    def _checkpoint(self) -> None:
        """While others write, so that a few pages are left; where none are, the next writer begins the write-ahead log anew. Where
        it has grown long all the same, since somebody always writes, they wait for the rest of it."""
        with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
            connection = self.engine.raw_connection()
            try:
                driver: Any = connection.driver_connection
                # of what was written since it began it says nothing
                _, written, _ = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if written > LONG_PAGES:
                    # what came meanwhile, so that little is left to wait for
                    driver.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    driver.execute("PRAGMA busy_timeout=20")  # for whoever reads an old state
                    with self.lock:
                        driver.execute("PRAGMA wal_checkpoint(RESTART)")
            finally:
                connection.invalidate()

    def _let_go(self) -> None:
        """Close the connection that is kept, with what it has begun."""
        if self.writer:
            self.writer.invalidate()
        self.writer = None

    def _add(self, connection: sa.Connection, answers: list[dict[str, Any]]) -> None:
        if self.kind == "postgresql":
            connection.execute(self.add, answers)
        else:
            for statement, values in _inserts(answers):
                connection.exec_driver_sql(statement, values)

    def rehearse(self, answers: list[dict[str, Any]], times: int = 20) -> None:
        """Write `answers` so often, down to the disk, and take them back. Raises LogError where `write` would."""
        records = [{**answer, "id": id_} for answer in answers for id_ in new_ids(times)]

        def write(connection: sa.Connection) -> None:
            if self.kind == "postgresql":
                self._add(connection, records)
                return
            # what does not fit into the cache goes to the disk before it is committed
            connection.exec_driver_sql("PRAGMA cache_size=1")
            try:
                self._add(connection, records)
            finally:
                connection.exec_driver_sql("PRAGMA cache_size=-2000")

        self._transact(write, keep=False)

    def write_truths(self, values: list[dict[str, Any]]) -> list[str]:
        """Labels [{id, value}]; nothing is written, and the ids are returned, where any of them is not in the log."""
        now = _now()
        records = [{"id": v["id"], "time": now, "value": json.dumps(v["value"])} for v in values]

        def write(connection: sa.Connection) -> list[str]:
            ids = [r["id"] for r in records]
            known = {
                i
                for part in _parts(ids)
                for (i,) in connection.execute(sa.select(predictions.c.id).where(predictions.c.id.in_(part)))
            }
            unknown = [i for i in dict.fromkeys(ids) if i not in known]
            if not unknown:
                connection.execute(sa.insert(truths), records)
            return unknown

        return self._transact(write)

    def write_shadow(self, answers: list[tuple[str, str]]) -> None:
        """(id, JSON) of another version's answers, beside those that were given."""
        change = (
            sa.update(predictions).where(predictions.c.id == sa.bindparam("key")).values(shadow=sa.bindparam("other"))
        )
        self._transact(lambda c: c.execute(change, [{"key": i, "other": a} for i, a in answers]))

    def forget(self, ids: list[str]) -> int:
        """Remove these answers with their true values; how many there were. No trace of them is left in the file."""
        if not ids:
            return 0

        def remove(connection: sa.Connection) -> int:
            n = 0
            for part in _parts(ids):
                connection.execute(sa.delete(truths).where(truths.c.id.in_(part)))
                n += connection.execute(sa.delete(predictions).where(predictions.c.id.in_(part))).rowcount
            return n

        n = self._transact(remove)
        if self.kind == "sqlite":
            with self.lock, self._errors(), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return n

    def forget_days_before(self, day: str) -> int:
        """Remove all answers of the UTC days before `day`, some at a time, so that answers are written between."""
        old = sa.select(predictions.c.id).where(predictions.c.time < datetime.fromisoformat(day))
        n = 0
        while True:
            with self._errors(), self.engine.connect() as connection:
                ids = [id_ for (id_,) in connection.execute(old.limit(1000))]
            if not ids:
                return n
            n += self.forget(ids)

    def find(self, column: str, text: str) -> list[str]:
        """Ids of the answers to rows whose cell in `column`, as received, reads `text`."""
        found = []
        query = sa.select(predictions.c.id, predictions.c.row).execution_options(yield_per=20_000)
        with self._errors(), self.engine.connect() as connection:
            for id_, row in connection.execute(query):
                cell = json.loads(row).get(column)
                if cell is not None and (cell == text or json.dumps(cell) == text):
                    found.append(id_)
        return found

    def days(self) -> list[str]:
        """UTC days that have answers."""
        with self._errors(), self.engine.connect() as connection:
            ends = connection.execute(sa.select(sa.func.min(predictions.c.time), sa.func.max(predictions.c.time))).one()
            if ends[0] is None:
                return []
            day = (
                sa.func.substr(predictions.c.time, 1, 10)
                if self.kind == "sqlite"
                else sa.func.to_char(predictions.c.time, "YYYY-MM-DD")
            )
            return sorted(d for (d,) in connection.execute(sa.select(day).distinct()))

    def read_day(self, day: str, chunk: int = 20_000) -> Iterator[list[dict[str, Any]]]:
        """The day's answers in their order, each with its last true value (`truth`, JSON or None)."""
        start = datetime.fromisoformat(day)
        end = datetime.fromordinal(start.toordinal() + 1)
        last = sa.select(truths.c.id, sa.func.max(truths.c.number).label("number")).group_by(truths.c.id).subquery()
        joined = predictions.outerjoin(last, last.c.id == predictions.c.id).outerjoin(
            truths, truths.c.number == last.c.number
        )
        query = (
            sa.select(predictions, truths.c.value.label("truth"))
            .select_from(joined)
            .where(predictions.c.time >= start, predictions.c.time < end)
            .order_by(predictions.c.time, predictions.c.id)
            .execution_options(yield_per=chunk)
        )
        with self._errors(), self.engine.connect() as connection:
            for part in connection.execute(query).mappings().partitions():
                yield [dict(row) for row in part]

    def count(self) -> int:
        with self._errors(), self.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(predictions)).scalar_one()

    def close(self) -> None:
        if self.checkpoint:
            self.checkpoint.join()
        self._let_go()
        self.engine.dispose()

    def _transact(self, work: Callable[[sa.Connection], Any], keep: bool = True) -> Any:
        """Run `work` in a transaction; once more on a new connection where the first one turns out to be dead, or its
        file is no longer what the log's path names."""
        with self.lock, self._errors():
            for last in (False, True):
                try:
                    with self.engine.connect() as connection:
                        result = work(connection)
                        if keep:
                            connection.commit()
                        else:
                            connection.rollback()
                        if not self._moved(connection.info):
                            return result
                        # what was written stays with the file that was moved; closing it does not do that any more
                        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._reopen()
                except sa.exc.DBAPIError as error:
                    empty = "no such table" in str(
                        error.orig
                    )  # SQLite makes a file that is not there, with nothing in it
                    if last or not (error.connection_invalidated or empty):
                        raise
                    self.engine.dispose()
                    if empty:
                        self._open()
        raise LogError("the prediction log (sqlite) is moved away again and again")

    def _moved(self, info: dict[str, Any]) -> bool:
        """Whether the file, or one of those that SQLite keeps beside it, is not the one that a connection writes to; `info`:
        what is known of that one."""
        if not self.path:
            return False
        if info["file"] is None or _identity(self.path) != info["file"]:
            return True
        beside = [_identity(path) for path in self.beside]
        return beside != info.setdefault("beside", beside)

    def _reopen(self) -> None:
        logger.error("the prediction log %s was moved or removed; a new one begins in its place", self.path)
        self._let_go()
        self.engine.dispose()
        self._open()


def _added(driver: Any, answers: list[dict[str, Any]], patience: float) -> bool:
    """All in one transaction; False: nothing, since another one was writing for `patience` seconds."""
    statements = list(_inserts(answers))
    if len(statements) == 1:  # which is a transaction by itself
        return _done(driver, *statements[0], patience=patience)
    if not _done(driver, "BEGIN IMMEDIATE", patience=patience):
        return False
    for statement, values in statements:
        driver.execute(statement, values)
    driver.execute("COMMIT")
    return True


def _done(driver: Any, statement: str, values: tuple[Any, ...] = (), *, patience: float) -> bool:
    """Whether a transaction could begin with it; in `patience` seconds no other one may have ended."""
    until = time.monotonic() + patience
    while True:
        try:
            driver.execute(statement, values)
            return True
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE_SECONDS)


def _inserts(answers: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Statements, each of many rows: the driver lets go of the interpreter, and waits for it, once in each."""
    for start in range(0, len(answers), PART):
        part = answers[start : start + PART]
        yield _statement(len(part)), _values(part)


@functools.cache
def _statement(rows: int) -> str:
    one = f"({', '.join('?' * len(WRITTEN))})"
    values = ", ".join([one] * rows)
    return f"INSERT INTO predictions ({', '.join(WRITTEN)}) VALUES {values} ON CONFLICT (id) DO NOTHING"


def _values(answers: list[dict[str, Any]]) -> tuple[Any, ...]:
    """As the driver takes them, one after the other."""
    values: list[Any] = []
    last, text = None, ""
    for answer in answers:
        id_, moment, *rest = _WRITTEN_OF(answer)
        if moment is not last:  # those of one batch have the same
            last, text = moment, moment.isoformat(" ", "microseconds")
        values += (id_, text, *rest)
    return tuple(values)


def _identity(path: Path | str | None) -> tuple[int, int] | None:
    """What a path names at this moment."""
    try:
        found = os.stat(path or "")
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Errors:
    """Turns the library's errors into LogError, without statement, parameters or address."""

    def __init__(self, log: PredictionLog) -> None:
        self.log = log

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, _: Any) -> None:
        if isinstance(error, SQLAlchemyError):
            detail = str(getattr(error, "orig", error)).strip().splitlines()
            said = detail[0] if self.log.kind == "sqlite" and detail else type(getattr(error, "orig", error)).__name__
            raise LogError(f"the prediction log ({self.log.kind}) does not answer: {said}") from error


def _parts(values: list[str], size: int = 500) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"the prediction log's folder cannot be made: {error.strerror}") from error
