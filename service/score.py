"""Batch scoring: a table in, the same table with the answers beside it out, a chunk at a time.

    python -m service.score BUNDLE INPUT OUTPUT [--version VERSION] [--explain 5]      any table that training reads; CSV, TSV or Parquet

INPUT may be a folder of tables, or a store's (s3://bucket/new/): OUTPUT is one then, too (service.folder).
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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError, nearest, stage
from lifecycle.ground.files import replacing
from lifecycle.ground.workplace import Workplace, workplace
from lifecycle.model import reasons
from lifecycle.table.conform import FEW, Conformed, conform, conform_cells
from lifecycle.table.contract import MODEL
from lifecycle.table.part import Part
from lifecycle.table.read import SOURCE, Broken, ReadOptions, Tables, open_tables
from service.bundle import Bundle, BundleError
from service.predictor import certainty

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


TEXT_CELL, NUMBER_CELL = "text", "number"


def added_columns(bundle: Bundle, explain: int) -> dict[str, str]:
    """{column of the answers: what its cells are}; `explain`: so many reasons."""
    classes = bundle.contract.problem.classes
    added = {"prediction": TEXT_CELL if classes else NUMBER_CELL}
    added |= {f"probability {name}": NUMBER_CELL for name in classes}
    if bundle.model.conformal is not None:
        added |= (
            {"likely classes": TEXT_CELL} if classes else {"interval low": NUMBER_CELL, "interval high": NUMBER_CELL}
        )
    added |= {f"reason_{i + 1}": TEXT_CELL for i in range(explain)}
    return added | {"flags": TEXT_CELL, "model version": TEXT_CELL}


def added_names(bundle: Bundle, names: list[str], explain: int) -> list[str]:
    """One whose name the table has already says that it is the model's."""
    return [f"{name} (model)" if name in names else name for name in added_columns(bundle, explain)]


def score_rows(bundle: Bundle, typed: Conformed, explain: int = 0) -> tuple[np.ndarray, list[list[Any]]]:
    """(mask of the rows that can be answered, the added cells of those); `explain`: so many reasons."""
    usable = np.asarray(typed.frame.notna().to_numpy().any(axis=1))
    if not usable.any():
        return usable, []
    places = np.flatnonzero(usable)
    rows = typed.frame.iloc[places]
    answers = bundle.model.predictions(rows)
    labels = bundle.model.decide(answers).tolist()
    flags = flag_texts(typed)
    sure = certainty_cells(bundle, rows, answers)
    why = reason_cells(bundle, rows, explain)
    added = []
    for i, (place, label, answer) in enumerate(zip(places.tolist(), labels, answers.tolist(), strict=True)):
        probabilities = answer if bundle.contract.problem.classes else []
        added.append([label, *probabilities, *sure[i], *why[i], flags.get(place, ""), bundle.version])
    return usable, added


def answered(bundle: Bundle, explain: int, part: Part) -> tuple[np.ndarray, list[list[Any]]]:
    """`score_rows` of a part, wherever it is done."""
    return score_rows(bundle, typed_cells(bundle, part.table), explain)


def typed_cells(bundle: Bundle, table: pa.Table) -> Conformed:
    if len(table) > FEW:
        return conform(table.to_pandas(), bundle.contract, MODEL)
    # a frame of a thousand columns of one cell each costs more than all that is done with them
    return conform_cells(table.to_pydict(), pd.RangeIndex(len(table)), bundle.contract, MODEL)


def certainty_cells(bundle: Bundle, rows: pd.DataFrame, answers: np.ndarray) -> list[list[Any]]:
    """Low and high of a value, or the classes that may be the right one in one cell."""
    sure = certainty(bundle.model, rows, answers)
    if sure is None:
        return [[] for _ in range(len(rows))]
    if bundle.contract.problem.classes:
        return [["; ".join(names)] for names in sure]
    return sure


def reason_cells(bundle: Bundle, rows: pd.DataFrame, most: int) -> list[list[str]]:
    """The largest reasons of each row, in words."""
    if not most:
        return [[] for _ in range(len(rows))]
    found, cells = reasons.explain(bundle.model, rows), reasons.arrays_of(rows, bundle.model)
    out = []
    for i in range(len(rows)):
        texts = [one["text"] for one in reasons.listed(found, i, cells, bundle.contract, most)]
        out.append(texts + [""] * (most - len(texts)))
    return out


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


