"""data/quarantine.csv, written as the parts come: first the lines that are no rows, then the rows that cannot be used."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pandas as pd

from lifecycle.ground.files import replacing, write_rows


class QuarantineWriter:
    """`lines`, `rows`: what is written of the one and of the other; there may be more of both than memory holds."""

    def __init__(self, lines: IO[str], rows: IO[str]) -> None:
        self.lines, self.rows = lines, rows
        self.lines.write("source,reason,record\n")

    def write(self, broken: pd.DataFrame, unusable: pd.DataFrame) -> None:
        for file, aside in ((self.lines, broken), (self.rows, unusable)):
            if len(aside):
                write_rows(file, aside, header=False)


@contextlib.contextmanager
def quarantine_writer(path: str | Path) -> Iterator[QuarantineWriter]:
    """A writer whose file takes the place of `path` only if the block ends well."""
    with (
        replacing(path) as beside,
        beside.open("w", encoding="utf-8", newline="") as lines,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as rows,
    ):
        yield QuarantineWriter(lines, rows)
        rows.seek(0)
        shutil.copyfileobj(rows, lines)
