"""Batch scoring: a table in, the same table with the answers beside it out, a chunk at a time.

    python -m service.score BUNDLE INPUT OUTPUT [--version VERSION] [--explain 5]      any table that training reads; CSV, TSV or Parquet

INPUT may be a folder of tables, or a store's (s3://bucket/new/): OUTPUT is one then, too (service.folder).
A row that cannot be used goes to OUTPUT's name with .rejected.csv, with its line and the reason. Both files appear when all
is done, or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
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

    from service.scored_file import ScoredParquet, TextWriter

CHUNK = 20_000  # rows held at once
TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")


# ---- answering -----------------------------------------------------------------------------------------------


def check_header(names: list[str], bundle: Bundle, source: Path) -> None:
    needed = [column.name for column in bundle.contract.features]
    if lacking := [n for n in needed if n not in names]:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise UserError(f'{source} has no column "{lacking[0]}"{more}{nearest(lacking[0], names)}; the model needs it')


def added_columns(bundle: Bundle, explain: int) -> dict[str, type]:
    """{column of the answers: of what its cells are}; `explain`: so many reasons."""
    classes = bundle.contract.problem.classes
    added: dict[str, type] = {"prediction": str if classes else float}
    added |= {f"probability {name}": float for name in classes}
    if bundle.model.conformal is not None and classes:
        added["likely classes"] = str
    elif bundle.model.conformal is not None:
        added |= {"interval low": float, "interval high": float}
    added |= {f"reason_{i + 1}": str for i in range(explain)}
    return added | {"flags": str, "model version": str}


def added_names(bundle: Bundle, names: list[str], explain: int) -> list[str]:
    """One whose name the table has already says that it is the model's."""
    return [f"{name} (model)" if name in names else name for name in added_columns(bundle, explain)]


def score_rows(bundle: Bundle, typed: Conformed, explain: int = 0) -> tuple[np.ndarray, list[pa.Array]]:
    """(mask of the rows that can be answered, the added columns of those); `explain`: so many reasons."""
    from service.scored_file import column_of

    usable = np.asarray(typed.frame.notna().to_numpy().any(axis=1))
    if not usable.any():
        return usable, []
    places = np.flatnonzero(usable)
    rows = typed.frame.iloc[places]
    answers = bundle.model.predictions(rows)
    flags = flag_texts(typed)
    cells = [
        bundle.model.decide(answers).tolist(),
        *(answers.T if bundle.contract.problem.classes else []),
        *certainty_cells(bundle, rows, answers),
        *reason_cells(bundle, rows, explain),
        [flags.get(place, "") for place in places.tolist()],
        [bundle.version] * len(places),
    ]
    kinds = added_columns(bundle, explain).values()
    return usable, [column_of(column, kind) for column, kind in zip(cells, kinds, strict=True)]


def answered(bundle: Bundle, explain: int, for_text: bool, part: Part) -> tuple[np.ndarray, list[pa.Array]]:
    """`score_rows` of a part, wherever it is done; `for_text`: numbers as they are written in one."""
    from service.scored_file import as_text

    usable, added = score_rows(bundle, typed_cells(bundle, part.table), explain)
    return usable, [as_text(column) for column in added] if for_text else added


def typed_cells(bundle: Bundle, table: pa.Table) -> Conformed:
    if len(table) > FEW:
        return conform(table.to_pandas(), bundle.contract, MODEL)
    # a frame of a thousand columns of one cell each costs more than all that is done with them
    return conform_cells(table.to_pydict(), pd.RangeIndex(len(table)), bundle.contract, MODEL)


def certainty_cells(bundle: Bundle, rows: pd.DataFrame, answers: np.ndarray) -> list[Any]:
    """Columns: low and high of a value, or the classes that may be the right one in one cell."""
    sure = certainty(bundle.model, rows, answers)
    if sure is None:
        return []
    if bundle.contract.problem.classes:
        return [["; ".join(names) for names in sure]]
    return list(np.asarray(sure).T)


def reason_cells(bundle: Bundle, rows: pd.DataFrame, most: int) -> list[Any]:
    """Columns: the largest reasons of each row, in words."""
    if not most:
        return []
    found, cells = reasons.explain(bundle.model, rows), reasons.arrays_of(rows, bundle.model)
    out = []
    for i in range(len(rows)):
        texts = [one["text"] for one in reasons.listed(found, i, cells, bundle.contract, most)]
        out.append(texts + [""] * (most - len(texts)))
    return list(zip(*out, strict=True))


def flag_texts(typed: Conformed) -> dict[int, str]:
    """`column: missing; other: unseen` by the number of the row."""
    flags: dict[int, list[str]] = {}
    for kind in ("missing", "corrupt", "unseen", "out_of_range"):
        for column, mask in getattr(typed, kind).items():
            for i in np.flatnonzero(mask).tolist():
                flags.setdefault(i, []).append(f"{column}: {kind}")
    return {i: "; ".join(texts) for i, texts in flags.items()}


# ---- the table ------------------------------------------------------------------------------------------------


def score(
    bundle: Bundle, source: Path, target: Path, explain: int = 0, given_at: Workplace | None = None
) -> dict[str, int]:
    """{rows, rejected}. `explain`: so many reasons beside each answer; `given_at`: where the parts go."""
    from tqdm import tqdm

    check_paths(source, target)
    from service.scored_file import TextWriter  # needs what check_paths asked for

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
        answer, needed = partial(answered, bundle, explain, not is_parquet(target)), bundle.contract.names(MODEL)
        pairs = at.pairs(answer, chunks(tables), lambda chunk: Part(chunk[0].select(needed)))
        for (text, typed, broken), (usable, added) in pairs:
            given = typed if typed is not None and is_parquet(target) else text.drop_columns([SOURCE])
            if out is None:
                out = opened.enter_context(contextlib.closing(writer(beside, target, given, bundle, tables, explain)))
            if added:
                out.write(given.filter(usable), added)
            unusable = [[line, "no feature is filled"] for line in text[SOURCE].filter(~usable).to_pylist()]
            rejected.write_rows([[one.source, one.reason] for one in broken] + unusable)
            done["rows"] += int(usable.sum())
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
    from service.scored_file import ScoredParquet, TextWriter

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
