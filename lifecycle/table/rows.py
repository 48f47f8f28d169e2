"""Which rows are the same thing: a number for each row, made of the raw table's cells, decides its side of the split and its fold.

The cells are taken as they stand in the table, so that leaving a column out, or giving it another type or role, moves no
row. A row is its id, where the table has one; else all its cells together. Empty cells say nothing: a new column that is
empty in the old rows moves none of them, nor does another order of the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lifecycle.table.cells import matches
from lifecycle.table.read import SOURCE

if TYPE_CHECKING:
    from lifecycle.table.contract import Identity

ROW = "__row__"  # the number of a row, uint64, in data/clean.parquet, train.parquet and test.parquet
GROUP = "__group__"  # the same for all rows of one thing, where the table says which belong together
_HASH_KEY = "cookiecutter-ml."  # sixteen bytes; another key would move every row
# a list of its own, as one that grows would move rows
_EMPTY = ["", "?", "-", "--", ".", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "<na>", "nat", "missing", "\\n"]
BLOCK = 200_000  # cells whose hashes are made together: a column of a wide table by itself costs more than its cells
SEVERAL = 8  # columns, from which on it is worth it
# two blanks and more, or another one than that of a keyboard
_SPACED = r"  |[\t-\r\x1C-\x1F\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
_KIND = np.uint64(0x9E3779B97F4A7C15)


def row_keys(text: pd.DataFrame, identity: Identity) -> pd.DataFrame:
    """ROW, and GROUP where `identity` names one, of the rows of a raw table of text cells; uint64, shape (n, 1 or 2)."""
    every = [c for c in text if c != SOURCE]
    columns = [c for c in identity.columns or every if c in text]
    row = _cells_together(text, columns)
    nameless = row == 0
    if nameless.any():
        # what has no name stands for itself
        row[nameless] = _cells_together(text[nameless], [c for c in every if c not in columns])
    keys = {ROW: row}
    if identity.group:
        keys[GROUP] = _group(text, identity, row)
    return pd.DataFrame(keys, index=text.index)


def keys_of(frame: pd.DataFrame, scheme: str) -> np.ndarray:
    """The numbers under which rows of a clean table are the same thing: of the group, else of the row itself."""
    return frame[GROUP if scheme == "group" and GROUP in frame else ROW].to_numpy("uint64")


def shares(keys: np.ndarray, random_state: int) -> np.ndarray:
    """A number in [0, 1) for each key, shape (n,): the same on every machine, today and when the table has grown."""
    drawn = mixed(keys ^ mixed(np.full(1, random_state, dtype=np.uint64)))
    return (drawn >> np.uint64(11)).astype(float) / 2.0**53


def _group(text: pd.DataFrame, identity: Identity, row: np.ndarray) -> np.ndarray:
    """A row that does not say whose it is stands for itself."""
    if identity.group not in text:
        return row
    values = text[identity.group].fillna("")
    if identity.part:
        values = values.str.strip().str.extract(f"({identity.part})")[0].fillna(values)
    keys = _of_column(values, identity.group)
    return np.where(keys == 0, row, keys)


def _cells_together(text: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """The sum over the columns, so that neither their order nor an empty cell counts."""
    total = np.zeros(len(text), dtype=np.uint64)
    together = BLOCK // max(len(text), 1)
    if together < SEVERAL:
        together = 1
    for begin in range(0, len(columns), together):
        total += _of_columns(text, columns[begin : begin + together])
    return np.where(total == 0, total, mixed(total))


def _of_columns(text: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """The sum of the numbers of the cells of several columns; each text is looked at once."""
    are_texts = all(isinstance(text[column].dtype, pd.StringDtype) for column in columns)
    if len(columns) < 2 or not are_texts or not len(text):
        total = np.zeros(len(text), dtype=np.uint64)
        for column in columns:
            total += _of_column(text[column].fillna(""), column)
        return total
    cells = pd.concat([text[column] for column in columns], ignore_index=True).fillna("")
    codes, unique = pd.factorize(cells)
    plain = _plain(pd.Series(unique, dtype="str")).to_numpy(dtype=object)
    hashed = pd.util.hash_array(plain, hash_key=_HASH_KEY, categorize=False)
    named = pd.util.hash_array(np.array(columns, dtype=object), hash_key=_HASH_KEY, categorize=False)
    grid = codes.reshape(len(columns), len(text))
    found = mixed(hashed[grid] + (named * _KIND)[:, None])
    found[(plain == "")[grid]] = 0
    return np.asarray(found.sum(axis=0, dtype=np.uint64))


def _of_column(values: pd.Series, column: str) -> np.ndarray:
    """A number for each cell, 0 for an empty one; without case and outer blanks, and 3.0 is 3, as a table is exported anew."""
    codes, unique = pd.factorize(values)
    plain = _plain(pd.Series(unique, dtype="str")).to_numpy(dtype=object)
    if not len(plain):
        return np.zeros(len(values), dtype=np.uint64)
    # SipHash-2-4, which pandas keeps for this; tests hold its vector and some of our values
    named = pd.util.hash_array(np.array([column], dtype=object), hash_key=_HASH_KEY, categorize=False)
    hashed = mixed(pd.util.hash_array(plain, hash_key=_HASH_KEY, categorize=False) + named * _KIND)
    return np.where(plain == "", np.uint64(0), hashed)[codes]


def _plain(texts: pd.Series) -> pd.Series:
    """By Arrow on all at once: a table of measures has as many texts as cells."""
    plain = texts.str.strip().str.lower()
    whole = plain.str.endswith("0").to_numpy(bool) & plain.str.contains(".0", regex=False).to_numpy(bool)
    if whole.any():
        plain[whole] = plain[whole].str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)
    spaced = matches(plain, _SPACED)
    if spaced.any():
        plain[spaced] = plain[spaced].str.replace(r"\s+", " ", regex=True)
    return plain.mask(plain.isin(_EMPTY), "")


def mixed(keys: np.ndarray) -> np.ndarray:
    """The last step of SplitMix64 (Steele, Lea, Flood 2014): each bit of the result hangs on each bit of the key."""
    out = keys + _KIND
    out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return out ^ (out >> np.uint64(31))
