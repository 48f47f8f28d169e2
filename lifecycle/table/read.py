"""The one reader of tables: files as they came, every cell as text, every row with its file and line.

Nothing is lost here: what cannot be a row is returned as `broken`, with its text and the reason. `read_parts` gives parts of
bounded size, `read_raw` all of them as one frame. In reading order: formats, encoding, dialect, records, header, layout,
text (or columnar, workbook, json_rows), footer, names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lifecycle.ground.errors import UserError, nearest
from lifecycle.table.formats import COLUMNAR, HEAD, PACKED, SPOKEN, SUFFIXES, TEXT, Unlooked, is_table_name, open_file
from lifecycle.table.layout import Layout, ReadOptions, check_second_line, check_shape, count_rows, text_layout
from lifecycle.table.names import SOURCE, Union, united
from lifecycle.table.part import Part, RowRange, TableFile
from lifecycle.table.records import Broken

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lifecycle.ground.workplace import Workplace
    from lifecycle.table.conform import Conformed
    from lifecycle.table.profile import Whole
    from lifecycle.table.roles import Counts
    from lifecycle.table.stretch import Stretch

__all__ = [
    "HEAD",
    "SOURCE",
    "SUFFIXES",
    "Broken",
    "Part",
    "Place",
    "RawTable",
    "ReadOptions",
    "Tables",
    "Unlooked",
    "open_file",
    "open_table",
    "open_tables",
    "read_parts",
    "read_raw",
    "united",
]
# bytes of a file that whoever works on it reads: what comes of all its parts is held at once
LARGEST = 64_000_000
UNPACKED = 10  # times the bytes that packed files, workbooks and Parquet have, about


@dataclass
class RawTable:
    """`frame`: text cells, one row a record, and the column `__source__`. `facts`: how each file was read.

    `unusable`: columns whose cells are no table cells, and why; `options`: what params.yaml said about reading; `whole`: all rows,
    where the frame is but a sample of them.
    """

    frame: pd.DataFrame
    broken: list[Broken] = field(default_factory=list)
    facts: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    options: ReadOptions = field(default_factory=ReadOptions)
    forms: list[FileForm] = field(default_factory=list)
    whole: Whole | None = None
    kept: dict[tuple[str, tuple[str, ...]], pd.Series] = field(
        default_factory=dict
    )  # filled cells, as `define` asks again
    counted: dict[tuple[str, tuple[str, ...]], Counts] = field(default_factory=dict)  # of these cells, likewise
    read: Conformed | None = None  # the frame's cells, as `define` typed them

    @property
    def rows_in(self) -> int:
        """Rows and lines that are no rows."""
        return self.whole.rows_in if self.whole else len(self.frame) + len(self.broken)


@dataclass
class FileForm:
    """How a file is written. `dialect`: as the Frictionless standard has it, {} where it is no text; `labels`: the names of its
    columns as it has them; `columns`: what each is called in the table."""

    dialect: dict[str, Any]
    labels: list[str]
    columns: list[str]


@dataclass(frozen=True)
class Place:
    """A table where it lies, or a stretch of it, for another process to read. `names`: the united columns; `columns`: where the
    file has each; `unusable`: those emptied; `layout`: how a stretch of a text is read; `opened`: the file where it is open, which does not
    travel."""

    path: Path
    name: str
    options: ReadOptions
    names: list[str]
    columns: list[int | None]
    unusable: list[str]
    stretch: Stretch | RowRange | None = None
    layout: Layout | None = None
    opened: TableFile | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        here = (self.path, self.name, self.options, self.names, self.columns, self.unusable)
        return Place, (*here, self.stretch, self.layout)

    def cell_parts(self) -> Iterator[Part]:
        """As `Tables.cell_parts` gives them of this file, or of this stretch."""
        for part in self._parts():
            yield self.cells(part)

    def _parts(self) -> Iterator[Part]:
        if self.layout:
            from lifecycle.table.stretch import Stretch, stretch_parts

            assert isinstance(self.stretch, Stretch)
            return stretch_parts(self.layout, lambda: self.path.open("rb"), self.stretch)
        file = self.opened or open_table(self.path, self.name, self.options)
        if isinstance(self.stretch, RowRange) and file.parts_of:
            return file.parts_of(self.stretch)
        return file.parts()

    def cells(self, part: Part) -> Part:
        """A part of the file, with the united columns."""
        return _cells(_in_order(part.table, self.names, self.columns), part.broken, self.unusable)


@dataclass
class Form:
    """How many rows a file had that was read in stretches, and what was none for its form."""

    rows: int = 0
    faults: list[Broken] = field(default_factory=list)

    def add(self, rows: int, faults: list[Broken]) -> None:
        self.rows += rows
        self.faults += faults


@dataclass
class Tables:
    """The tables of a folder, opened: their columns united, their rows not read yet."""

    files: list[TableFile]
    union: Union
    passed_over: list[str]
    options: ReadOptions = field(default_factory=ReadOptions)

    @property
    def names(self) -> list[str]:
        return self.union.names

    @property
    def notes(self) -> list[str]:
        return self.passed_over + [note for file in self.files for note in file.notes] + self.union.notes

    @cached_property
    def unusable(self) -> dict[str, str]:
        found = {}
        for file, columns in zip(self.files, self.union.columns, strict=True):
            own = {name: at for at, name in enumerate(file.names)}
            for name, why in file.unusable.items():
                found[self.union.names[columns.index(own[name])]] = why
        return found

    @property
    def forms(self) -> list[FileForm]:
        found = []
        for file, columns in zip(self.files, self.union.columns, strict=True):
            names = {at: self.union.names[i] for i, at in enumerate(columns) if at is not None}
            known = [names.get(at, name) for at, name in enumerate(file.names)]
            layout = file.layout
            is_text = layout is not None and bool(layout.name_lines)
            found.append(FileForm(layout.form() if layout and is_text else {}, layout.written if layout else [], known))
        return found

    def parts(self) -> Iterator[Part]:
        """Every row of every file, in the order of the files, with the united columns; `file.fact` counts them."""
        for file, columns in zip(self.files, self.union.columns, strict=True):
            rows = 0
            for part in file.parts():
                rows += len(part.table)
                yield Part(_in_order(part.table, self.union.names, columns), part.broken, part.typed)
            file.fact["rows"] = rows

    def cell_parts(self) -> Iterator[Part]:
        """`parts` as text alone, with the columns emptied that hold no table cells."""
        for part in self.parts():
            yield _cells(part.table, part.broken, list(self.unusable))

    @property
    def size(self) -> int:
        """Bytes of all files, about as a text file has them."""
        return sum(unpacked_size(file) for file in self.files)

    def lie_apart(self, at: Workplace) -> bool:
        """Whether there are several files, or stretches of one, that whoever does the work can read there, so that no cell
        travels."""
        if not at.spreads:
            return False
        small = [file.path for file in self.files if is_small(file)]
        large = [file.path for file in self.files if not is_small(file) and is_parted(file)]
        if len(small) < 2 and not large:
            return False
        return at.sees(min([*small, *large], key=lambda path: path.stat().st_size))

    def places(self, at: Workplace, forms: dict[str, Form] | None = None) -> Iterator[Part | Place]:
        """The files where they lie, large ones in stretches; `cell_parts` of one that cannot be parted. `forms`: takes what the
        parts at the end of a file in stretches have."""
        for file, columns in zip(self.files, self.union.columns, strict=True):
            path = file.path.resolve() if at.scheduler else file.path
            here = (path, file.name, self.options, self.names, list(columns), list(self.unusable))
            place = Place(*here, opened=file)
            if is_small(file):
                yield place
                continue
            if not is_parted(file):
                yield from place.cell_parts()
                continue
            form = (forms if forms is not None else {}).setdefault(file.name, Form())
            if file.rows:
                yield from (replace(place, stretch=rows) for rows in file.rows)
            else:
                yield from _stretched(place, file, form)

    def check_forms(self, forms: dict[str, Form]) -> None:
        """UserError where too little of a file that was read in stretches is rows."""
        for file in self.files:
            if file.name in forms and file.layout:
                form = forms[file.name]
                # the first of them is told, whoever came to it first
                faults = sorted(form.faults, key=lambda one: int(one.source.rsplit(":", 1)[-1]))
                check_shape(file.path, form.rows, faults, file.layout, self.options)


def _stretched(place: Place, file: TableFile, form: Form) -> Iterator[Part | Place]:
    from lifecycle.table.stretch import Stretch, slim

    assert file.layout is not None
    first, others = file.layout, slim(file.layout)
    for given in _found_stretches(file):
        if isinstance(given, Stretch):
            layout = others if given.begin else first
            yield replace(place, stretch=given, layout=layout, opened=None)
        else:
            form.add(len(given.table), formal(given.broken))
            yield place.cells(given)


def _found_stretches(file: TableFile) -> Iterator[Stretch | Part]:
    """Where they end is looked for once."""
    from lifecycle.table.stretch import parted

    assert file.layout is not None
    if file.stretches is not None:
        yield from file.stretches
        return
    found: list[Stretch | Part] = []
    for given in parted(file.layout, lambda: file.path.open("rb")):
        found.append(given)
        yield given
    file.stretches = found


def formal(broken: list[Broken]) -> list[Broken]:
    """What is no row for its form, not for what it says."""
    return [one for one in broken if one.structural]


def is_parted(file: TableFile) -> bool:
    """Whether it can be read in stretches."""
    if file.rows:
        return len(file.rows) > 1
    if file.layout is None or file.path.suffix.lower() in PACKED or not file.layout.name_lines:
        return False
    from lifecycle.table.stretch import can_be_parted

    kind, opened = open_file(file.path)
    opened.close()
    return kind == "text" and can_be_parted(file.layout)


def is_small(file: TableFile) -> bool:
    return unpacked_size(file) <= LARGEST


def unpacked_size(file: TableFile) -> int:
    packed = file.layout is None or file.path.suffix.lower() in PACKED
    return file.path.stat().st_size * (UNPACKED if packed else 1)


def open_tables(
    folder: str | Path, options: ReadOptions | None = None, target: str = "", at: Workplace | None = None
) -> Tables:
    """All tables in `folder` (or one file), in the order of their names. UserError where no table can be read.

    `target`: the column that each file must have, since rows without it teach nothing; `at`: where their rows will be worked on.
    """
    folder, options = Path(folder), options or ReadOptions()
    if target:
        options = replace(options, wanted=(target, *options.wanted))
    top = folder.parent if folder.is_file() else folder
    files, others = table_files(folder)
    if at:
        at.expect(_size_apart(files))
    opened = [_checked(path, path.relative_to(top).as_posix(), options, target) for path in files]
    union = united([(file.name, file.names) for file in opened], options.was, options.expected)
    if target:
        check_targets(opened, union, target)
    notes = [f"{p} is not read: its name does not end in one of {', '.join(SUFFIXES)}" for p in others]
    return Tables(opened, union, notes, options)


def _size_apart(files: list[Path]) -> int:
    """Bytes of what others may read at the same time: one packed file or workbook is none, and a link to nowhere is told of later."""
    if len(files) == 1 and files[0].suffix.lower() not in (*TEXT, *COLUMNAR):
        return 0
    return sum(path.stat().st_size for path in files if path.exists())


def table_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """(the tables in a folder, or the one file; what else is there). UserError where there are none."""
    places = [folder] if folder.is_file() else folder.rglob("*")
    there = sorted(p for p in places if not p.is_dir() and not p.name.startswith("."))
    files = [p for p in there if is_table_name(p)]
    if not files:
        raise UserError(
            f"{folder} has no table ({', '.join(SUFFIXES[:2])}, ...: {SPOKEN}); put one there, or `dvc pull` if it is on a remote"
        )
    return files, [p for p in there if p not in files]


def check_targets(files: list[TableFile], union: Union, target: str) -> None:
    """UserError where one of the files lacks the target that others have, or has it in a second line of its heading."""
    for file, columns in zip(files, union.columns, strict=True):
        names = [union.names[i] for i, column in enumerate(columns) if column is not None]
        if target in names:
            continue
        check_second_line(file.path, file.names, target, file.layout.labels if file.layout else [])
        if target in union.names:
            raise UserError(
                f'{file.path} has no column "{target}"{nearest(target, names)}, the target, which the other files have; '
                f"take the file out, or name what it is called there: params.yaml: columns: {{{target}: {{was: [its other name]}}}}"
            )


def _checked(path: Path, name: str, options: ReadOptions, target: str) -> TableFile:
    """The file, opened; what the system or a library raises becomes a sentence here."""
    try:
        return open_table(path, name, options, target)
    except (OSError, EOFError) as error:
        said = getattr(error, "strerror", None) or error
        raise UserError(f"{path} cannot be read ({said}); mend its permissions, or remove it") from error
    except Unlooked as lacking:
        raise UserError(str(lacking)) from None


def open_table(path: Path, name: str, options: ReadOptions, target: str = "", limit: int | None = None) -> TableFile:
    """One file, whatever it is packed in. Each library is imported where a file of its kind is met; Unlooked where it is
    not installed. `limit`: look at no more bytes of a text file."""
    kind, file = open_file(path)
    file.close()

    def reopen() -> BinaryIO:
        return open_file(path)[1]

    if kind == "workbook":
        from lifecycle.table.workbook import open_workbook

        return open_workbook(path, name, options, target)
    if kind == "json":
        from lifecycle.table.json_rows import open_json

        return open_json(path, name, reopen, options)
    if kind in ("parquet", "arrow"):
        from lifecycle.table.columnar import open_arrow, open_parquet

        return {"parquet": open_parquet, "arrow": open_arrow}[kind](path, name, reopen, options)
    layout = text_layout(path, name, reopen, options, limit)

    def parts() -> Iterator[Part]:
        from lifecycle.table.text import text_parts

        return text_parts(layout, reopen, options)

    fact: dict[str, Any] = {"file": name, "encoding": layout.seen.encoding, "delimiter": layout.dialect.delimiter}
    out = TableFile(path, name, layout.names, parts, fact, list(layout.notes), layout=layout)
    if layout.seen.size < HEAD:
        out.count = lambda: count_rows(layout, reopen, options)
    return out


def empty_cells(rows: int) -> pa.Array:
    """A column of so many empty cells."""
    import pyarrow as pa

    return pa.repeat(pa.scalar("", pa.large_string()), rows)


def _cells(table: pa.Table, broken: list[Broken], unusable: list[str]) -> Part:
    """A part of text alone, with the columns emptied that hold no table cells."""
    for name in unusable:
        table = table.set_column(table.column_names.index(name), name, empty_cells(len(table)))
    return Part(table, broken)


def _in_order(table: pa.Table, names: list[str], columns: list[int | None]) -> pa.Table:
    """`table` with the united columns; one that the file lacks is empty."""
    import pyarrow as pa

    empty = empty_cells(len(table))
    arrays = [empty if at is None else table.column(at) for at in columns]
    return pa.table([*arrays, table.column(SOURCE)], names=[*names, SOURCE])


def read_parts(folder: str | Path = "data/raw", options: ReadOptions | None = None) -> Iterator[Part]:
    """The rows of all tables in `folder` (or one file), as parts of bounded size."""
    return open_tables(folder, options).parts()


def read_raw(folder: str | Path = "data/raw", options: ReadOptions | None = None, target: str = "") -> RawTable:
    """All tables in `folder` (or one file) as one. UserError where no table can be read."""
    import pyarrow as pa

    tables = open_tables(folder, options, target)
    parts = list(tables.cell_parts())
    table = pa.concat_tables([part.table for part in parts])
    broken = [b for part in parts for b in part.broken]
    del parts
    frame = table.to_pandas()
    frame = frame.drop(columns=[name for name in frame.columns if is_debris(name, frame[name])])
    facts = [{"file": f.name, **f.fact} for f in tables.files]
    return RawTable(frame, broken, facts, tables.notes, tables.unusable, options or ReadOptions(), tables.forms)


def is_debris(name: str, cells: pd.Series) -> bool:
    """A column without a name in which nothing stands but delimiters that a spreadsheet left."""
    return str(name).startswith("unnamed_") and bool(cells.str.strip(" ,;|\t").eq("").all())
