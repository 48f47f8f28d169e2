"""Where the line of column names stands: below titles and comments, above a second line of names or units.

Only the standard library: the generation hook carries a copy. It looks at records, whatever file they come from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lifecycle.ground.errors import UserError
from lifecycle.table.records import Record

SAMPLE = 300  # records that the header is judged by
_DEEP = 40  # records among the first of which the header is looked for
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d+)?|[.,]\d+)(e[-+]?\d+)?\s*$", re.IGNORECASE)
# what may be typed: a number with marks, currency or unit, a date, a clock
_TYPED = re.compile(
    r"\s*[^\w\s]{0,3}\s*\(?[-+]?[\d.,:/' \u00a0\u2009\u202f’-]*\d[\d.,:/'TZ+ \u00a0\u2009\u202f’-]*\)?\s*[%°€$£a-zA-Z]{0,4}\s*$"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
# a column of names: rows that begin with them need no others
_NAMING = re.compile(
    r"(?:.*[\W_])?(?:names?|id|key|code|label|title|country|city|state|region)|nom|nome|nombre|naam|nazwa|namn|navn|nimi|land|ort|stadt"
    r"|ville|pays|pa[ií]s|ciudad|имя|название|名前|名称|이름",
    re.IGNORECASE,
)
_ABSENT = frozenset(["", "?", "na", "n/a", "nan", "null", "none", "-", "--", ".", "missing"])
_COMMENT = re.compile(r"\s*(#|//|%|--\s|!)")


@dataclass
class Header:
    """`cells`: the names as they stand; `after`: index of the line below; `aside`: (record, reason) that are no rows."""

    cells: list[str]
    line: int
    after: int
    lines: list[int] = field(default_factory=list)  # that the names stand on
    labels: list[str] = field(default_factory=list)  # the second line's, where it is not part of the names
    rows_are_named: bool = False  # by a first cell that has no name in the header
    aside: list[tuple[Record, str]] = field(default_factory=list)


def find_header(path: object, found: list[Record], wanted: Sequence[str] = ()) -> Header:
    """`found`: the first records of a table, blank lines left out; `wanted`: names that params.yaml or the contract knows.
    UserError where the first line looks like a row."""
    table = [r for r in found[:SAMPLE] if r.cells is not None]
    commented = _comments(table)
    aside: list[tuple[Record, str]] = [(r, "a comment line above the header") for r in table[:commented]]
    table = table[commented:]
    if not table:
        raise UserError(f"{path} has comments and no table; put a line of column names below them, then the rows")
    usual = _usual([len(r.cells or []) for r in table])
    at = _names_at(table, usual)
    if not set(wanted) & _stripped(table[at]):
        at = _below_letters(table, at)
    at = _named_as_wanted(table, at, usual, wanted)
    names = table[at]
    group = table[at - 1] if at and _is_group(table[at - 1], names) else None
    titles = table[: at - 1] if group else table[:at]
    aside += [(r, "a title line above the header") for r in titles]
    out = Header(list(names.cells or []), names.line, names.end, [names.line], aside=aside)
    if at == 0 and out.cells[0].lstrip().startswith("#"):
        out.cells[0] = out.cells[0].lstrip().lstrip("#")
    if group:
        out.cells = _combined(group.cells or [], out.cells)
        out.lines.insert(0, group.line)
    below = table[at + 1 :]
    taken = _take_second(out, below, usual)
    sample = [r.cells for r in below[taken:] if r.cells and len(r.cells) == usual and r.cells != out.cells]
    short = len(out.cells)
    out.cells = _as_wide(out, sample, usual)
    out.rows_are_named = short == usual - 1 and out.cells[0] == ""
    if sample and looks_like_data(out.cells, sample):
        shown = ", ".join(cell.strip() for cell in out.cells[:4])
        raise UserError(
            f"{path}:{names.line} looks like a row of data, not column names (its first cells: {shown}); "
            "add a line of column names at the top"
        )
    return out


def _comments(table: list[Record]) -> int:
    """How many records at the top are comments. Of `#a,b` above rows of two cells the last is the header."""
    count = 0
    while count < len(table) and (table[count].cells or [""]) and _COMMENT.match((table[count].cells or [""])[0]):
        count += 1
    below = table[count:]
    if not count or not below:
        return count
    usual = _usual([len(r.cells or []) for r in below])
    last = table[count - 1].cells or []
    rows = [list(r.cells or []) for r in below if len(r.cells or []) == usual]
    named = len(last) == usual > 1 and not any(_NUMBER.match(cell) for cell in last)
    return count - 1 if named and looks_like_data(rows[0], rows[1:]) else count


def _names_at(table: list[Record], usual: int) -> int:
    """Index of the record that names the columns: the first that is as wide, and as full, as the rows are."""
    widths = [len(r.cells or []) for r in table]
    full = sorted(_filled(r) for r in table if len(r.cells or []) == usual)
    least = max(1 if usual < 3 else 2, 0.6 * full[len(full) // 2])
    for at, r in enumerate(table[:_DEEP]):
        wide = widths[at] == usual or (at == 0 and widths[at] > usual)
        if not wide and widths[at] > 1:
            wide = _is_narrower(table[at + 1 :], widths[at], usual)
        if at and not _filled(r):
            continue  # below a title, a line of empty cells names nothing
        if usual == 2 and _leaves_out_the_first(table, at):
            return at
        if wide and (_filled(r) >= least or (usual == 2 and not _is_title(table, at))):
            return _above_data(table, at)
    return 0


def _below_letters(table: list[Record], at: int) -> int:
    """`at`, or the line below it where it has but the letters of a sheet's columns, A, B, C, D."""
    letters = [cell.strip() for cell in table[at].cells or []]
    if len(letters) < 4 or letters != [chr(ord("A") + k) for k in range(len(letters))] or len(table) < at + 4:
        return at
    below = [cell.strip() for cell in table[at + 1].cells or []]
    named = len(below) == len(letters) == len(set(below)) and all(below) and not any(map(_NUMBER.match, below))
    rows = [r.cells for r in table[at + 2 :] if r.cells and len(r.cells) == len(letters)]
    numeric = any(not _has_words(k, rows) for k in range(len(letters)))
    return at + 1 if named and numeric and not looks_like_data(below, rows) else at


