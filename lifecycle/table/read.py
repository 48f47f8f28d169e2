"""Read data/raw: CSV, TSV and Parquet files as they came, every cell as text, every row with its file and line.

Nothing is lost here: a line that cannot be a row is returned as `broken`, with its text and the reason.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.ground.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
DELIMITERS = (",", ";", "\t", "|")
SOURCE = "__source__"  # the column that says where a row came from: "bakes.csv:17"
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d+)?|[.,]\d+)(e[-+]?\d+)?\s*$", re.IGNORECASE)
# what a file that is no text table begins with, and what to do about it
_OTHER_FILES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; export the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; export the sheet as CSV",
    b"\x1f\x8b": "compressed; gunzip it",
    b"PAR1": "Parquet; let its name end in .parquet",
    b"SQLite": "a database; export the table as CSV",
    b"version https://git-lfs": "a Git LFS pointer; run `git lfs pull`",
    b"<": "HTML or XML, perhaps an error page that was downloaded in its place; fetch the table again",
    b"{": "JSON; export it as CSV",
    b"[{": "JSON; export it as CSV",
}
_MAX_CELL = 1_000_000  # characters; a longer one is a quote that was never closed
_CHUNK = 50_000  # rows held as Python lists before they become Arrow columns


@dataclass
class Broken:
    """A source line that cannot be a row."""

    source: str
    reason: str
    record: str


@dataclass
class RawTable:
    """`frame`: text cells, one row a record, and the column `__source__`. `facts`: how each file was read."""

    frame: pd.DataFrame
    broken: list[Broken] = field(default_factory=list)
    facts: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_raw(folder: str | Path = "data/raw") -> RawTable:
    """All tables in `folder` (or one file), in the order of their names, as one. UserError where no table can be read."""
    import pandas as pd

    folder = Path(folder)
    top = folder.parent if folder.is_file() else folder
    places = [folder] if folder.is_file() else folder.rglob("*")
    there = sorted(p for p in places if not p.is_dir() and not p.name.startswith("."))
    files = [p for p in there if p.suffix.lower() in SUFFIXES]
    if not files:
        raise UserError(
            f"{folder} has no table (.csv, .tsv, .parquet); put one there, or `dvc pull` if it is on a remote"
        )
    parts = []
    for path in files:
        read = _read_parquet if path.suffix.lower() in (".parquet", ".pq") else _read_text
        try:
            parts.append(read(path, path.relative_to(top).as_posix()))
        except OSError as error:
            raise UserError(
                f"{path} cannot be read ({error.strerror or error}); mend its permissions, or remove it"
            ) from error
    _same_columns(files, parts)
    order = list(parts[0].frame.columns)
    frame = pd.concat([p.frame[order] for p in parts], ignore_index=True) if len(parts) > 1 else parts[0].frame
    passed_over = [
        f"{p} is not read: its name does not end in one of {', '.join(SUFFIXES)}" for p in there if p not in files
    ]
    return RawTable(
        frame,
        [b for p in parts for b in p.broken],
        [f for p in parts for f in p.facts],
        passed_over + [n for p in parts for n in p.notes],
    )


def _same_columns(files: list[Path], parts: list[RawTable]) -> None:
    first = set(parts[0].frame.columns)
    for path, part in zip(files, parts, strict=True):
        lacks, more = first - set(part.frame.columns), set(part.frame.columns) - first
        if lacks or more:
            facts = [f'lacks "{c}"' for c in sorted(lacks)] + [f'has the further column "{c}"' for c in sorted(more)]
            raise UserError(
                f"{path} {', '.join(facts[:4])} compared with {files[0].name}; the tables in one folder need the same columns"
            )


# ---- text files -------------------------------------------------------------------------------------------


def _read_text(path: Path, name: str) -> RawTable:
    raw = path.read_bytes()
    for start, what in _OTHER_FILES.items():
        if raw.lstrip().startswith(start):
            raise UserError(f"{path} is {what}")
    text, encoding, odd_lines = decode(raw)
    csv.field_size_limit(_MAX_CELL)
    lines = list(io.StringIO(text, newline=""))  # keeps \r\n inside quotes as it is
    skip = 0
    delimiter = None
    if lines and (excel := re.match(r"sep=(.)\s*$", lines[0], re.IGNORECASE)):
        skip, delimiter = 1, excel.group(1)  # a line that Excel writes for itself
    while skip < len(lines) and not lines[skip].strip():
        skip += 1
    if skip == len(lines):
        raise UserError(f"{path} is empty; put a table there: a line of column names, then the rows")
    delimiter = delimiter or sniff(lines[skip : skip + 200])
    header, first_row = _header(path, lines, skip, delimiter)
    rows = _Rows(name, len(header))
    for line, cells, reason in records(lines, first_row, delimiter, len(header)):
        while cells and len(cells) > len(header) and not cells[-1].strip():
            cells.pop()  # a delimiter at the end of a line says nothing
        if cells == header:
            cells, reason = None, "repeats the column names"
        if cells is None or len(cells) != len(header):
            reason = reason or f"has {len(cells)} cells where the header has {len(header)}"
            rows.broken.append(Broken(f"{name}:{line}", reason, lines[line - 1].rstrip("\r\n")))
        else:
            rows.append(line, cells)
    _check_shape(path, header, rows, lines, delimiter)
    frame = rows.frame()
    names, notes = _names(path, header)
    frame.columns = names
    if odd_lines:
        notes.append(f"{name} mixes encodings: {odd_lines} lines are not {encoding} and were read as cp1252")
    fact = {"file": name, "rows": rows.count, "encoding": encoding, "delimiter": delimiter}
    return RawTable(_drop_empty_unnamed(frame), rows.broken, [fact], notes)


def decode(raw: bytes) -> tuple[str, str, int]:
    """(text, encoding, number of lines that had to be read in another one): BOM, UTF-16, UTF-8, cp1252."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raw, encoding = raw[3:], "utf-8-sig"
    elif raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return raw.decode("utf-32", errors="replace"), "utf-32", 0
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace"), "utf-16", 0
    elif raw[:400].count(0) > len(raw[:400]) * 0.3:  # every second byte of western text is NUL in UTF-16
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
        return raw.decode(encoding, errors="replace"), encoding, 0
    else:
        encoding = "utf-8"
    try:
        return raw.decode("utf-8"), encoding, 0
    except UnicodeDecodeError:
        pass
    lines, odd, special = [], 0, 0
    for line in raw.splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
            special += not line.isascii()
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
            odd += 1
    # no line with an accent is valid UTF-8: the file is cp1252, not a mix
    return "".join(lines), (encoding if special else "cp1252"), (odd if special else 0)


