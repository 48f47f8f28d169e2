"""Batch scoring: a table in, the same table with the answers beside it out, a chunk at a time.

    python -m service.score BUNDLE INPUT OUTPUT [--version VERSION]      CSV, TSV or Parquet, by their endings

A row that cannot be used goes to OUTPUT's name with .rejected.csv, with its line and the reason. Both files appear when all
is done, or not at all.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError, nearest, stage
from lifecycle.ground.files import replacing
from lifecycle.table.conform import conform, used_fields
from lifecycle.table.contract import MODEL
from lifecycle.table.read import decode, sniff
from service.bundle import Bundle, BundleError

CHUNK = 20_000  # rows held at once
MAX_LINES = 500  # of one record; a quote that never closes would swallow the rest of the file
TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
# bytes that are not UTF-8 are read as cp1252, as in training
codecs.register_error("cp1252", lambda e: (e.object[e.start : e.end].decode("cp1252", errors="replace"), e.end))

Rows = list[tuple[int, list[Any] | None, str]]  # (line, cells or None, reason where there are none)


# ---- reading -------------------------------------------------------------------------------------------------


class TextTable:
    """A CSV or TSV file: `names`, `rows()` in chunks; a broken line is given up alone."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(200_000)
        if not head.strip():
            raise UserError(f"{path} is empty; put a table there")
        text, encoding, _ = decode(head.rsplit(b"\n", 1)[0] if b"\n" in head else head)
        self.path, self.size = path, path.stat().st_size
        self.encoding = encoding if encoding.startswith("utf-16") else "utf-8-sig"
        self.delimiter = sniff(text.splitlines()[:200])
        self.file = path.open(encoding=self.encoding, errors="cp1252", newline="")
        self.pending: deque[str] = deque()
        self.line = 0
        _, header, _ = next(self._records(None), (0, None, ""))
        self.names = [" ".join(name.replace("\0", "").split()) for name in header or []]

    def _lines(self, used: list[str]) -> Iterator[str]:
        while len(used) < MAX_LINES:
            line = self.pending.popleft() if self.pending else self.file.readline()
            if not line:
                return
            used.append(line)
            yield line
        raise csv.Error("quote")

    def _records(self, width: int | None) -> Iterator[tuple[int, list[str] | None, str]]:
        csv.field_size_limit(1_000_000)
        while True:
            used: list[str] = []
            try:
                cells = next(csv.reader(self._lines(used), delimiter=self.delimiter, strict=True), None)
            except csv.Error:
                cells = []
                reason = "broken quote"
            else:
                reason = ""
            if not used:
                return
            if len(used) > 1 and (reason or len(cells or []) != width is not None):
                self.pending.extendleft(reversed(used[1:]))
                used, reason = used[:1], "broken quote"
            first, self.line = self.line + 1, self.line + len(used)
            if reason:
                yield first, None, reason
            elif cells:
                fits = width is None or len(cells) == width
                yield first, cells if fits else None, "" if fits else f"{len(cells)} cells where the header has {width}"

    def rows(self, progress: Any) -> Iterator[Rows]:
        records = self._records(len(self.names))
        while chunk := list(islice(records, CHUNK)):
            yield chunk
            with contextlib.suppress(OSError):
                progress.update(self.file.buffer.tell() - progress.n)