class ScoredParquet:
    """`given`: the input's own columns, typed where it was Parquet, else text; the answers are text or float."""

    def __init__(self, path: Path, given: pa.Schema, added: dict[str, str]) -> None:
        """`added`: {column of the answers: what its cells are}."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {TEXT_CELL: pa.string(), NUMBER_CELL: pa.float64()}
        self.added = [pa.field(name, types[kind]) for name, kind in added.items()]
        self.writer = pq.ParquetWriter(path, pa.schema([*given, *self.added]))

    def write(self, given: pa.Table, added: list[list[Any]]) -> None:
        import pyarrow as pa

        for field, column in zip(self.added, zip(*added, strict=True), strict=True):
            given = given.append_column(field, pa.array(column, field.type))
        self.writer.write_table(given)

    def close(self) -> None:
        self.writer.close()


def score(
    bundle: Bundle, source: Path, target: Path, explain: int = 0, given_at: Workplace | None = None
) -> dict[str, int]:
    """{rows, rejected}. `explain`: so many reasons beside each answer; `given_at`: where the parts go."""
    from tqdm import tqdm

    check_paths(source, target)
    if explain and bundle.model.background is None:
        raise UserError(f"{bundle.version} was made without reasons; score without EXPLAIN, or with a newer version")
    options = replace(ReadOptions.of(bundle.contract), max_broken=1.0)  # what is no row is written aside
    tables = open_tables(source, options)
    check_header(tables.names, bundle, source)
    done = {"rows": 0, "rejected": 0}
    with replacing(target) as beside, replacing(rejects_of(target)) as rejects, contextlib.ExitStack() as opened:
        rejected = opened.enter_context(contextlib.closing(TextWriter(rejects, ["source", "reason"], ",")))
        bar = opened.enter_context(tqdm(desc="score", disable=None, unit="row"))
        out: TextWriter | ScoredParquet | None = None
        at = given_at or opened.enter_context(workplace())
        answer, needed = partial(answered, bundle, explain), bundle.contract.names(MODEL)
        pairs = at.pairs(answer, chunks(tables), lambda chunk: Part(chunk[0].select(needed)))
        for (text, typed, broken), (usable, added) in pairs:
            given = typed if typed is not None and is_parquet(target) else text.drop_columns([SOURCE])
            if out is None:
                out = opened.enter_context(contextlib.closing(writer(beside, target, given, bundle, tables, explain)))
            if added:
                out.write(given.filter(usable), added)
            unusable = [[line, "no feature is filled"] for line in text[SOURCE].filter(~usable).to_pylist()]
            rejected.write_rows([[one.source, one.reason] for one in broken] + unusable)
            done["rows"] += len(added)
            done["rejected"] += len(broken) + len(unusable)
            bar.update(len(text))
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


def writer(
    beside: Path, target: Path, given: pa.Table, bundle: Bundle, tables: Tables, explain: int
) -> TextWriter | ScoredParquet:
    """`beside` is written to, and will be `target`, whose ending decides."""
    added = added_names(bundle, given.column_names, explain)
    if is_parquet(target):
        kinds = added_columns(bundle, explain).values()
        return ScoredParquet(beside, given.schema, dict(zip(added, kinds, strict=True)))
    delimiter = str(tables.files[0].fact["delimiter"])
    if target.suffix.lower() == ".tsv":
        delimiter = "\t"
    elif delimiter not in (",", ";", "\t", "|"):
        delimiter = ","
    return TextWriter(beside, [*given.column_names, *added], delimiter)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m service.score", description="score a table")
    parser.add_argument("bundle")
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--version", default="")
    parser.add_argument("--explain", type=int, default=0, help="so many reasons beside each answer")
    given = parser.parse_args()
    try:
        bundle = Bundle(given.bundle, given.version)
        if faults := bundle.faults():
            raise BundleError(bundle.folder, faults)
    except BundleError as error:
        raise UserError(str(error)) from None
    from service.folder import score_files

    done = score_files(bundle, given.input, given.output, given.explain)
    aside = rejects_of(Path(given.output)) if done["files"] == 1 else "files .rejected.csv"
    rejected = f", {done['rejected']} in {aside}" if done["rejected"] else ""
    of_files = f" of {done['files']} tables" if done["files"] > 1 else ""
    print(f"score: {done['rows']} rows{of_files} answered by {bundle.version}{rejected}")


if __name__ == "__main__":
    stage(main)