def _named_as_wanted(table: list[Record], at: int, usual: int, wanted: Sequence[str]) -> int:
    """`at`, unless the line there holds none of the names that are known, and one further down does: an instrument writes lines of
    as many cells as its rows have above them. A second line below names is none such."""
    names = set(wanted)
    if not names or names & _stripped(table[at]):
        return at
    first = [cell.strip() for cell in table[at].cells or []]
    is_whole = all(first) and not any(_TYPED.match(cell) for cell in first)
    for later in range(at + 1, min(len(table), _DEEP)):
        cells = [cell.strip() for cell in table[later].cells or []]
        if len(cells) != usual or not names & set(cells) or not all(cells) or len(set(cells)) < usual:
            continue
        between = table[at:later]
        beside = is_whole and all(len(r.cells or []) == usual for r in between)
        rows = [r.cells for r in table[later + 1 :] if r.cells and len(r.cells) == usual]
        if beside or any(_NUMBER.match(cell) for cell in cells) or len(rows) < 3 or looks_like_data(cells, rows):
            continue
        return later
    return at


def _stripped(r: Record) -> set[str]:
    return {cell.strip() for cell in r.cells or []}


def _leaves_out_the_first(table: list[Record], at: int) -> bool:
    """Whether of two columns the second alone is named, right above rows: what stands below it is a value, and no name."""
    cells = table[at].cells or []
    below = [r.cells[1].strip() for r in table[at + 1 :] if r.cells and len(r.cells) == 2]
    if len(cells) != 2 or cells[0].strip() or not cells[1].strip() or len(below) < 3:
        return False
    first, others = below[0], below[1:]
    if 2 * sum(bool(_TYPED.match(one)) for one in others) <= len(others):
        return first in others
    years = [bool(_YEAR.fullmatch(one)) for one in below]
    return not first or bool(_TYPED.match(first) and (not years[0] or all(years)))


def _is_narrower(below: list[Record], width: int, usual: int) -> bool:
    """Whether so few names belong to rows of `usual` cells: these end in empty ones, or begin with the row's name."""
    rows = [r.cells for r in below if r.cells and len(r.cells) == usual]
    if _rest_is_empty(below, width, usual):
        return True
    return width == usual - 1 and len(rows) > 1 and looks_like_data(rows[0], rows[1:])


def _is_title(table: list[Record], at: int) -> bool:
    """Of two columns, whether one filled cell is a title: the names stand below it."""
    rows = [r.cells for r in table[at + 1 :] if r.cells and len(r.cells) == 2]
    return len(rows) > 2 and all(map(str.strip, rows[0])) and not looks_like_data(rows[0], rows[1:])