class ParquetTable:
    """A Parquet file: the same."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self.file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{path} is not a Parquet file that can be read ({str(error).splitlines()[0]})") from None
        self.names, self.size = self.file.schema_arrow.names, self.file.metadata.num_rows

    def rows(self, progress: Any) -> Iterator[Rows]:
        line = 0
        for batch in self.file.iter_batches(CHUNK):
            cells = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            yield [(line + i, list(row), "") for i, row in enumerate(cells, 1)]
            line += len(batch)
            progress.update(len(batch))


# ---- answering -----------------------------------------------------------------------------------------------


def check_header(names: list[str], bundle: Bundle, source: Path) -> None:
    needed = [f["name"] for f in used_fields(bundle.contract, MODEL)]
    if lacking := [n for n in needed if n not in names]:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise UserError(f'{source} has no column "{lacking[0]}"{more}{nearest(lacking[0], names)}; the model needs it')
    if double := sorted({n for n in names if names.count(n) > 1}):
        raise UserError(f'{source} has the column "{double[0]}" twice; rename one')
    if clash := [n for n in added_names(bundle) if n in names]:
        raise UserError(f'{source} has a column "{clash[0]}" already, which the answers would take; rename it')


def added_names(bundle: Bundle) -> list[str]:
    classes = bundle.model.classes if bundle.model.task != "regression" else []
    return ["prediction", *(f"probability {c}" for c in classes), "flags", "model version"]


def score_rows(bundle: Bundle, names: list[str], cells: list[list[Any]]) -> tuple[np.ndarray, list[list[Any]]]:
    """(mask of the rows that can be answered, the added cells of those)."""
    frame = pd.DataFrame(cells, columns=names, dtype=object)
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

    def write(self, rows: list[list[Any]]) -> None:
        self.writer.writerows(rows)

    def close(self) -> None:
        self.file.close()


class ParquetWriter:
    """`schema`: the input's own types where it was Parquet, else text; the answers are text or float."""

    def __init__(self, path: Path, names: list[str], schema: Any, bundle: Bundle) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        added = added_names(bundle)
        given = list(schema) if schema else [pa.field(n, pa.string()) for n in names[: -len(added)]]
        answer = pa.float64() if bundle.model.task == "regression" else pa.string()
        kinds = [answer, *[pa.float64()] * (len(added) - 3), pa.string(), pa.string()]
        self.schema = pa.schema([*given, *(pa.field(n, k) for n, k in zip(added, kinds, strict=True))])
        self.writer = pq.ParquetWriter(path, self.schema)

    def write(self, rows: list[list[Any]]) -> None:
        import pyarrow as pa

        columns = zip(*rows, strict=True)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self.schema, strict=True)]
        self.writer.write_table(pa.table(arrays, schema=self.schema))

    def close(self) -> None:
        self.writer.close()


def score(bundle: Bundle, source: Path, target: Path) -> dict[str, int]:
    """{rows, rejected}."""
    from tqdm import tqdm

    if not source.is_file():
        raise UserError(f"{source} is missing; name a table that is there")
    for path in (source, target):
        if path.suffix.lower() not in TEXT + PARQUET:
            raise UserError(f"{path} ends in {path.suffix or 'nothing'}; .csv, .tsv and .parquet are read and written")
    if source.resolve() == target.resolve():
        raise UserError(f"{target} is the input; give the output another name")
    table = ParquetTable(source) if source.suffix.lower() in PARQUET else TextTable(source)
    check_header(table.names, bundle, source)
    names, side = [*table.names, *added_names(bundle)], target.with_suffix(".rejected.csv")
    done = {"rows": 0, "rejected": 0}
    schema = table.file.schema_arrow if isinstance(table, ParquetTable) else None
    unit = {"unit": "row"} if schema else {"unit": "B", "unit_scale": True}
    with replacing(target) as beside, replacing(side) as beside_side:
        to_parquet = target.suffix.lower() in PARQUET
        delimiter = "\t" if target.suffix.lower() == ".tsv" else getattr(table, "delimiter", ",")
        out = ParquetWriter(beside, names, schema, bundle) if to_parquet else TextWriter(beside, names, delimiter)
        rejected = TextWriter(beside_side, ["source", "reason"], ",")
        with (
            contextlib.closing(out),
            contextlib.closing(rejected),
            tqdm(total=table.size, desc="score", disable=None, **unit) as bar,
        ):
            for chunk in table.rows(bar):
                good = [(line, cells) for line, cells, _ in chunk if cells is not None]
                bad = [[f"{source.name}:{line}", reason] for line, cells, reason in chunk if cells is None]
                usable, added = score_rows(bundle, table.names, [cells for _, cells in good])
                kept = [cells for (_, cells), fits in zip(good, usable, strict=True) if fits]
                bad += [
                    [f"{source.name}:{n}", "no feature is filled"]
                    for (n, _), fits in zip(good, usable, strict=True)
                    if not fits
                ]
                if kept:
                    out.write([cells + more for cells, more in zip(kept, added, strict=True)])
                rejected.write(bad)
                done["rows"] += len(kept)
                done["rejected"] += len(bad)
    if not done["rejected"]:
        side.unlink()
    return done


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