def sniff(lines: list[str]) -> str:
    """The delimiter under which most lines have the same number of cells, and more than one."""

    def fit(delimiter: str) -> tuple[bool, float, bool, bool, int]:
        rows = [row for line in lines if (row := _cells(line, delimiter))]
        widths = [len(row) for row in rows] or [0]
        usual = max(widths, key=widths.count)
        cut = any('"' in cell for row in rows for cell in row)  # a quoted cell, cut at something that does not delimit
        return usual > 1, round(widths.count(usual) / len(widths), 1), not cut, widths[0] == usual, usual

    return max(DELIMITERS, key=fit)


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line taken by itself; none where it is longer than a cell may be."""
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _swallowed(lines: list[str], delimiter: str, width: int) -> bool:
    """Whether a record of several lines is rather a quote that was not closed, and the rows after it: each line by
    itself has all the cells. Prose has a blank behind its commas, and as many of them only by chance; three are none."""

    def whole(line: str) -> bool:
        prose = f"{delimiter} " in line
        return not prose and (line.count(delimiter) == width - 1 or len(_cells(line, delimiter)) == width)

    further = [line for line in lines[1:] if line.strip()]
    return len(further) * (width - 1) >= 3 and all(map(whole, [lines[0], *further]))


def records(
    lines: list[str], start: int, delimiter: str, width: int
) -> Iterator[tuple[int, list[str] | None, str | None]]:
    """(line number, cells, reason) of each record; cells None where a quote is broken.

    A quote that opens and does not close properly would swallow the lines after it: such a line is given up
    alone, and reading goes on at the next one. Lines without a character are no records.
    """
    while start < len(lines):
        begun = start
        reader = csv.reader((lines[i] for i in range(begun, len(lines))), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                first, start = start, begun + reader.line_num
                if (
                    start - first > 1
                    and any(cells)
                    and (len(cells) != width or _swallowed(lines[first:start], delimiter, width))
                ):
                    start = first
                    break
                if len(cells) > 1 or any(map(str.strip, cells)):
                    yield first + 1, cells, None
            else:
                return
        except csv.Error:
            pass
        cells = _cells(lines[start], delimiter)
        yield (
            start + 1,
            (cells if len(cells) == width else None),
            "broken quote" if len(lines[start]) < _MAX_CELL else "a cell too long",
        )
        start += 1


class _Rows:
    """Rows on their way into Arrow columns: lists of Python strings only for a chunk at a time."""

    def __init__(self, name: str, width: int) -> None:
        self.name, self.width = name, width
        self.rows: list[list[str]] = []
        self.sources: list[str] = []
        self.chunks: list = []
        self.broken: list[Broken] = []
        self.count = 0

    def append(self, line: int, cells: list[str]) -> None:
        self.rows.append(cells)
        self.sources.append(f"{self.name}:{line}")
        self.count += 1
        if len(self.rows) == _CHUNK:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        columns = [*zip(*self.rows, strict=True)] if self.rows else [()] * self.width
        arrays = [pa.array(c, pa.large_string()) for c in (*columns, self.sources)]
        self.chunks.append(pa.table(arrays, names=[str(i) for i in range(self.width)] + [SOURCE]))
        self.rows, self.sources = [], []

    def frame(self) -> pd.DataFrame:
        import pyarrow as pa

        self._flush()
        return pa.concat_tables(self.chunks).to_pandas()


# ---- header -----------------------------------------------------------------------------------------------


def _header(path: Path, lines: list[str], skip: int, delimiter: str) -> tuple[list[str], int]:
    """(column names, index of the line after them)."""
    reader = csv.reader((lines[i] for i in range(skip, len(lines))), delimiter=delimiter, strict=True)
    try:
        header = [" ".join(c.replace("\0", "").split()) for c in next(reader)]
    except csv.Error as error:
        raise UserError(f"{path}:{skip + 1} is not a line of column names ({error}); mend its quotes") from error
    after = skip + reader.line_num
    _check_preamble(path, lines, skip, delimiter, len(header))
    sample = [
        c
        for _, c, _ in records(lines[after : after + 300], 0, delimiter, len(header))
        if c and len(c) == len(header) and c != header
    ]
    if sample and looks_like_data(header, sample):
        raise UserError(
            f"{path}:{skip + 1} looks like a row of data, not column names (its first cells: {', '.join(header[:4])}); "
            "add a line of column names at the top"
        )
    return header, after


def _check_preamble(path: Path, lines: list[str], skip: int, delimiter: str, width: int) -> None:
    """UserError where the table seems to begin further down, below a title or remarks."""
    widths = [len(_cells(line, delimiter)) for line in lines[skip : skip + 200]]
    usual = max(widths, key=widths.count)
    if width < usual and widths.count(usual) > 0.5 * len(widths):
        begin = skip + widths.index(usual) + 1
        if begin > skip + 1 and (width == 1 or width < usual - 1):
            raise UserError(
                f"{path}:{skip + 1} has {width} cells, and most lines from line {begin} on have {usual}; "
                f"delete what stands above the line of column names"
            )


def looks_like_data(header: list[str], sample: list[list[str]]) -> bool:
    """Whether the first line is a row: it holds numbers where the rows do, or values that the rows repeat."""
    numbers = [float(h.replace(",", ".")) for h in header if _NUMBER.match(h)]
    years = all(1900 <= n < 2100 and n == int(n) for n in numbers)
    # 0, 1, 2 ... or wavelengths: columns named by where they stand
    axis = numbers == sorted(set(numbers)) and (numbers == [*range(len(numbers))] or len(numbers) >= 5)
    if len(numbers) >= max(1, 0.3 * len(header)) and not years and not axis:
        return True
    named = [i for i, h in enumerate(header) if h]
    repeated = sum(header[i] in {row[i].strip() for row in sample} for i in named)
    return len(named) > 1 and repeated >= max(2, 0.5 * len(named))


def _names(path: Path, header: list[str]) -> tuple[list[str], list[str]]:
    """Unique, non-empty column names, and what had to be changed."""
    names, notes, taken = [], [], set(header)
    for position, name in enumerate(header, 1):
        new = name or f"unnamed_{position}"
        count = 1
        while new in names:
            count += 1
            new = f"{name}_{count}" if f"{name}_{count}" not in taken else new + "_"
        if name and new != name:
            notes.append(
                f'{path.name} has the column name "{name}" twice; the one in column {position} is read as "{new}"'
            )
        names.append(new)
    if SOURCE in names:
        raise UserError(f'{path} has a column "{SOURCE}", a name kept for a row\'s origin; rename it')
    return [*names, SOURCE], notes


def _drop_empty_unnamed(frame: pd.DataFrame) -> pd.DataFrame:
    # a delimiter at the end of each line makes a column without a name and without a cell
    empty = [c for c in frame.columns if str(c).startswith("unnamed_") and (frame[c].str.strip() == "").all()]
    return frame.drop(columns=empty)


def _check_shape(path: Path, header: list[str], rows: _Rows, lines: list[str], delimiter: str) -> None:
    if len(header) < 2:
        raise UserError(
            f"{path} has one column under each delimiter tried (comma, semicolon, tab, |); "
            "a table needs a target and at least one feature, separated by one of these"
        )
    if not rows.count and not rows.broken:
        raise UserError(f"{path} has a header and no rows; put the rows below it")
    if len(rows.broken) > rows.count:
        odd = rows.broken[0]
        raise UserError(
            f"{path}: {len(rows.broken)} of {len(rows.broken) + rows.count} rows do not fit the header's {len(header)} columns "
            f"(delimiter {delimiter!r}), the first at line {odd.source.rsplit(':', 1)[1]} ({odd.reason}); "
            "is line 1 the header, and is each name there?"
        )


# ---- Parquet ----------------------------------------------------------------------------------------------


def _read_parquet(path: Path, name: str) -> RawTable:
    """Each cell as the text it would have in a CSV, so that one set of rules reads both."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(
            f"{path} is not a Parquet file that can be read ({str(error).splitlines()[0]}); export it again"
        ) from error
    arrays = []
    for column in table.columns:
        try:
            arrays.append(pc.fill_null(pc.cast(column, pa.large_string()), ""))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            arrays.append(pa.array(["" if v is None else str(v) for v in column.to_pylist()], pa.large_string()))
    arrays.append(pa.array([f"{name}:{i}" for i in range(1, len(table) + 1)], pa.large_string()))
    if not len(table):
        raise UserError(f"{path} has no rows; export it again")
    frame = pa.table(arrays, names=[str(i) for i in range(len(table.columns))] + [SOURCE]).to_pandas()
    names, notes = _names(path, [str(n) for n in table.column_names])
    frame.columns = names
    return RawTable(frame, [], [{"file": name, "rows": len(table), "encoding": "parquet", "delimiter": ""}], notes)