def _above_data(table: list[Record], at: int) -> int:
    """`at`, unless that is a row of data: the names above it are then few, but names."""
    rows = [r.cells for r in table[at:] if r.cells]
    if at and len(rows) > 2 and looks_like_data(rows[0], rows[1:]) and _filled(table[at - 1]) > 1:
        return at - 1
    return at


def _rest_is_empty(rows: list[Record], width: int, usual: int) -> bool:
    wide = [r.cells or [] for r in rows if len(r.cells or []) == usual]
    return width < usual and bool(wide) and not any(cell.strip() for row in wide for cell in row[width:])


def _is_group(above: Record, names: Record) -> bool:
    """Whether the line above holds heads over several columns each, as merged cells are written: `,2023,,2024,`."""
    cells = above.cells or []
    heads = [cell.strip() for cell in cells if cell.strip()]
    if len(heads) < 2 or len(cells) != len(names.cells or []):
        return False
    below = [cell.strip() for cell in names.cells or [] if cell.strip()]
    return not cells[0].strip() or len(set(below)) < len(below)


def _combined(heads: list[str], names: list[str]) -> list[str]:
    """`2023` over `units` and `price` gives `2023 units`, `2023 price`."""
    out, head = [], ""
    for above, name in zip(heads, names, strict=False):
        head = above.strip() or head
        joined = f"{head} {name.strip()}".strip()
        out.append(joined)
    return out + names[len(heads) :]


def _take_second(out: Header, below: list[Record], usual: int) -> int:
    """Set aside up to two lines below the names that are words where all rows have numbers or dates; how many."""
    for taken in range(2):
        cells = below[taken].cells if len(below) > taken + 5 else None
        rows = [r.cells or [] for r in below[taken + 1 :]]
        if not cells or not (
            is_second(cells, rows, usual)
            or _numbers_columns(cells, rows, usual)
            or _names_choices(out.cells, cells, rows, usual)
        ):
            return taken
        second = [cell.strip() for cell in cells]
        if len(out.lines) == 1 and (_repeats(out.cells) or (_repeats(second) and _spans(out.cells, second))):
            out.cells = _combined(out.cells, second)  # heads over several columns: the names are both lines together
            out.lines.append(below[taken].line)
        else:
            out.labels = out.labels or second
            out.aside.append((below[taken], "a second line of names or units below the header"))
            out.cells = [name if name.strip() else label for name, label in zip(out.cells, second, strict=False)]
        out.after = below[taken].end
    return 2


