"""One person's rows leave the prediction log, the batches in data/live and the scored tables in data/scored.

    python -m actions.forget --id ID [--id ID ...]            answers, by the id that each was given
    python -m actions.forget --where COLUMN=VALUE             rows whose cell in COLUMN, as received, is VALUE

The log is the one that the service writes (PREDICTION_LOG). The table that the model was trained on, released models and
what DVC has in its cache and remotes are other places: each is yours to change, and this says so.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actions.score import SCORED
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import replacing
from lifecycle.monitor.batches import LIVE, batch_files
from lifecycle.table.contract import read_contract
from lifecycle.table.formats import open_file
from lifecycle.table.names import SOURCE
from lifecycle.table.read import ReadOptions, TableFile, open_table
from lifecycle.table.records import record
from service.log import LogError, PredictionLog
from service.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

CONTRACT = Path("data/contract.yaml")
LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True)
class Person:
    """Rows to forget: answers of these `ids`, and rows whose cell in `column` reads `value`."""

    ids: frozenset[str]
    column: str = ""
    value: str = ""

    def rows(self, frame: pd.DataFrame) -> pd.Series:
        """Mask of their rows."""
        import pandas as pd

        gone = pd.Series(False, index=frame.index)
        if "__id__" in frame:
            gone |= frame["__id__"].isin(self.ids)
        if self.column in frame:
            gone |= frame[self.column].astype(str).str.strip() == self.value.strip()
        return gone


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.forget", description="one person's rows leave the log")
    parser.add_argument("--id", action="append", default=[], help="of an answer; may be given several times")
    parser.add_argument("--where", default="", help="COLUMN=VALUE")
    given = parser.parse_args()
    if not given.id and not given.where:
        raise UserError("nothing to forget; name --id ID, or --where COLUMN=VALUE")
    column, equals, value = given.where.partition("=")
    if given.where and not (column and equals):
        raise UserError(f"--where is {given.where!r}; write it as COLUMN=VALUE")
    try:
        log = PredictionLog(Settings.from_environment().PREDICTION_LOG)
        ids = list(dict.fromkeys([*given.id, *(log.find(column, value) if column else [])]))
        n_log = log.forget(ids)
        log.close()
    except LogError as error:
        raise UserError(str(error)) from None
    person = Person(frozenset(ids), column, value)
    counts = []
    stuck: list[str] = []
    for folder in (LIVE, SCORED):
        n = 0
        for path in batch_files(folder):
            try:
                n += forget_in(path, person)
            except UserError as error:
                stuck.append(str(error))
        counts.append(f"{n} of {folder.as_posix()}")
    print(
        f"forget: {n_log} rows of the prediction log, {' and '.join(counts)} are gone; "
        "not looked into: data/raw, models, DVC's cache"
    )
    if stuck:
        raise UserError("; ".join(stuck))


def forget_in(path: Path, person: Person) -> int:
    """Take the person's rows out of one table; how many there were. UserError where the table has to be changed by hand."""
    kind, file = open_file(path)
    file.close()
    if kind == "parquet":
        return _out_of_parquet(path, person)
    table = open_table(path, path.name, _options())
    lines, n = _lines_of(table, person)
    if not lines:
        return 0
    if len(lines) == n:
        path.unlink()
        return n
    by_hand = UserError(
        f"{path} has {len(lines)} of these rows and cannot be changed here; take them out, or save it as CSV and ask again"
    )
    if kind == "workbook" or _is_packed(path):
        raise by_hand
    with replacing(path) as beside:
        _write_without(table, lines, beside)
        if not _is_without(beside, path.name, person, n - len(lines)):
            raise by_hand
    return len(lines)


def _is_without(path: Path, name: str, person: Person, n_wanted: int) -> bool:
    """Whether a reader now finds all rows but theirs: in a list of JSON, say, a line is no row."""
    try:
        left, n = _lines_of(open_table(path, name, _options()), person)
    except UserError:
        return False
    return not left and n == n_wanted


def _out_of_parquet(path: Path, person: Person) -> int:
    import pandas as pd

    frame = pd.read_parquet(path)
    gone = person.rows(frame)
    if not gone.any():
        return 0
    if gone.all():
        path.unlink()
        return len(frame)
    with replacing(path) as beside:
        frame[~gone].to_parquet(beside, index=False)
    return int(gone.sum())


def _lines_of(table: TableFile, person: Person) -> tuple[set[int], int]:
    """(the lines on which the person's rows begin, how many rows the table has)."""
    lines: set[int] = set()
    n = 0
    for part in table.parts():
        frame = part.table.rename_columns([*table.names, SOURCE]).to_pandas()
        n += len(frame)
        found = frame[SOURCE][person.rows(frame)]
        lines |= {int(source.rsplit(":", 1)[1]) for source in found}
    return lines, n


def _write_without(table: TableFile, gone: set[int], target: Path) -> None:
    """All of a text file's bytes but the lines of the rows that begin in `gone`."""
    encoding = table.layout.seen.encoding if table.layout else "utf-8"
    text = table.path.read_bytes().decode(encoding, errors="surrogateescape")
    kept = "".join(_kept(table, LINES.findall(text), gone))
    target.write_bytes(kept.encode(encoding, errors="surrogateescape"))


def _kept(table: TableFile, lines: list[str], gone: set[int]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        if at + 1 not in gone:
            yield lines[at]
            at += 1
        elif table.layout:  # a cell may hold line ends
            at = record(lines, at, table.layout.dialect, table.layout.width).end
        else:
            at += 1


def _is_packed(path: Path) -> bool:
    with path.open("rb") as raw:
        head = raw.read(8)
    _, file = open_file(path)
    with file:
        return file.read(8) != head


def _options() -> ReadOptions:
    """As the monitor reads its batches; where nothing is defined yet, as any table is read."""
    return ReadOptions.of(read_contract(), own_names=True) if CONTRACT.exists() else ReadOptions(own_names=True)


if __name__ == "__main__":
    stage(main)
