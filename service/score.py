"""Batch scoring: a table in, the same table with the answers beside it out, a chunk at a time.

    python -m service.score BUNDLE INPUT OUTPUT [--version VERSION]      any table that training reads; CSV, TSV or Parquet

A row that cannot be used goes to OUTPUT's name with .rejected.csv, with its line and the reason. Both files appear when all
is done, or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError, nearest, stage
from lifecycle.ground.files import replacing
from lifecycle.table.conform import Conformed, conform
from lifecycle.table.contract import MODEL
from lifecycle.table.read import SOURCE, Broken, ReadOptions, Tables, open_tables
from service.bundle import Bundle, BundleError

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 20_000  # rows held at once
TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")


# ---- answering -----------------------------------------------------------------------------------------------


def check_header(names: list[str], bundle: Bundle, source: Path) -> None:
    needed = [column.name for column in bundle.contract.features]
    if lacking := [n for n in needed if n not in names]:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise UserError(f'{source} has no column "{lacking[0]}"{more}{nearest(lacking[0], names)}; the model needs it')


def added_names(bundle: Bundle, names: list[str]) -> list[str]:
    """The columns of the answers; one whose name the table has already says that it is the model's."""
    probabilities = [f"probability {c}" for c in bundle.contract.problem.classes]
    added = ["prediction", *probabilities, "flags", "model version"]
    return [f"{name} (model)" if name in names else name for name in added]


def score_rows(bundle: Bundle, frame: pd.DataFrame) -> tuple[np.ndarray, list[list[Any]]]:
    """(mask of the rows that can be answered, the added cells of those)."""
    typed = conform(frame, bundle.contract, MODEL)
    usable = np.asarray(typed.frame.notna().to_numpy().any(axis=1))
    if not usable.any():
        return usable, []
    places = np.flatnonzero(usable)
    answers = bundle.model.predictions(typed.frame.iloc[places])
    labels = bundle.model.decide(answers).tolist()
    flags = flag_texts(typed)
    added = []
    for place, label, answer in zip(places.tolist(), labels, answers.tolist(), strict=True):
        probabilities = answer if bundle.contract.problem.classes else []
        added.append([label, *probabilities, flags.get(place, ""), bundle.version])
    return usable, added


def flag_texts(typed: Conformed) -> dict[int, str]:
    """`column: missing; other: unseen` by the number of the row."""
    flags: dict[int, list[str]] = {}
    for kind in ("missing", "corrupt", "unseen", "out_of_range"):
        for column, mask in getattr(typed, kind).items():
            for i in np.flatnonzero(mask).tolist():
                flags.setdefault(i, []).append(f"{column}: {kind}")
    return {i: "; ".join(texts) for i, texts in flags.items()}


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

    check_paths(source, target)
    options = replace(ReadOptions.of(bundle.contract), max_broken=1.0)  # what is no row is written aside
    tables = open_tables(source, options)
    check_header(tables.names, bundle, source)
    done = {"rows": 0, "rejected": 0}
    with replacing(target) as beside, replacing(rejects_of(target)) as rejects, contextlib.ExitStack() as opened:
        rejected = opened.enter_context(contextlib.closing(TextWriter(rejects, ["source", "reason"], ",")))
        bar = opened.enter_context(tqdm(desc="score", disable=None, unit="row"))
        out: TextWriter | ParquetWriter | None = None
        for text, typed, broken in chunks(tables):
            given = typed if typed is not None and is_parquet(target) else text.drop_columns([SOURCE])
            if out is None:
                out = opened.enter_context(contextlib.closing(writer(beside, target, given, bundle, tables)))
            frame = text.to_pandas()
            usable, added = score_rows(bundle, frame)
            if added:
                out.write(given.filter(usable), added)
            unusable = [[line, "no feature is filled"] for line in frame[SOURCE][~usable]]
            rejected.write_rows([[one.source, one.reason] for one in broken] + unusable)
            done["rows"] += len(added)
            done["rejected"] += len(broken) + len(unusable)
            bar.update(len(frame))
    if not done["rejected"]:
        rejects_of(target).unlink()
    return done


def check_paths(source: Path, target: Path) -> None:
    if importlib.util.find_spec("pyarrow") is None:  # the largest package by far, and serving does without it
        raise UserError("scoring tables needs a package more than serving does; `pip install pyarrow`")
    if not source.is_file():
        raise UserError(f"{source} is missing; name a table that is there")
    if target.suffix.lower() not in TEXT + PARQUET:
        raise UserError(f"{target} ends in {target.suffix or 'nothing'}; .csv, .tsv and .parquet are written")
    if source.resolve() == target.resolve():
        raise UserError(f"{target} is the input; give the output another name")


def rejects_of(target: Path) -> Path:
    return target.with_suffix(".rejected.csv")


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET


def chunks(tables: Tables) -> Iterator[tuple[pa.Table, pa.Table | None, list[Broken]]]:
    """(text cells, cells as a Parquet file has them, lines that are no rows) of at most CHUNK rows."""
    for part in tables.parts():
        broken = part.broken
        for at in range(0, max(len(part.table), 1), CHUNK):
            typed = part.typed.slice(at, CHUNK) if part.typed is not None else None
            yield part.table.slice(at, CHUNK), typed, broken
            broken = []


def writer(beside: Path, target: Path, given: pa.Table, bundle: Bundle, tables: Tables) -> TextWriter | ParquetWriter:
    """`beside` is written to, and will be `target`, whose ending decides."""
    added = added_names(bundle, given.column_names)
    if is_parquet(target):
        return ParquetWriter(beside, given.schema, added, bundle)
    delimiter = str(tables.files[0].fact["delimiter"])
    if target.suffix.lower() == ".tsv":
        delimiter = "\t"
    elif delimiter not in (",", ";", "\t", "|"):
        delimiter = ","
    return TextWriter(beside, [*given.column_names, *added], delimiter)


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
    rejected = f", {done['rejected']} in {rejects_of(given.output)}" if done["rejected"] else ""
    print(f"score: {done['rows']} rows answered by {bundle.version}{rejected}")


if __name__ == "__main__":
    stage(main)
