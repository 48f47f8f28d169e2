"""One path for every row: `conform` turns cells into the contract's types, in training, batch scoring and serving.

A corrupt cell becomes missing and is counted; it never takes its row with it. Each field has a `Reader`, which knows what
one text means; whole columns go through kernels of numpy and Arrow first, and each distinct text that is left is read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table import cells, dates, notation
from lifecycle.table.contract import USED, Contract, Field

TOGETHER = 100  # columns that are written alike, and read in one go
SEVERAL = 8  # of them, from which on it is worth it
FEW = 32  # rows; so few are read cell by cell, which is faster than by columns
MISSING, CORRUPT, UNSEEN, OUT_OF_RANGE = "missing", "corrupt", "unseen", "out_of_range"


# a code for each cell, and the text of each code, NaN for a missing one; two codes may have one text
TextCodes = tuple[np.ndarray, pd.Series]


@dataclass
class Conformed:
    """`frame`: typed columns, in the contract's order. The masks, by column and only where a cell is hit:
    `corrupt` (of another type, now missing), `unseen` (a category the contract does not list), `out_of_range`."""

    frame: pd.DataFrame
    missing: dict[str, np.ndarray] = field(default_factory=dict)
    corrupt: dict[str, np.ndarray] = field(default_factory=dict)
    unseen: dict[str, np.ndarray] = field(default_factory=dict)
    out_of_range: dict[str, np.ndarray] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    coded: dict[str, TextCodes] = field(default_factory=dict)  # of columns of texts, where it is asked for

    @property
    def masks(self) -> tuple[dict[str, np.ndarray], ...]:
        return self.missing, self.corrupt, self.unseen, self.out_of_range

    def at(self, places: np.ndarray) -> Conformed:
        """Some of the rows."""
        out = Conformed(self.frame.iloc[places], readers=self.readers)
        for some, every in zip(out.masks, self.masks, strict=True):
            some.update({name: mask[places] for name, mask in every.items()})
        return out

    def column(self, name: str) -> Column:
        """One column, with its masks."""
        nothing = np.zeros(len(self.frame), dtype=bool)
        missing, corrupt, unseen, out_of_range = (masks.get(name, nothing) for masks in self.masks)
        return Column(self.frame[name].array, missing, corrupt, unseen, out_of_range)


def conform(
    frame: pd.DataFrame,
    contract: Contract,
    roles: tuple[str, ...] = USED,
    before: Conformed | None = None,
    with_codes: bool = False,
) -> Conformed:
    """`frame`: cells as text, or as JSON gave them (numbers, booleans, None); a column it lacks is all missing.

    Returns number, integer and boolean as float64, string and text as str, dates as datetime64[us]; a target of a
    classification as its label. `before`: what came of the same rows under another contract; a column that is read as it was
    then is taken from it.
    """
    if len(frame) <= FEW:
        return _conform_few(frame, contract, roles)
    out = Conformed(frame)
    columns = {}
    empty = pd.Series("", index=frame.index, dtype="str")
    readers = {spec.name: reader_in(contract, spec) for spec in contract.used(roles)}
    again = {name for name, reader in readers.items() if before and before.readers.get(name) == reader}
    texts = {name: frame.get(name, empty) for name in readers if name not in again}
    together = _read_together(texts, readers)
    for name, reader in readers.items():
        if before and name in again:
            column = before.column(name)
        elif name in together:
            column = together.pop(name)
        else:
            column = reader.column(texts[name])
        columns[name] = column.typed
        if with_codes and column.coded:
            out.coded[name] = column.coded
        for masks, mask in zip(
            out.masks, (column.missing, column.corrupt, column.unseen, column.out_of_range), strict=True
        ):
            if mask is not None and mask.any():
                masks[name] = mask
    out.readers = readers
    out.frame = pd.DataFrame(columns, index=frame.index)
    return out


def _read_together(texts: Mapping[str, pd.Series], readers: Mapping[str, Reader]) -> dict[str, Column]:
    """Columns of a short and wide table that are written alike, many at once: a column by itself costs more than its cells."""
    alike: dict[str, list[str]] = {}
    if not cells.has_arrow():
        return {}
    for name, values in texts.items():
        if len(values) <= cells.FEW and isinstance(values.dtype, pd.StringDtype):
            alike.setdefault(readers[name].written, []).append(name)
    alike.pop("", None)
    out: dict[str, Column] = {}
    for names in alike.values():
        for begin in range(0, len(names), TOGETHER):
            some = names[begin : begin + TOGETHER]
            if len(some) >= SEVERAL:
                out |= _read_alike({name: texts[name] for name in some}, readers)
    return out


def _read_alike(texts: Mapping[str, pd.Series], readers: Mapping[str, Reader]) -> dict[str, Column]:
    """Columns that one kernel reads, as if they were one."""
    first = readers[next(iter(texts))]
    listed = [text for values in texts.values() for text in values.tolist()]
    every = pd.Series(listed, dtype="str").fillna("")  # half the time of pd.concat of so many
    typed, taken = first.by_kernel(every)
    typed, taken = typed.reshape(len(texts), -1), taken.reshape(len(texts), -1)
    return {name: readers[name].with_rest(texts[name], typed[at], taken[at]) for at, name in enumerate(texts)}


def _conform_few(frame: pd.DataFrame, contract: Contract, roles: tuple[str, ...]) -> Conformed:
    """The same of a few rows, cell by cell. What would cost more than the cells is done once for all columns: taking the
    frame apart, and making Arrow's texts."""
    given = dict(zip(frame.columns, frame.to_numpy(dtype=object).T.tolist(), strict=True))
    return conform_cells(given, frame.index, contract, roles)