def _repeats(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(set(filled)) < len(filled)


def _spans(heads: list[str], names: list[str]) -> bool:
    """Whether a head stands over names beside it too, as merged cells are written: `2022,,2023,`."""
    return any(not head.strip() and name for head, name in zip(heads[1:], names[1:], strict=False))


def _numbers_columns(cells: list[str], rows: list[list[str]], usual: int) -> bool:
    """Whether the line counts the columns, as statistical offices have it below the names: 1, 2, 3 or (1), (2), (3); in some column
    the rows have words. It may leave the first columns out."""
    rows = [row for row in rows if len(row) == usual]
    counted = [(at, found[1]) for at, cell in enumerate(cells) if (found := _COUNTED.fullmatch(cell.strip()))]
    filled = [at for at, cell in enumerate(cells) if cell.strip()]
    if len(cells) != usual or len(rows) < 5 or len(counted) < 3 or len(counted) != len(filled):
        return False
    if [int(number) for _, number in counted] != list(range(1, len(counted) + 1)) or filled[-1] != usual - 1:
        return False
    bracketed = not any(cells[at].strip().isdigit() or _has_brackets(at, rows) for at, _ in counted)
    return bracketed or any(_has_words(at, rows) for at, _ in counted)


def _has_brackets(at: int, rows: list[list[str]]) -> bool:
    """As amounts below zero have them."""
    return any(row[at].strip().startswith(("(", "[")) for row in rows)


_COUNTED = re.compile(r"[(\[]?(\d{1,3})[)\].]?")


def _has_words(at: int, rows: list[list[str]]) -> bool:
    column = [row[at].strip() for row in rows if row[at].strip()]
    return sum(bool(_TYPED.match(value)) for value in column) < 0.1 * len(column)


def _names_choices(heads: list[str], cells: list[str], rows: list[list[str]], usual: int) -> bool:
    """Whether `cells` name the choices of a question that stands over several columns, each of which holds its name or nothing, as
    survey tools write them: `Which do you use?,,` above `Phone,Mail,Chat`. Where the rows have numbers they have none."""
    rows = [row for row in rows if len(row) == usual]
    if (
        len(cells) != usual
        or len(heads) != usual
        or len(rows) < 5
        or not _spans(heads, [cell.strip() for cell in cells])
    ):
        return False
    for at, cell in enumerate(cells):
        text = cell.strip()
        column = {row[at].strip() for row in rows} - {""}
        if not text:
            continue
        numbers = sum(bool(_TYPED.match(value)) for value in column) > 0.5 * len(column)
        if _NUMBER.match(text) or (not heads[at].strip() and not numbers and not column <= {text}):
            return False
        if not heads[at].strip() and all(row[at].strip() for row in rows):
            return False  # no choice is everybody's
        if heads[at].strip() and not numbers and text in column and column != {text}:
            return False
    # it says nothing where each row says something
    left_out = [at for at, cell in enumerate(cells) if not cell.strip()]
    return any(all(row[at].strip() for row in rows) for at in left_out)


def is_second(cells: list[str], rows: list[list[str]], usual: int) -> bool:
    """Whether `cells`, right below the names, are names or units too: words where the rows have numbers and dates."""
    rows = [row for row in rows if len(row) == usual]
    if len(cells) != usual or len(rows) < 5:
        return False
    words = 0
    new_texts = True
    for at, cell in enumerate(cells):
        text = cell.strip()
        if text.casefold() in _ABSENT:
            continue
        column = [value for value in (row[at].strip() for row in rows) if value.casefold() not in _ABSENT]
        if sum(bool(_TYPED.match(value)) for value in column) >= 0.9 * len(column) > 0:
            if text in column or (_TYPED.match(text) and any(c.isdigit() for c in text)):
                return False  # a value: most tables show it in their first columns
            words += 1
        else:
            new_texts &= text not in column
    return words >= 2 or (words == 1 and new_texts)


def _as_wide(out: Header, sample: list[list[str]], usual: int) -> list[str]:
    """The names, one for each cell of the rows: a delimiter at each row's end, or R's names of rows, add one."""
    cells = list(out.cells)
    missing = usual - len(cells)
    if missing <= 0 or not sample:
        return cells
    if not any(cell.strip() for row in sample for cell in row[len(cells) :]):
        return cells + [""] * missing
    first = [row[0].strip() for row in sample]
    if missing == 1 and len(first) > 2 and (_counts(first[:20]) or _are_named(cells, sample)):
        return ["", *cells]
    return cells


def _are_named(names: list[str], rows: list[list[str]]) -> bool:
    """Whether each row begins with another word, as R names rows: Aberdeen, Angus, ...; and no comma within a text or a number, and
    no remark at some rows' ends, makes up the cell that has no name."""
    first = [row[0].strip() for row in rows]
    if len(set(first)) < len(first) or any(text == "" or _TYPED.match(text) for text in first):
        return False
    remarks = 2 * sum(bool(row[-1].strip()) for row in rows) <= len(rows)
    blank = any(row[1].startswith(" ") for row in rows) and not any(name.startswith(" ") for name in names[1:])
    cents = any(_ends_a_number(row) for row in rows)
    return not (remarks or blank or cents or _NAMING.fullmatch(names[0].strip()))


def _ends_a_number(cells: list[str]) -> bool:
    """Whether a cell is what stands behind a decimal comma: `05` behind `20`."""
    return any(re.fullmatch(r"0\d+", b) and re.fullmatch(r"-?\d+", a) for a, b in zip(cells, cells[1:], strict=False))


def _counts(texts: list[str]) -> bool:
    if not all(text.isdecimal() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def looks_like_data(header: list[str], sample: list[list[str]]) -> bool:
    """Whether the first line is a row: it holds numbers where the rows do, or values that the rows repeat."""
    numbers = [float(h.replace(",", ".")) for h in header if _NUMBER.match(h)]
    years = all(1900 <= n < 2100 and n == int(n) for n in numbers)
    # 0, 1, 2 ... or wavelengths: columns named by where they stand
    axis = numbers == sorted(set(numbers)) and (numbers == [*range(len(numbers))] or len(numbers) >= 5)
    if len(numbers) >= max(1, 0.3 * len(header)) and not years and not axis:
        return True
    named = [i for i, h in enumerate(header) if h]
    repeated = sum(header[i].strip() in {row[i].strip() for row in sample if len(row) > i} for i in named)
    return len(named) > 1 and repeated >= max(2, 0.5 * len(named))


def _usual(widths: list[int]) -> int:
    """The number of cells that most have; of two that are as usual, the larger."""
    return max(widths, key=lambda width: (widths.count(width), width))


def _filled(r: Record) -> int:
    return sum(bool(cell.strip()) for cell in r.cells or [])
