"""Reading parameters and contracts, and writing outputs so that a reader never sees half of one.

Each writer makes the parent folder, writes beside the target and renames; the same object gives the same bytes.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import yaml

from lifecycle.ground.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_QUOTED = json.encoder.encode_basestring  # other letters than ASCII as they are
# libyaml's classes where PyYAML was built with it: a contract of 200 columns loads ten times faster
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes the place of `path` only if the block ends well."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield beside
        os.replace(beside, target)
        _clear_leftovers(target)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """As `replacing`, for a folder: yields an empty one beside `path`."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside, old = (
        target.with_name(f".{target.name}.{os.getpid()}.tmp"),
        target.with_name(f".{target.name}.{os.getpid()}.old"),
    )
    beside.mkdir()
    try:
        yield beside
        if target.exists():
            os.replace(target, old)
        os.replace(beside, target)
        _clear_leftovers(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _clear_leftovers(target: Path) -> None:
    """Remove what writers of `target` that were killed have left beside it."""
    for path in target.parent.iterdir():
        found = re.fullmatch(re.escape(f".{target.name}.") + r"(\d+)\.(tmp|old)", path.name)
        if found and not _runs(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Whether there is such a process; on Windows, where asking would end it, what it is writing cannot be removed."""
    if os.name == "nt":
        return pid == os.getpid()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def write_text(path: str | Path, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, content: Any) -> None:
    """JSON with two spaces; NaN and infinity, which JSON lacks, become null."""
    write_text(path, _indented(content, "\n") + "\n")


def write_yaml(path: str | Path, content: Any, comment: str = "") -> None:
    text = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)
    write_text(path, (f"# {comment}\n" if comment else "") + text)


class CsvLines:
    """A text file for a csv writer that ends its lines by ENDING; here they end by a line feed. Before Python 3.11.9 (CPython
    issue 67044) such a writer alone quotes a cell that holds a lone carriage return, which else ends its row when it is read."""

    ENDING = "\r\n"

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, line: str) -> None:
        self.file.write(line.removesuffix(self.ENDING) + "\n")


def csv_writer(file: IO[str], delimiter: str = ",") -> Any:
    return csv.writer(CsvLines(file), delimiter=delimiter, lineterminator=CsvLines.ENDING)


def write_rows(file: IO[str], frame: pd.DataFrame, header: bool = True) -> None:
    frame.to_csv(CsvLines(file), index=False, header=header, lineterminator=CsvLines.ENDING)


def write_csv(path: str | Path, frame: pd.DataFrame) -> None:
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        write_rows(file, frame)


def write_parquet(path: str | Path, frame: pd.DataFrame) -> None:
    with replacing(path) as beside:
        frame.to_parquet(beside, index=False)


class ParquetWriter:
    """Rows of a table, written as they come, in row groups of one size: the same bytes however they were parted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: Any = None
        self.waiting: list[pa.Table] = []
        self.rows, self.held, self.group = 0, 0, 0

    def write(self, table: pa.Table) -> None:
        if self.writer is None:
            import pyarrow.parquet as pq

            self.writer = pq.ParquetWriter(self.path, table.schema)
            self.group = max(1_000, min(100_000, 20_000_000 // max(len(table.schema), 1)))
            self.waiting = [table.slice(0, 0)]
        self.waiting.append(table.cast(self.writer.schema))
        self.rows += len(table)
        self.held += len(table)
        if self.held >= self.group:
            self._flush(self.held - self.held % self.group)

    def _flush(self, rows: int) -> None:
        import pyarrow as pa

        table = pa.concat_tables(self.waiting).combine_chunks()
        self.waiting = [table.slice(rows)]
        self.held -= rows
        self.writer.write_table(table.slice(0, rows), row_group_size=self.group)

    def close(self) -> None:
        if self.writer is None:
            return
        if self.held or not self.rows:
            self._flush(self.held)
        self.writer.close()


@contextlib.contextmanager
def parquet_writer(path: str | Path) -> Iterator[ParquetWriter]:
    """A writer whose file takes the place of `path` only if the block ends well."""
    with replacing(path) as beside:
        writer = ParquetWriter(beside)
        try:
            yield writer
        finally:
            writer.close()


def sha256(path: str | Path) -> str:
    """The hash of a file's bytes, as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:  # a part at a time: the file may be larger than memory
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: str | Path) -> Any:
    return json.loads(_read(path))


def read_yaml(path: str | Path) -> Any:
    try:
        return yaml.load(_read(path), Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise UserError(f"{path}{line} cannot be read as YAML ({problem}); mend that line") from error


def read_parquet(path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The rows of a Parquet file; `columns`: only these, where the file has them."""
    import pandas as pd

    if not Path(path).exists():
        raise UserError(f"{path} is missing; `dvc repro` makes it")
    if columns is not None:
        import pyarrow.parquet as pq

        columns = [name for name in pq.read_schema(path).names if name in columns]
    return pd.read_parquet(path, columns=columns)


def row_groups(path: str | Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a Parquet file, a row group at a time; `columns`: only these."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for at in range(file.num_row_groups):
            yield file.read_row_group(at, columns=columns)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"{path} is missing; `dvc repro` makes it, or `git checkout -- {path}` brings it back"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def _indented(value: Any, line: str) -> str:
    """As `json.dumps` with `indent=2`, which hands each piece of text through generators as deep as it lies: for 5,000 columns three
    times the time. `line`: a line end, and the blanks before what ends there."""
    inner = line + "  "
    if isinstance(value, dict):
        pairs = [f"{_QUOTED(str(k))}: {_indented(v, inner)}" for k, v in value.items()]
        return "{" + inner + f",{inner}".join(pairs) + line + "}" if pairs else "{}"
    if isinstance(value, list | tuple):
        listed = [_indented(v, inner) for v in value]
        return "[" + inner + f",{inner}".join(listed) + line + "]" if listed else "[]"
    if isinstance(value, str):
        return _QUOTED(value)
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value)