def conform_cells(
    given: Mapping[str, list[Any]], index: pd.Index, contract: Contract, roles: tuple[str, ...] = USED
) -> Conformed:
    """As `conform`, of a few rows that are lists of cells by column; `index`: of the rows."""
    out, n = Conformed(pd.DataFrame(index=index)), len(index)
    masks = {MISSING: out.missing, CORRUPT: out.corrupt, UNSEEN: out.unseen, OUT_OF_RANGE: out.out_of_range}
    nothing = [None] * n
    columns: dict[str, Any] = {}
    texts: list[Any] = []
    for spec in contract.used(roles):
        reader = reader_in(contract, spec)
        read = [reader.cell(cell) for cell in given.get(spec.name, nothing)]
        flags = {flag for _, flag in read}
        flags.discard("")
        for kind in flags:
            masks[kind][spec.name] = np.array([flag == kind for _, flag in read], dtype=bool)
        if reader.dtype is object:
            columns[spec.name] = slice(len(texts), len(texts) + n)
            texts += [value for value, _ in read]
        else:
            columns[spec.name] = np.array([value for value, _ in read], dtype=reader.dtype)
    together: Any = pd.array(texts, dtype="str")
    for name, column in columns.items():
        if isinstance(column, slice):
            columns[name] = together[column]
    out.frame = _together(columns, index)
    return out


def _together(columns: dict[str, Any], index: pd.Index) -> pd.DataFrame:
    """The columns as a frame; those of one kind of numpy as one array, since each by itself costs more than its cells."""
    blocks: dict[Any, dict[str, np.ndarray]] = {}
    texts = {}
    for name, column in columns.items():
        if isinstance(column, np.ndarray):
            blocks.setdefault(column.dtype, {})[name] = column
        else:
            texts[name] = column
    frames = [pd.DataFrame(np.column_stack(list(b.values())), index=index, columns=list(b)) for b in blocks.values()]
    if texts or not frames:
        frames.append(pd.DataFrame(texts, index=index))
    if len(frames) == 1:
        return frames[0]
    return pd.concat(frames, axis=1)[list(columns)]


def reader_in(contract: Contract, spec: Field) -> Reader:
    """The reader of one of the contract's fields, made once."""
    readers = contract.readers
    if spec.name not in readers:
        readers[spec.name] = reader_of(spec, contract.problem.task)
    return readers[spec.name]


# ---- one field --------------------------------------------------------------------------------------------------


@dataclass
class Column:
    """Typed cells, and masks of those that are missing, corrupt, and, where the contract says it, unseen or out of range."""

    typed: Any
    missing: np.ndarray
    corrupt: np.ndarray
    unseen: np.ndarray | None = None
    out_of_range: np.ndarray | None = None
    coded: TextCodes | None = None


