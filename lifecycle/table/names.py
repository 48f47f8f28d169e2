"""Names of columns: tidied, told apart, kept clear of the names that the house takes, and matched between files.

Only the standard library: the generation hook carries a copy.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from lifecycle.ground.errors import UserError, visible

SOURCE = "__source__"  # the column that says where a row came from: "bakes.csv:17"
# names that the house gives to columns of its own beside the table's: `__p_0__` is the probability of the first class
RESERVED = re.compile(r"__(source|row|group|id|time|version|flags|answer|p_\d+)__")
# no eye sees them, and no keyboard types them
_INVISIBLE = re.compile("[\0\u00ad\u180e\u200b\u2060\ufeff]")
_DEBRIS = re.compile(r"[\s,;|^\t]*")


def tidy_name(text: str) -> str:
    """A name as params.yaml can say it: composed letters, single blanks, nothing invisible, escape codes written out."""
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = " ".join(text.split())
    return "" if _DEBRIS.fullmatch(text) else visible(text)


def name_key(name: str) -> str:
    """Names of one key are one column in several files: case and the width of letters say nothing."""
    return unicodedata.normalize("NFKC", name).casefold()


def unique_names(file: str, header: list[str]) -> tuple[list[str], list[str]]:
    """(a name of its own for each column, what had to be changed); `header`: the cells as they stand in the file."""
    tidy = [tidy_name(name) for name in header]
    names: dict[str, None] = {}
    given = set(tidy)
    notes: list[str] = []
    for position, name in enumerate(tidy, 1):
        new = name or f"unnamed_{position}"
        if RESERVED.fullmatch(new):
            new = unreserved(new)
            notes.append(f'{file}: "{name}" is a name that this project gives itself; the column is read as "{new}"')
        wanted, count = new, 1
        while new in names or (count > 1 and new in given):
            count += 1
            new = f"{wanted}_{count}"
        if name and count > 1:
            spelt = "twice" if header[position - 1] in header[: position - 1] else "twice, in two codings"
            notes.append(
                f'{file} has the column name "{name}" {spelt}; the one in column {position} is read as "{new}"'
            )
        names[new] = None
    return list(names), notes + _twins(file, list(names))


def unreserved(name: str) -> str:
    """What a column is called that has a name of the house's own."""
    return f"{name.strip('_')}_column"


def _twins(file: str, names: list[str]) -> list[str]:
    """Sentences on names that look alike and are not."""
    first: dict[str, int] = {}
    notes = []
    for position, name in enumerate(names, 1):
        key = unicodedata.normalize("NFKC", name)
        if key in first:
            one, other = first[key], position
            notes.append(
                f'{file} has two column names that look alike, "{names[one - 1]}" in column {one} and "{name}" '
                f"({ascii(name)[1:-1]}) in column {other}; they are two columns"
            )
        first.setdefault(key, position)
    return notes


@dataclass
class Union:
    """The columns of several files: `names` in order; `columns`: for each file, which of its columns each of them is."""

    names: list[str]
    columns: list[list[int | None]]
    notes: list[str] = field(default_factory=list)


def united(files: list[tuple[str, list[str]]], was: dict[str, list[str]], expected: Sequence[str] = ()) -> Union:
    """Every column that any file has. `files`: (name, columns); `was`: earlier names of a column, from params.yaml;
    `expected`: what the contract calls them.

    One file's own names are never joined: only a name that another file has is looked for without case.
    """
    meant = {old: name for name, earlier in was.items() for old in earlier}
    union: dict[str, None] = dict.fromkeys(expected)
    by_key: dict[str, list[str]] = {}
    for name in union:
        by_key.setdefault(name_key(name), []).append(name)
    places: list[dict[str, int]] = []
    notes: list[str] = []
    for file, names in files:
        own, place = set(names), dict[str, int]()
        for position, name in enumerate(names):
            joined = meant.get(name) or _joined(name, own, union, by_key)
            if joined in place:
                raise UserError(
                    f'{file} has both "{names[place[joined]]}" and "{name}", which params.yaml: columns.{joined}.was makes one '
                    "column; take one of them out"
                )
            if joined != name and len(files) > 1:
                notes.append(f'{file} writes "{name}" where the column is called "{joined}"; read as one column')
            elif joined != name:
                notes.append(f'{file}: "{name}" is read as "{joined}"')
            place[joined] = position
        for name in place:
            if name not in union:
                union[name] = None
                by_key.setdefault(name_key(name), []).append(name)
        places.append(place)
    order = [name for name in union if any(name in place for place in places)]
    columns = [[place.get(name) for name in order] for place in places]
    for at, name in enumerate(order):
        lacking = [file for (file, _), c in zip(files, columns, strict=True) if c[at] is None]
        if lacking:
            there = len(files) - len(lacking)
            more = ", ..." if len(lacking) > 3 else ""
            notes.append(
                f'"{name}" is in {there} of {len(files)} files; missing in {", ".join(lacking[:3])}{more} '
                f"(renamed? params.yaml: columns: {{{name}: {{was: [its other name]}}}})"
            )
    return Union(order, columns, notes)


def _joined(name: str, own: set[str], union: dict[str, None], by_key: dict[str, list[str]]) -> str:
    """The column that `name` is in the union; `own`: all names of its file."""
    if name in union:
        return name
    if RESERVED.fullmatch(name) and unreserved(name) in union and unreserved(name) not in own:
        return unreserved(name)
    alike = [other for other in by_key.get(name_key(name), []) if other not in own]
    return alike[0] if len(alike) == 1 else name
