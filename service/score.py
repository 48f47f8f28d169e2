"""Batch scoring: a table in, the same table with the answers beside it out, a chunk at a time.

    python -m service.score BUNDLE INPUT OUTPUT [--version VERSION]      any table that training reads; CSV, TSV or Parquet

A row that cannot be used goes to OUTPUT's name with .rejected.csv, with its line and the reason. Both files appear when all
is done, or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError, nearest, stage
from lifecycle.ground.files import replacing
from lifecycle.table.conform import conform, used_fields
from lifecycle.table.contract import MODEL
from lifecycle.table.read import SOURCE, Broken, ReadOptions, Tables, open_tables
from service.bundle import Bundle, BundleError

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 20_000  # rows held at once
TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")


# ---- answering -----------------------------------------------------------------------------------------------


def check_header(names: list[str], bundle: Bundle, source: Path) -> None:
    needed = [f["name"] for f in used_fields(bundle.contract, MODEL)]
    if lacking := [n for n in needed if n not in names]:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise UserError(f'{source} has no column "{lacking[0]}"{more}{nearest(lacking[0], names)}; the model needs it')


def added_names(bundle: Bundle, names: list[str]) -> list[str]:
    """The columns of the answers; one whose name the table has already says that it is the model's."""
    classes = bundle.model.classes if bundle.model.task != "regression" else []
    added = ["prediction", *(f"probability {c}" for c in classes), "flags", "model version"]
    return [f"{name} (model)" if name in names else name for name in added]


def score_rows(bundle: Bundle, frame: pd.DataFrame) -> tuple[np.ndarray, list[list[Any]]]:
    """(mask of the rows that can be answered, the added cells of those)."""
    typed = conform(frame, bundle.contract, MODEL)
    usable = typed.frame.notna().to_numpy().any(axis=1)
    if not usable.any():
        return usable, []
    answers = bundle.model.answers(typed.frame[usable])
    flags = [""] * len(frame)
    for kind in ("missing", "corrupt", "unseen", "out_of_range"):
        for column, mask in getattr(typed, kind).items():
            for i in np.flatnonzero(mask):
                flags[i] += f"{'; ' if flags[i] else ''}{column}: {kind}"
    kept = [flag for flag, good in zip(flags, usable, strict=True) if good]
    labels = bundle.model.decide(answers).tolist()
    chances = [[]] * len(labels) if bundle.model.task == "regression" else answers.tolist()
    return usable, [[x, *p, f, bundle.version] for x, p, f in zip(labels, chances, kept, strict=True)]


# ---- writing -------------------------------------------------------------------------------------------------


class TextWriter:
    def __init__(self, path: Path, names: list[str], delimiter: str) -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file, delimiter=delimiter, lineterminator="\n")
        self.writer.writerow(names)

    def write(self, given: pa.Table, added: list[list[Any]]) -> None:
        cells = zip(*given.to_pydict().values(), strict=True)
        self.writer.writerows([*row, *more] for row, more in zip(cells, added, strict=True))

    def write_rows(self, rows: list[list[Any]]) -> None:
        self.writer.writerows(rows)

    def close(self) -> None:
        self.file.close()


class ParquetWriter:
    """`given`: the input's own columns, typed where it was Parquet, else text; the answers are text or float."""

    def __init__(self, path: Path, given: pa.Schema, added: list[str], bundle: Bundle) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        answer = pa.float64() if bundle.model.task == "regression" else pa.string()
        kinds = [answer, *[pa.float64()] * (len(added) - 3), pa.string(), pa.string()]
        self.added = [pa.field(n, k) for n, k in zip(added, kinds, strict=True)]
        self.writer = pq.ParquetWriter(path, pa.schema([*given, *self.added]))

    def write(self, given: pa.Table, added: list[list[Any]]) -> None:
        import pyarrow as pa

        for field, column in zip(self.added, zip(*added, strict=True), strict=True):
            given = given.append_column(field, pa.array(column, field.type))
        self.writer.write_table(given)

    def close(self) -> None:
        self.writer.close()


def score(bundle: Bundle, source: Path, target: Path) -> dict[str, int]:
    """{rows, rejected}."""
    from tqdm import tqdm

    if not source.is_file():
        raise UserError(f"{source} is missing; name a table that is there")
    if target.suffix.lower() not in TEXT + PARQUET:
        raise UserError(f"{target} ends in {target.suffix or 'nothing'}; .csv, .tsv and .parquet are written")
    if source.resolve() == target.resolve():
        raise UserError(f"{target} is the input; give the output another name")
    options = replace(ReadOptions.of(bundle.contract), max_broken=1.0)  # what is no row is written aside
    tables = open_tables(source, options)
    check_header(tables.names, bundle, source)
    side, done = target.with_suffix(".rejected.csv"), {"rows": 0, "rejected": 0}
    with replacing(target) as beside, replacing(side) as beside_side, contextlib.ExitStack() as opened:
        rejected = opened.enter_context(contextlib.closing(TextWriter(beside_side, ["source", "reason"], ",")))
        bar = opened.enter_context(tqdm(desc="score", disable=None, unit="row"))
        out: TextWriter | ParquetWriter | None = None
        for text, typed, broken in chunks(tables):
            given = typed if typed is not None and target.suffix.lower() in PARQUET else text.drop_columns([SOURCE])
            added = added_names(bundle, given.column_names)
            if out is None:
                out = opened.enter_context(contextlib.closing(writer(beside, target, given, added, bundle, tables)))
            frame = text.to_pandas()
            usable, answers = score_rows(bundle, frame)
            bad = [[b.source, b.reason] for b in broken]
            bad += [[origin, "no feature is filled"] for origin in frame[SOURCE][~usable]]
            if usable.any():
                out.write(given.filter(usable), answers)
            rejected.write_rows(bad)
            done["rows"] += int(usable.sum())
            done["rejected"] += len(bad)
            bar.update(len(frame))
    if not done["rejected"]:
        side.unlink()
    return done


def chunks(tables: Tables) -> Iterator[tuple[pa.Table, pa.Table | None, list[Broken]]]:
    """(text cells, cells as a Parquet file has them, lines that are no rows) of at most CHUNK rows."""
    for part in tables.parts():
        broken = part.broken
        for at in range(0, max(len(part.table), 1), CHUNK):
            typed = part.typed.slice(at, CHUNK) if part.typed is not None else None
            yield part.table.slice(at, CHUNK), typed, broken
            broken = []


def writer(
    beside: Path, target: Path, given: pa.Table, added: list[str], bundle: Bundle, tables: Tables
) -> TextWriter | ParquetWriter:
    if target.suffix.lower() in PARQUET:
        return ParquetWriter(beside, given.schema, added, bundle)
    delimiter = str(tables.files[0].fact["delimiter"])
    plain = delimiter if delimiter in (",", ";", "\t", "|") else ","
    return TextWriter(beside, [*given.column_names, *added], "\t" if target.suffix.lower() == ".tsv" else plain)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m service.score", description="score a table")
    parser.add_argument("bundle")
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--version", default="")
    given = parser.parse_args()
    try:
        bundle = Bundle(given.bundle, given.version)
        if faults := bundle.faults():
            raise BundleError(bundle.folder, faults)
    except BundleError as error:
        raise UserError(str(error)) from None
    done = score(bundle, given.input, given.output)
    side = given.output.with_suffix(".rejected.csv")
    print(
        f"score: {done['rows']} rows answered by {bundle.version}"
        + (f", {done['rejected']} in {side}" if done["rejected"] else "")
    )


if __name__ == "__main__":
    stage(main)