def _different(values: pd.Series, rest: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(code of each cell of the `rest`, its different texts); of few cells by Python, since column operations would cost more than
    they do."""
    if len(values) <= cells.FEW and isinstance(values.dtype, pd.StringDtype) and not values.hasnans:
        given = values.tolist()
        texts = [given[at] for at in np.flatnonzero(rest).tolist()]
        codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return np.array([codes[text] for text in texts]), list(codes)
    texts = as_text(values)
    codes, distinct = pd.factorize(texts if rest.all() else texts[rest])
    return codes, [str(t) for t in distinct.tolist()]


class Reader:
    """What the cells of one field mean: `cell` of one, `column` of many; both are made of `meaning`."""

    blank: Any = np.nan
    dtype: Any = np.float64

    def __init__(self, spec: Field) -> None:
        self.spec = spec
        self.tokens = frozenset(cells.fold(t) for t in spec.missing_values)

    def __eq__(self, other: object) -> bool:
        """Whether both read any cell alike."""
        return type(self) is type(other) and {**vars(self), "spec": None} == {**vars(other), "spec": None}

    @property
    def written(self) -> str:
        """How the cells are written, for the kernel: columns of which this is the same can be read as one. "" without a kernel."""
        return ""

    def meaning(self, text: str) -> Any:
        """The typed value of a text that is not missing; None where it is of another type."""
        raise NotImplementedError

    def flag(self, value: Any) -> str:
        """What is remarkable about a typed value: unseen, out_of_range, missing, or nothing."""
        return ""

    def cell(self, given: Any) -> tuple[Any, str]:
        """(typed value, flag) of one cell as JSON or a table gave it."""
        text = text_of(given)
        if cells.fold(text) in self.tokens or not text:
            return self.blank, MISSING
        value = self.meaning(text)
        if value is None:
            return self.blank, CORRUPT
        flag = self.flag(value)
        return (self.blank, MISSING) if flag == MISSING else (value, flag)

    def column(self, values: pd.Series) -> Column:
        texts = as_text(values)
        return self.with_rest(texts, *self.by_kernel(texts))

    def with_rest(self, values: pd.Series, typed: np.ndarray, taken: np.ndarray) -> Column:
        """`typed`, with the cells that were not `taken` read one by one, each distinct text once."""
        missing = np.zeros(len(values), dtype=bool)
        corrupt = np.zeros(len(values), dtype=bool)
        rest = ~taken
        if rest.any():
            codes, distinct = _different(values, rest)
            read, absent, wrong = self.read_all(distinct)
            typed[rest], missing[rest], corrupt[rest] = read[codes], absent[codes], wrong[codes]
        return self.finish(Column(typed, missing, corrupt))

    def by_kernel(self, texts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """(typed cells, mask of those that were read) of whole columns; the rest is asked of `meaning`."""
        return np.full(len(texts), self.blank, dtype=self.dtype), np.zeros(len(texts), dtype=bool)

    def read_all(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(typed, missing, corrupt) of distinct texts."""
        typed = np.full(len(texts), self.blank, dtype=self.dtype)
        missing = np.zeros(len(texts), dtype=bool)
        corrupt = np.zeros(len(texts), dtype=bool)
        for i, text in enumerate(texts):
            if cells.fold(text) in self.tokens or not text:
                missing[i] = True
                continue
            value = self.meaning(text)
            if value is None:
                corrupt[i] = True
            else:
                typed[i] = value
        return typed, missing, corrupt

    def finish(self, column: Column) -> Column:
        return column


class NumberReader(Reader):
    """Numbers in the field's notation; a cell that is a number already is in the contract's unit."""

    def __init__(self, spec: Field) -> None:
        super().__init__(spec)
        self.notation = notation.of_field(spec)
        # 9999 is missing however it is written
        codes = [notation.read(t, self.notation) for t in spec.missing_values]
        codes += [notation.number(t) for t in spec.missing_values]
        self.codes = sorted({c for c in codes if np.isfinite(c)})
        self.low = -np.inf if spec.minimum is None else spec.minimum
        self.high = np.inf if spec.maximum is None else spec.maximum

    def meaning(self, text: str) -> float | None:
        if cells.GARBLED.search(text):
            return None
        value = notation.read(text, self.notation)
        return value if np.isfinite(value) else None

    def flag(self, value: float) -> str:
        if value in self.codes:
            return MISSING
        return OUT_OF_RANGE if value < self.low or value > self.high else ""

    def cell(self, given: Any) -> tuple[Any, str]:
        if not is_number(given):
            return super().cell(given)
        value = as_float(given)
        if np.isnan(value):
            return np.nan, MISSING
        if np.isinf(value):
            return np.nan, CORRUPT
        flag = self.flag(value)
        return (np.nan, MISSING) if flag == MISSING else (value, flag)

    def column(self, values: pd.Series) -> Column:
        if isinstance(values.dtype, pd.StringDtype):
            return super().column(values)
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            typed = values.to_numpy(np.float64, na_value=np.nan)
            return self.finish(Column(np.where(np.isinf(typed), np.nan, typed), np.isnan(typed), np.isinf(typed)))
        given = values.tolist()
        read = np.array([self.cell(v) for v in given], dtype=object).reshape(len(given), 2)
        flags = read[:, 1]
        typed = read[:, 0].astype(np.float64)
        return Column(typed, flags == MISSING, flags == CORRUPT, None, flags == OUT_OF_RANGE)

    @property
    def written(self) -> str:
        return str(self.notation)

    def by_kernel(self, texts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        return notation.by_kernel(texts, self.notation)

    def finish(self, column: Column) -> Column:
        if self.codes:
            coded = np.isin(column.typed, self.codes)
            column.missing |= coded
            column.typed[coded] = np.nan
        with np.errstate(invalid="ignore"):
            column.out_of_range = (column.typed < self.low) | (column.typed > self.high)
        return column


class BooleanReader(Reader):
    """1.0 and 0.0. JSON's true and false, and the 1 and 0 of rows that are typed already, are understood where the table does
    not use these words otherwise."""

    def __init__(self, spec: Field) -> None:
        super().__init__(spec)
        true, false = ({cells.fold(v) for v in words} for words in (spec.true_values, spec.false_values))
        words = true | false
        self.true = true | ({"true", "1"} - words)
        self.false = false | ({"false", "0"} - words)

    def meaning(self, text: str) -> float | None:
        folded = cells.fold(text)
        if folded in self.true:
            return 1.0
        return 0.0 if folded in self.false else None


class DateReader(Reader):
    """Moments without a zone, in one of the field's formats, or ISO."""

    blank = dates.NAT
    dtype = "datetime64[us]"

    def __init__(self, spec: Field) -> None:
        super().__init__(spec)
        self.formats = dates.of_field(spec)
        # 9999-12-31 is missing however it is written
        codes = [dates.read(t, self.formats) for t in spec.missing_values]
        self.codes = [np.datetime64(c, "us") for c in codes if c is not None]
        self.low = None if spec.minimum is None else np.datetime64(spec.minimum, "us")
        self.high = None if spec.maximum is None else np.datetime64(spec.maximum, "us")

    def meaning(self, text: str) -> np.datetime64 | None:
        found = dates.read(text, self.formats)
        return None if found is None else np.datetime64(found, "us")

    def flag(self, value: np.datetime64) -> str:
        if value in self.codes:
            return MISSING
        if self.low is None or self.high is None:
            return ""
        return OUT_OF_RANGE if value < self.low or value > self.high else ""

    def column(self, values: pd.Series) -> Column:
        if values.dtype.kind != "M":
            return super().column(values)
        if values.dt.tz is not None:
            values = values.dt.tz_convert("UTC").dt.tz_localize(
                None
            )  # as `dates.read` does with a text that has an offset
        typed = values.to_numpy("datetime64[us]").copy()
        return self.finish(Column(typed, np.isnat(typed), np.zeros(len(typed), dtype=bool)))

    @property
    def written(self) -> str:
        return str(self.formats)

    def by_kernel(self, texts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        return dates.by_kernel(texts, self.formats)

    def finish(self, column: Column) -> Column:
        if self.codes:
            coded = np.isin(column.typed, np.array(self.codes))
            column.missing |= coded
            column.typed[coded] = dates.NAT
        if self.low is not None:
            with np.errstate(invalid="ignore"):
                column.out_of_range = (column.typed < self.low) | (column.typed > self.high)
        return column


class LabelReader(Reader):
    """Texts without outer blanks, a category in the contract's spelling."""

    dtype = object

    def __init__(self, spec: Field, is_target: bool = False) -> None:
        super().__init__(spec)
        self.known = {cells.level(v): v for v in spec.levels}
        self.known |= {cells.level(v): usual for v, usual in spec.spellings.items()}
        self.levels = frozenset(spec.levels)
        self.lists_levels = bool(spec.levels) and not is_target
        self.free = spec.type == "text" and not is_target

    def meaning(self, text: str) -> str | None:
        if self.free:
            return None if "\0" in text else text.strip()
        if cells.GARBLED.search(text):
            return None
        tidy = cells.tidy(text)
        return self.known.get(cells.level(tidy), tidy) if self.known else tidy

    def flag(self, value: str) -> str:
        return UNSEEN if self.lists_levels and value not in self.levels else ""

    def column(self, values: pd.Series) -> Column:
        codes, distinct = pd.factorize(as_text(values))
        texts = pd.Series(distinct, dtype="str")
        odd = ~self.plain(texts)
        absent, wrong, unseen = (np.zeros(len(texts), dtype=bool) for _ in range(3))
        read, absent[odd], wrong[odd] = self.read_all([str(t) for t in texts[odd].tolist()])
        unseen[odd] = [isinstance(v, str) and self.flag(v) == UNSEEN for v in read]
        if odd.all():
            texts = pd.Series(read, dtype="str")
        else:
            texts[odd] = pd.Series(read, dtype="str").to_numpy()
        # Arrow repeats the distinct texts, which is much faster than as many objects of Python
        return Column(texts.array.take(codes), absent[codes], wrong[codes], unseen[codes], None, (codes, texts))

    def plain(self, texts: pd.Series) -> np.ndarray:
        """Mask of texts that mean what they say, by Arrow: no blanks, quotes or zeros to tidy, nothing to look up."""
        if self.known or len(texts) < notation.KERNEL_FROM or not cells.has_arrow():
            return np.zeros(len(texts), dtype=bool)
        return cells.matches(texts, _TIDY) & ~cells.is_token(texts, self.tokens)


# one word or several, a blank between them; what may need tidying (quotes, 3.0) is left out
_TIDY = r"""^[^\s\pZ\x00\x{FFFD}"'.]+(?: [^\s\pZ\x00\x{FFFD}"'.]+)*$"""


def reader_of(spec: Field, task: str) -> Reader:
    """The reader of a field's cells."""
    if spec.role == "target" and task != "regression":
        return LabelReader(spec, is_target=True)
    if spec.is_number:
        return NumberReader(spec)
    if spec.is_date:
        return DateReader(spec)
    if spec.type == "boolean":
        return BooleanReader(spec)
    return LabelReader(spec)


# ---- cells of any origin ----------------------------------------------------------------------------------------------


def is_number(given: Any) -> bool:
    """Whether a cell came as a number, not as a text of one."""
    return isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool | np.bool_)


def as_float(given: Any) -> float:
    try:
        return float(given)
    except OverflowError:
        return float("inf")


def text_of(given: Any) -> str:
    """A cell of any origin as text, "" where missing; a whole float loses its ".0", so that 3.0 and "3" agree."""
    if isinstance(given, str):
        return given
    if given is None or given is pd.NaT or given is pd.NA:
        return ""
    if isinstance(given, float | np.floating):
        if np.isnan(given):
            return ""
        if float(given).is_integer() and abs(float(given)) < 1e15:
            return str(int(given))
    return str(given)


def as_text(values: pd.Series) -> pd.Series:
    """Cells of any origin as text, missing ones empty."""
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("")
    if values.dtype.kind == "M":
        if values.dt.tz is not None:
            values = values.dt.tz_convert("UTC")
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S.%f").fillna("").astype("str")
    return pd.Series([text_of(v) for v in values.tolist()], index=values.index, dtype="str")
