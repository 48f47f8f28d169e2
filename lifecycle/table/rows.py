"""Which rows are the same thing: a hash of a row's identity decides its side of the split and its fold.

Identity is the group column where rows are split by group, else the id column, else all features together, so that
exact copies never stand on both sides.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table.conform import used_fields
from lifecycle.table.read import SOURCE


def identity_columns(contract: dict[str, Any], scheme: str) -> list[str]:
    """The columns whose values say which thing a row is."""
    for role in ("group",) if scheme == "group" else ("id",):
        named = [f["name"] for f in used_fields(contract, (role,))]
        if named:
            return named
    return [f["name"] for f in used_fields(contract, ("feature", "time", "group"))]


def identities(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """One text a row, shape (n,); the same text for the same thing, whatever else is in the table."""
    texts = [_text(frame[c]) for c in columns]
    out = np.array(
        texts[0] if len(texts) == 1 else ["\x1f".join(cells) for cells in zip(*texts, strict=True)], dtype=object
    )
    # rows that do not say whose they are do not belong together: each stands for itself
    nobody = frame[columns].isna().all(axis=1).to_numpy()
    rest = [c for c in frame if c not in columns and c != SOURCE]
    if nobody.any() and rest:
        out[nobody] = identities(frame.loc[nobody, rest], rest)
    return out


def shares(texts: np.ndarray, seed: int) -> np.ndarray:
    """A number in [0, 1) for each text, shape (n,): the same on every machine, today and when the table has grown."""
    key = str(seed).encode()
    codes, unique = pd.factorize(texts)
    drawn = [int.from_bytes(blake2b(t.encode(), digest_size=8, key=key).digest(), "big") >> 11 for t in unique]
    return np.array(drawn, dtype=float)[codes] / 2.0**53


def _text(values: pd.Series) -> list[str]:
    codes, unique = pd.factorize(values)
    texts = [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in unique] + [""]
    return [texts[c] for c in codes]
